"""Pairs cross the border to a process as JSON."""

from __future__ import annotations

import json

from helix_app.base import typed
from helix_app.protocol.events import Failed
from helix_app.protocol.pairs import PairAsked, PairExamined
from tests.gui.models.fit_views import FACTS, FIT, PROBE


def test_what_was_found_comes_back_as_it_was() -> None:
    for found in (PairExamined(FACTS, FIT, PROBE, ("/a",)), PairExamined(failed=Failed("internal"))):
        assert typed.read(PairExamined, json.loads(json.dumps(typed.plain(found)))) == found
    asked = PairAsked("/a", "/b", 512, probe=True, installed=("/c",))
    assert typed.read(PairAsked, json.loads(json.dumps(typed.plain(asked)))) == asked
