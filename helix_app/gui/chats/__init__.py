"""Conversations that are kept: what is open, what is being written, and the list beside the chat."""
