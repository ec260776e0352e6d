"""The decoder where the host must not wait: DirectML, CUDA graphs."""
