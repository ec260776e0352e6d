"""The ledger: what drafting may lose at most."""

from __future__ import annotations

import pytest

from helix_app.engine.control.ledger import SHARE, START_STEPS, Ledger


def test_the_ledger_allows_a_start_and_a_share_and_remembers_little_gain() -> None:
    ledger = Ledger()
    assert ledger.allowance(1.0) == START_STEPS
    ledger.drafted(3.0, 1, 1.0)
    assert ledger.lost == 2.0
    assert ledger.allowance(1.0) == pytest.approx(START_STEPS + SHARE * 3 - 2)
    for _ in range(100):
        ledger.plain(1.0)
    assert ledger.allowance(1.0) == pytest.approx(START_STEPS + SHARE * 103 - 2)
    for _ in range(100):
        ledger.drafted(1.0, 4, 1.0)
    assert ledger.lost == pytest.approx(-4.0)
