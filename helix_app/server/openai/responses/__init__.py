"""OpenAI's ``/v1/responses``: answers made of items, which a later request may follow on."""
