"""Which model suits a computer: the largest that fits and that writes as fast as people read."""

from __future__ import annotations

from dataclasses import replace

import pytest

from helix_app.gui.models.suggestion import REACHED, UNPACKED, room, speed_of, suggestion, too_large
from helix_app.hub.store import catalog_items
from helix_app.protocol.inquiries import MachineMeasured
from helix_app.protocol.models.loading import MemoryUse
from helix_app.protocol.requests import CatalogItem, DeviceItem

GIB = 2**30
CARD = DeviceItem("cuda:0", "cuda", "Radeon RX 7800 XT", 16 * GIB, True)


@pytest.fixture(scope="module")
def items(helix_home: object) -> tuple[CatalogItem, ...]:
    return catalog_items()


def machine(gib: float, slowest: float | None, fastest: float | None = None, device: str = "cpu") -> MachineMeasured:
    most = fastest if fastest is not None else slowest
    return MachineMeasured(device, int(gib * GIB), "A processor", 8, (), slowest, most)


@pytest.mark.parametrize(
    ("gib", "speed", "expected"),
    [
        (3.8, 20e9, "smollm3-3b"),
        (7.7, 20e9, "qwen3-4b"),  # the 8B model of that class would write 3 tokens a second
        (7.7, 60e9, "granite-3.3-8b-instruct"),
        (15.7, 60e9, "qwen3-8b"),
        (15.7, 400e9, "qwen3-14b"),
        (31, 400e9, "qwen3-32b"),
        (31, 5e9, "qwen3-0.6b"),
        (31, 1e8, ""),
        (1.5, 60e9, ""),
    ],
)
def test_the_largest_that_fits_and_is_fast_enough(
    items: tuple[CatalogItem, ...], gib: float, speed: float, expected: str
) -> None:
    made = suggestion(items, machine(gib, speed))
    assert (made.item.id if made is not None else "") == expected


def test_its_draft_comes_along(items: tuple[CatalogItem, ...]) -> None:
    made = suggestion(items, machine(7.7, 20e9))
    assert made is not None
    assert made.draft is not None
    assert made.draft.id == "qwen3-0.6b"


def test_without_a_measurement_nothing_is_suggested(items: tuple[CatalogItem, ...]) -> None:
    assert suggestion(items, machine(31, None)) is None
    assert speed_of(items[0], machine(31, None)) is None


def test_speed_is_memory_by_size(items: tuple[CatalogItem, ...]) -> None:
    item = replace(items[0], size_bytes=2 * 10**9)
    assert speed_of(item, machine(8, 20e9, 30e9)) == (REACHED * 10, 15)


def test_a_card_counts_by_its_own_memory(items: tuple[CatalogItem, ...]) -> None:
    measured = machine(62, 300e9, device="cuda:0")
    assert room(measured, (CARD,)) == 16 * GIB
    assert room(measured, ()) == 62 * GIB
    assert room(replace(measured, device="cpu"), (CARD,)) == 62 * GIB
    made = suggestion(items, measured, (CARD,))
    assert made is not None
    assert made.item.id == "qwen3-4b"  # unpacked: 16 bits a weight
    assert made.read_bytes == made.item.size_bytes * UNPACKED
    assert suggestion(items, measured, (replace(CARD, memory_bytes=None),)) is None


@pytest.mark.parametrize(
    ("memory_gb", "use", "large"),
    [
        (24, MemoryUse(total=int(15.5 * GIB)), True),
        (16, MemoryUse(total=int(15.5 * GIB)), False),  # sold as 16 GB
        (24, MemoryUse(total=int(15.5 * GIB), device_total=24 * GIB), False),
        (24, MemoryUse(), False),  # nobody knows
        (24, None, False),
        (0, MemoryUse(total=GIB), False),
    ],
)
def test_what_is_too_large_for_a_computer(memory_gb: int, use: MemoryUse | None, large: bool) -> None:
    assert too_large(memory_gb, use) is large
