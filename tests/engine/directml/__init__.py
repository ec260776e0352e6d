"""A DirectML device that is simulated, and the engine on it."""
