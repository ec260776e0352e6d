"""Conversations that are kept, in one SQLite file."""
