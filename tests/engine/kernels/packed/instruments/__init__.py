"""One product, and rows that a job negates."""
