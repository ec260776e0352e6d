"""What was set aside is not looked at again, and garbage does not stay."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Iterator

import pytest

from helix_app.base.heap import set_aside


class Item:
    """Something recorded, which may refer to itself."""

    def __init__(self) -> None:
        self.other: Item | None = None


@pytest.fixture(autouse=True)
def thawed() -> Iterator[None]:
    """Nothing stays aside for other tests; no collection of its own accord disturbs these."""
    gc.disable()
    yield
    gc.unfreeze()
    gc.enable()


def watched(item: object) -> bool:
    """Whether a collection looks at it."""
    return any(other is item for other in gc.get_objects())


def test_what_was_recorded_is_exempt_from_collections() -> None:
    item = Item()
    assert watched(item)
    set_aside()
    assert not watched(item)
    later = Item()
    assert watched(later)
    set_aside()
    assert not watched(later)


def test_garbage_is_collected_before_the_rest_is_set_aside() -> None:
    """Aside, a cycle that nobody refers to would never be freed."""
    item = Item()
    item.other = item
    seen = weakref.ref(item)
    del item
    assert seen() is not None
    set_aside()
    assert seen() is None


def test_what_is_aside_is_freed_once_nobody_refers_to_it() -> None:
    item = Item()
    seen = weakref.ref(item)
    set_aside()
    del item
    assert seen() is None
