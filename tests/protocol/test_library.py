"""What is asked of the library and of the hub, and what they tell, travels."""

from __future__ import annotations

from typing import get_args

import pytest

from helix_app.protocol import library
from helix_app.protocol.library import (
    FoundFile,
    FoundModel,
    LibraryAsked,
    LibraryItem,
    LibraryNews,
    UnfinishedItem,
)
from tests.protocol.borders import check_plain, check_travels, records


@pytest.mark.parametrize("kind", records(library))
def test_it_is_plain_and_travels(kind: type) -> None:
    check_plain(kind)
    check_travels(kind)


def test_each_is_asked_told_or_part_of_what_is_told() -> None:
    parts = {LibraryItem, UnfinishedItem, FoundModel, FoundFile}
    assert set(records(library)) == {*get_args(LibraryAsked), *get_args(LibraryNews), *parts}


def test_what_nobody_says_may_be_removed_stays() -> None:
    assert LibraryItem("x", "x", "/x", 1).removal == ""
