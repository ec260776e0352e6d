"""Drafts on the target's own cache: its layer for it, a head made for it, itself in fewer bits."""
