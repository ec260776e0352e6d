"""Events are plain records that travel, and every kind of them is known as one."""

from __future__ import annotations

import subprocess
import sys
from typing import get_args

import numpy as np
import pytest

from helix_app.protocol import events
from helix_app.protocol.events import (
    BLOCK_CACHED,
    BLOCK_FREE,
    BLOCK_SHARED,
    BLOCK_USED,
    CACHE_CELL,
    NO_OWNER,
    Alternative,
    EmittedToken,
    Event,
    Failed,
    ProposedToken,
    RunMetrics,
)
from tests.protocol.borders import check_plain, check_travels, records

PARTS = {Alternative, EmittedToken, ProposedToken, RunMetrics}


@pytest.mark.parametrize("kind", records(events))
def test_events_are_plain_and_travel(kind: type) -> None:
    check_plain(kind)
    check_travels(kind)


def test_every_record_is_an_event_or_a_part_of_one() -> None:
    assert set(records(events)) - set(get_args(Event)) == PARTS
    assert len(set(get_args(Event))) == len(get_args(Event))


def test_a_block_of_a_snapshot_has_eight_bytes_and_an_owner_that_is_none() -> None:
    cell = np.dtype(CACHE_CELL)
    assert cell.itemsize == 8
    assert cell.names == ("state", "fill", "speculative", "group", "refcount", "owner")
    assert np.iinfo(cell["owner"]).max == NO_OWNER
    assert sorted((BLOCK_FREE, BLOCK_USED, BLOCK_SHARED, BLOCK_CACHED)) == [0, 1, 2, 3]


def test_whether_a_model_was_kept_is_no_part_of_a_failure_s_identity() -> None:
    assert Failed("internal", kept=True) == Failed("internal")
    assert Failed("internal", request_id="a") != Failed("internal", request_id="b")


def test_the_protocol_stands_on_nothing() -> None:
    code = "import sys, helix_app.protocol.events as e; print(sorted(m for m in sys.modules if m in sys.argv[1:]))"
    heavy = ("numpy", "torch", "PySide6", "transformers")
    done = subprocess.run([sys.executable, "-c", code, *heavy], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
