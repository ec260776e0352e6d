"""The frame's bars: toolbar, status, context."""
