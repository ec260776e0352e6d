"""The official client of OpenAI."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.later import Later
from tests.server.fakes import Running

openai = Later("openai")


@pytest.fixture
def client(server: Running) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=f"{server.url}/v1", api_key="none", max_retries=0, timeout=60) as made:
        yield made
