"""The local API over the window's engine."""
