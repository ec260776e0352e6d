"""Starts Helix on a computer without Python: finds the card, has ``uv`` make an environment for it, keeps it whole."""
