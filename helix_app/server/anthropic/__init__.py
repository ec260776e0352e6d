"""The routes of Anthropic's API: messages, and how many tokens they are."""
