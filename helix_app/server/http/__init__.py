"""What is HTTP: the form of errors, fields of bodies, streams."""
