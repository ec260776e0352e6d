"""Memory of this computer, and whether a draft on auto leaves enough of it."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from helix_app.engine.loading import drafts
from helix_app.engine.machine import memory


def test_free_memory_is_a_part_of_all() -> None:
    total, free = memory.total_memory(), memory.free_memory()
    if not sys.platform.startswith("linux"):
        pytest.skip("Linux says both")
    assert total is not None
    assert free is not None
    assert 0 < free < total


@pytest.mark.parametrize("text", ["", "MemAvailable:", "MemAvailable: much kB", "MemFree: 12 kB"])
def test_a_system_that_does_not_say_is_unknown(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setattr(memory.sys, "platform", "linux")
    monkeypatch.setattr(Path, "read_text", lambda self, **_: text)
    assert memory.free_memory() is None


@pytest.mark.parametrize(("free", "fits"), [(None, True), (10**9, True), (4 * 70 * 10**6, False), (10**6, False)])
def test_a_copy_takes_a_small_part_of_what_is_free(
    monkeypatch: pytest.MonkeyPatch, free: int | None, fits: bool
) -> None:
    monkeypatch.setattr(drafts, "free_memory", lambda: free)
    assert drafts._room_for_copy(100 * 10**6) is fits
