"""The pool of blocks: whose they are, which are free, which prefix they hold; and of states."""
