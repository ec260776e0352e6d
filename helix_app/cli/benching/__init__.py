"""`bench`, and the programs that it starts to measure them."""
