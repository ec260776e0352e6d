"""The kinds of models that Helix runs, a file a family, a folder where that has several."""
