"""The kinds of models that Helix runs, a file a family."""
