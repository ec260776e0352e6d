"""Layers that draft from the hidden states of a target."""
