"""The official client of Anthropic."""

from __future__ import annotations

from collections.abc import Iterator

import anthropic
import pytest

from tests.server.fakes import Running


@pytest.fixture
def client(server: Running) -> Iterator[anthropic.Anthropic]:
    with anthropic.Anthropic(base_url=server.url, api_key="none", max_retries=0, timeout=60) as made:
        yield made
