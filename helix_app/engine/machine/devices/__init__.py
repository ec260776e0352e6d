"""Devices: which there are, their memory's owner, their errors and their attention."""
