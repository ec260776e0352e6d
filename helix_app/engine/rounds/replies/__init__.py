"""One reply: its state, its judgement, its text and its events."""
