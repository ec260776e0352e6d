"""`models` and its subcommands."""
