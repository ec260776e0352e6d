"""The official client of Anthropic."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.later import Later
from tests.server.fakes import Running

anthropic = Later("anthropic")


@pytest.fixture
def client(server: Running) -> Iterator[anthropic.Anthropic]:
    with anthropic.Anthropic(base_url=server.url, api_key="none", max_retries=0, timeout=60) as made:
        yield made
