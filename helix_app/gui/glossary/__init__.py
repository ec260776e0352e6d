"""What the words of the window mean: each tooltip and each page of F1 is made from these terms."""
