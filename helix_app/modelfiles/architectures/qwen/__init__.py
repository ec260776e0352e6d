"""Qwen2 to Qwen3.5 and Qwen3-Next, dense and as mixtures of experts."""
