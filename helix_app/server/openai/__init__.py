"""The routes of OpenAI's API that programs expect of a local server."""
