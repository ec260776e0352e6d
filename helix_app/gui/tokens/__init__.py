"""Tokens of a reply with the marks of their origins, in the chat and in the inspector."""
