"""A tiny model behind the server: in this process, and in a child that is killed in the middle."""
