"""Dialogs about models: fit, pairs, servers elsewhere."""
