"""Making drafts: data from the model itself, and what is learnt from it."""
