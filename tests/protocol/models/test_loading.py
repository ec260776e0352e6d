"""What is told of loading travels, and what nobody knows is None."""

from __future__ import annotations

from dataclasses import asdict
from typing import get_args

import pytest

from helix_app.protocol.events import Event
from helix_app.protocol.models import loading
from helix_app.protocol.models.loading import DevicesFound, LoadProgress, MemoryUse
from helix_app.protocol.requests import DeviceItem
from tests.engine.host.fake_engines import model_ready
from tests.protocol.borders import check_plain, check_travels, records


@pytest.mark.parametrize("kind", records(loading))
def test_what_is_told_of_loading_is_plain_and_travels(kind: type) -> None:
    check_plain(kind)
    check_travels(kind)


def test_all_of_it_is_known_as_events() -> None:
    assert set(records(loading)) <= set(get_args(Event))


def test_what_is_not_known_is_none_and_no_zero() -> None:
    assert set(asdict(MemoryUse()).values()) == {None}
    assert LoadProgress("weights").fraction is None
    assert model_ready("m").memory is None


def test_no_block_bytes_and_no_limit_but_the_model_s_unless_they_are_told() -> None:
    ready = model_ready("m")
    assert (ready.target_block_bytes, ready.draft_block_bytes, ready.context_limit) == (0, 0, "model")
    assert not ready.exact_rows  # nothing is promised that nobody said


def test_devices_keep_their_order() -> None:
    cards = tuple(DeviceItem(f"cuda:{n}", "cuda", f"Card {n}") for n in (1, 0))
    assert DevicesFound(cards).devices == cards
    assert DevicesFound(cards) != DevicesFound(cards[::-1])


def test_no_reasoning_is_promised_that_nobody_said() -> None:
    ready = model_ready("m")
    assert (ready.thinking, ready.thinking_switch) == (("", ""), "")
    assert (ready.thinking_opens, ready.thinking_opens_when) == (False, (False, False))
