"""The dialog about a target and a draft."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from helix_app.gui.models.dialogs.pair_dialog import PairDialog
from helix_app.protocol.events import Failed
from helix_app.protocol.pairs import PairExamined
from tests.gui.fake import record
from tests.gui.models.fit_views import FACTS, FITS, GEMMA, OTHER_WORDS, PROBE, SMALL


@pytest.fixture
def dialog(theme) -> Iterator[PairDialog]:
    made = PairDialog(theme, "SmolLM2 135M Instruct", (GEMMA, SMALL), SMALL.id)
    made.show()
    yield made
    made.close()
    made.deleteLater()


def test_it_asks_about_the_draft_that_is_picked(dialog: PairDialog) -> None:
    asked, stops = record(dialog.examine_requested), record(dialog.stop_requested)
    dialog.look()
    assert not dialog.use.isEnabled()
    dialog.draft.pick(GEMMA.id)
    assert dialog.chosen == GEMMA
    assert len(asked) == 2
    assert len(stops) == 1


def test_a_pair_can_be_used(dialog: PairDialog) -> None:
    chosen = record(dialog.draft_chosen)
    dialog.show_found(PairExamined(FACTS, FITS))
    assert "They can be a pair" in dialog.verdict.text()
    assert not dialog.trial.isVisible()
    dialog.use.click()
    assert chosen == [SMALL.id]


def test_other_words_are_told_with_what_is_done_about_them(dialog: PairDialog) -> None:
    found = PairExamined(replace(FACTS, verdict=OTHER_WORDS, shared=0.3), FITS, better=(SMALL.path,))
    dialog.show_found(found)
    assert "first at token 0" in dialog.verdict.text()
    assert "re-encoded" in dialog.verdict.text()
    assert "SmolLM2 60M" in dialog.advice.text()
    assert dialog.use.isEnabled()
    assert dialog.probe.isEnabled()


def test_a_trial_and_its_end(dialog: PairDialog) -> None:
    dialog.show_found(PairExamined(FACTS, FITS))
    stops = record(dialog.stop_requested)
    dialog.probe.click()
    assert dialog.probe.text() == "Stop"
    assert not dialog.use.isEnabled()
    dialog.probe.click()
    assert len(stops) == 1
    assert dialog.use.isEnabled()
    dialog.probe.click()
    dialog.show_found(PairExamined(FACTS, FITS, probe=PROBE))
    assert dict(dialog.trial.rows())["Measured speed"] == "1.19x (1.07–1.31x)"
    assert "faster" in dialog.advice.text()
    assert dialog.probe.text() == "Try this pair"


def test_a_failure_is_told(dialog: PairDialog) -> None:
    dialog.show_found(PairExamined(failed=Failed("pair_engine_busy")))
    assert "engine is busy" in dialog.verdict.text()
    assert not dialog.use.isEnabled()
