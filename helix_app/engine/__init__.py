"""The speculative decoding engine. Importing this package alone does not import torch."""
