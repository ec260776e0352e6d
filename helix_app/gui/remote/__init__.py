"""A server as the engine: where it is chosen."""
