"""What a conversation changes of prompt and sampling, and presets of that."""
