"""What is asked of the local API, and what it tells, travels."""

from __future__ import annotations

from typing import get_args

import pytest

from helix_app.protocol import serving
from helix_app.protocol.serving import ServedReply, ServingAsked, ServingNews, StartServing
from tests.protocol.borders import check_plain, check_travels, records


@pytest.mark.parametrize("kind", records(serving))
def test_it_is_plain_and_travels(kind: type) -> None:
    check_plain(kind)
    check_travels(kind)


def test_each_is_asked_told_or_part_of_what_is_told() -> None:
    assert set(records(serving)) == {*get_args(ServingAsked), *get_args(ServingNews), ServedReply}


def test_unless_told_otherwise_only_this_computer_reaches_it() -> None:
    assert StartServing().host == "127.0.0.1"
