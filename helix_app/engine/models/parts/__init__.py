"""The halves of a layer of the dense decoder: what mixes tokens, and what follows it."""
