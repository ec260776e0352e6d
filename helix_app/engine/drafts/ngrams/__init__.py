"""Drafts without a model: from the text itself, and from tables of what a model wrote before."""
