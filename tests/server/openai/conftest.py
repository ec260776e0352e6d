"""The official client of OpenAI."""

from __future__ import annotations

from collections.abc import Iterator

import openai
import pytest

from tests.server.fakes import Running


@pytest.fixture
def client(server: Running) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=f"{server.url}/v1", api_key="none", max_retries=0, timeout=60) as made:
        yield made
