"""Random models on disk, whole or a part of one, and what is asked of them."""
