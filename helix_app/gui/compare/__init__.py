"""The compare page: one prompt, two arms, replayed on one clock."""
