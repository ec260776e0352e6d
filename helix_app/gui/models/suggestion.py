"""Which model of the catalogue suits a computer, and about how fast it would write there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from helix_app.protocol.inquiries import MachineMeasured
from helix_app.protocol.models.loading import MemoryUse
from helix_app.protocol.requests import CatalogItem, DeviceItem

GB = 1e9
SOLD_AS = 0.93  # of the memory that a computer is sold with, the least that its system shows
REACHED = 1 / 3  # of the memory's speed, what decoding reaches at least: measured with the smallest model on two cores
UNPACKED = 3.6  # bytes on a card for each of the file: 16 bits a weight over the 4.5 of the smallest files suggested
READING = 5.0  # tokens a second: about as fast as people read


@dataclass(frozen=True)
class Suggestion:
    """A model for this computer.

    Attributes:
        draft: the model that drafts best for it; None where n-grams serve.
        speed: tokens a second, from at least to at most; None where memory was not measured.
        read_bytes: what each token reads.
    """

    item: CatalogItem
    draft: CatalogItem | None = None
    speed: tuple[float, float] | None = None
    read_bytes: float = 0.0


def speed_of(item: CatalogItem, machine: MachineMeasured) -> tuple[float, float] | None:
    """Tokens a second without a draft, estimated: each token reads all weights once, so it is memory's speed by size.

    At least: the slowest pass, of which decoding reaches ``REACHED``; at most: the fastest, and all of it.
    """
    size = read_bytes(item, machine)
    if machine.slowest is None or machine.fastest is None or not size:
        return None
    return REACHED * machine.slowest / size, machine.fastest / size


def read_bytes(item: CatalogItem, machine: MachineMeasured) -> float:
    """Bytes of weights where they run: the file's own on the processor, at most so many unpacked on a card."""
    return item.size_bytes * (UNPACKED if on_card(machine) else 1.0)


def on_card(machine: MachineMeasured) -> bool:
    """Whether a card was measured."""
    return machine.device not in ("", "cpu")


def room(machine: MachineMeasured, devices: Sequence[DeviceItem]) -> int:
    """Bytes of the memory that models are in: that of the card that was measured, or of the computer; 0: unknown."""
    card = next((item for item in devices if item.value == machine.device and item.kind != "cpu"), None)
    return (card.memory_bytes if card is not None else machine.memory_bytes) or 0


def too_large(memory_gb: int, use: MemoryUse | None) -> bool:
    """Whether models for so much memory need more than this computer and its card have, as far as that is known."""
    most = 0 if use is None else max(use.total or 0, use.device_total or 0)
    return 0 < most < memory_gb * GB * SOLD_AS


def suggestion(
    items: Sequence[CatalogItem], machine: MachineMeasured, devices: Sequence[DeviceItem] = ()
) -> Suggestion | None:
    """The largest model of the catalogue that fits and still writes as fast as people read; None for none.

    Where the memory's speed is not known, none is suggested: it might fit and be of no use.
    """
    space = room(machine, devices)
    fitting = []
    for item in items:
        speed = speed_of(item, machine)
        more = read_bytes(item, machine) - item.size_bytes
        fits = item.memory_gb and item.memory_gb * GB * SOLD_AS + more <= space
        if fits and speed is not None and sum(speed) / 2 >= READING:
            fitting.append((item, speed))
    if not fitting:
        return None
    item, speed = max(fitting, key=lambda pair: pair[0].size_bytes)
    draft = next((other for other in items if other.id == item.draft), None)
    return Suggestion(item, draft, speed, read_bytes(item, machine))
