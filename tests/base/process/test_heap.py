"""What was set aside is not looked at again, and garbage does not stay."""

from __future__ import annotations

import gc
import threading
import weakref
from collections.abc import Iterator

import pytest

from helix_app.base.process.heap import collect_all, collect_by_hand, collect_due, set_aside


class Item:
    """Something recorded, which may refer to itself."""

    def __init__(self) -> None:
        self.other: Item | None = None


@pytest.fixture(autouse=True)
def thawed() -> Iterator[None]:
    """Nothing stays aside for other tests; no collection of its own accord disturbs these."""
    was = gc.isenabled()
    gc.disable()
    yield
    gc.unfreeze()
    if was:
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


def cycle() -> weakref.ref[Item]:
    """Garbage that only a collection frees."""
    item = Item()
    item.other = item
    return weakref.ref(item)


def test_by_hand_nothing_is_collected_before_it_is_due() -> None:
    gc.enable()
    collect_by_hand()
    gc.collect()
    seen = cycle()
    kept = [[] for _ in range(2 * gc.get_threshold()[0])]
    assert seen() is not None
    collect_due()
    assert seen() is None
    again = cycle()
    collect_due()
    assert again() is not None
    assert kept


def test_old_garbage_is_collected_in_the_end() -> None:
    seen = cycle()
    gc.collect(0)
    gc.collect(1)  # it has survived neither, so it is held
    held = Item()
    held.other = held
    old = weakref.ref(held)
    gc.collect(0)
    gc.collect(1)
    del held
    kept: list[list[object]] = []
    for _ in range(200):
        kept += [[] for _ in range(2 * gc.get_threshold()[0])]
        collect_due()
    assert kept
    assert old() is None
    assert seen() is None


def test_a_thread_collects_nothing_where_that_is_left_to_the_main_thread() -> None:
    collect_by_hand()
    seen = cycle()
    thread = threading.Thread(target=collect_all)
    thread.start()
    thread.join()
    assert seen() is not None
    collect_all()
    assert seen() is None
