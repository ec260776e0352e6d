"""Conversations as they are kept, their attachments and their prompts."""
