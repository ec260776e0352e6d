"""QtCore only: the engine on a QThread, controllers, event coalescing."""
