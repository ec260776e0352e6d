"""The live dock: plots of the engine's rounds and the map of its cache."""
