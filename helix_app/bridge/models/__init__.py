"""Models for the window: those on this computer and of the hub, downloads, and servers that have some."""
