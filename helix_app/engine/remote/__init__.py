"""A server that speaks OpenAI's API as an engine. Nothing here knows torch."""
