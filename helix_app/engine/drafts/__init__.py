"""What proposes tokens: one file a kind of draft."""
