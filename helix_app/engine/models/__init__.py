"""One decoder, driven by a config, and its weights."""
