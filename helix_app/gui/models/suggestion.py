"""Which model of the catalogue suits a computer, and about how fast it would write there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from helix_app.protocol.inquiries import MachineMeasured
from helix_app.protocol.requests import CatalogItem, DeviceItem

GB = 1e9
SOLD_AS = 0.93  # of the memory that a computer is sold with, the least that its system shows
REACHED = 1 / 3  # of the memory's speed, what decoding reaches at least: measured with the smallest model on two cores
READING = 5.0  # tokens a second: about as fast as people read


@dataclass(frozen=True)
class Suggestion:
    """A model for this computer.

    Attributes:
        draft: the model that drafts best for it; None where n-grams serve.
        speed: tokens a second, from at least to at most; None where memory was not measured.
    """

    item: CatalogItem
    draft: CatalogItem | None = None
    speed: tuple[float, float] | None = None


def speed_of(item: CatalogItem, machine: MachineMeasured) -> tuple[float, float] | None:
    """Tokens a second without a draft, estimated: each token reads all weights once, so it is memory's speed by size.

    At least: the slowest pass, of which decoding reaches ``REACHED``; at most: the fastest, and all of it.
    """
    if machine.slowest is None or machine.fastest is None or not item.size_bytes:
        return None
    return REACHED * machine.slowest / item.size_bytes, machine.fastest / item.size_bytes


def room(machine: MachineMeasured, devices: Sequence[DeviceItem]) -> int:
    """Bytes of the memory that models are in: that of the card that was measured, or of the computer; 0: unknown."""
    card = next((item for item in devices if item.value == machine.device and item.kind != "cpu"), None)
    return (card.memory_bytes if card is not None else machine.memory_bytes) or 0


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
        if (
            item.memory_gb
            and speed is not None
            and item.memory_gb * GB * SOLD_AS <= space
            and sum(speed) / 2 >= READING
        ):
            fitting.append((item, speed))
    if not fitting:
        return None
    item, speed = max(fitting, key=lambda pair: pair[0].size_bytes)
    return Suggestion(item, next((other for other in items if other.id == item.draft), None), speed)
