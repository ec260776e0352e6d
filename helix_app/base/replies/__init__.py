"""What stands in a reply's text: reasoning and calls of tools."""
