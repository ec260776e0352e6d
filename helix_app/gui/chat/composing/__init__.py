"""The composer: text, attachments, unsent drafts and their count of tokens."""
