"""A model's tensors: their names by role, how they are read and kept."""
