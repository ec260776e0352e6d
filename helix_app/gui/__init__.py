"""Widgets, plots, dialogs and themes. Knows events, never the engine."""
