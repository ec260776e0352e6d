"""A decoder on the file's own blocks, and its linear layers."""
