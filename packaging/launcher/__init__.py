"""Starts Helix on a computer that has no Python: finds the card, makes an environment for it with ``uv``, keeps it whole."""
