"""The sentences of messages, by what they are about, and how their fields are filled."""
