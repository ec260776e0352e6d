"""Whether a model fits: what it, its cache and its draft take."""
