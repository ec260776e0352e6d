"""Tokenizers of GGUF files, made of their own vocabulary."""
