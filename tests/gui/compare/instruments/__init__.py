"""A person at the compare page, and its views."""
