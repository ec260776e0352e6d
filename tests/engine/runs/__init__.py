"""Runners and sessions of tiny models, for one reply and for crowds."""
