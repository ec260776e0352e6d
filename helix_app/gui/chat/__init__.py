"""The conversation: messages, Markdown blocks, code and the composer."""
