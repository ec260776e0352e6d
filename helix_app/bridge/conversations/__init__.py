"""Kept conversations, attachments and prompts that are counted, on threads of their own."""
