"""One round or one token in figures, and what the whole run says about k."""

from __future__ import annotations

from dataclasses import replace

import pytest
from pytestqt.qtbot import QtBot

from helix_app.gui.inspect.details import MOST_ROWS, RoundDetails, RunFacts
from helix_app.gui.look.theme import Theme
from helix_app.protocol.events import PrefillDone, ProposedToken, RoundDone
from helix_app.protocol.requests import GenerateRequest
from helix_app.runs.run import RunItem
from helix_app.runs.trace import PROMPT, Trace
from helix_app.runs.what_if import Estimate
from tests.runs.made_runs import made_run


@pytest.fixture
def trace() -> Trace:
    return Trace(made_run(30).items)


@pytest.fixture
def details(theme: Theme, qtbot: QtBot) -> RoundDetails:
    made = RoundDetails(theme)
    qtbot.addWidget(made)
    return made


def test_a_round_says_what_was_proposed_and_what_became_of_it(details: RoundDetails, trace: Trace) -> None:
    number = next(n for n, event in enumerate(trace.rounds) if event.k > event.accepted + 1 > 1)
    event = trace.rounds[number]
    details.show_round(trace, number)
    text = details.text()
    assert f"Round {number + 1} of 30" in text
    assert f"k = {event.k} proposed, {event.accepted} accepted, {len(event.emitted)} written" in text
    assert text.count("<tr>") == 1 + event.k
    assert text.count("<s>") == event.k - event.accepted
    assert (text.count("✓"), text.count("✗"), text.count("·</td>")) == (
        event.accepted,
        1,
        event.k - event.accepted - 1,
    )
    assert "Drafted by: n-gram" in text


def test_a_plain_round_has_no_table(details: RoundDetails, trace: Trace) -> None:
    details.show_round(trace, next(n for n, event in enumerate(trace.rounds) if event.k == 0))
    assert "<table" not in details.text()
    assert "Drafted by" not in details.text()


def test_the_prompt_comes_before_the_rounds(details: RoundDetails, trace: Trace) -> None:
    details.show_round(trace, PROMPT)
    assert "40 tokens of prompt, 0 of them from the cache, in 0.14 s" in details.text()


def test_the_prompt_tells_what_was_left_out_and_whose_template_it_had(details: RoundDetails) -> None:
    trace = Trace(
        [
            RunItem(0.0, GenerateRequest("r", template="T", on_full="drop_oldest")),
            RunItem(0.1, PrefillDone("r", 40, 0, 0.1, (), 6)),
        ]
    )
    assert trace.left_out == 6
    details.show_round(trace, PROMPT)
    assert "6 oldest messages were not sent" in details.text()
    assert "this conversation&#x27;s own" in details.text()


def test_a_long_proposal_ends_with_how_many_more_there_are(details: RoundDetails) -> None:
    trace = Trace(made_run(40, k_most=MOST_ROWS + 10).items)
    number = next(n for n, event in enumerate(trace.rounds) if event.k > MOST_ROWS)
    details.show_round(trace, number)
    assert details.text().count("<tr>") == 1 + MOST_ROWS
    assert f"and {trace.rounds[number].k - MOST_ROWS} more" in details.text()


def test_a_token_is_text_and_never_markup(details: RoundDetails, trace: Trace) -> None:
    event = replace(trace.rounds[5], k=1, accepted=0, proposed=(ProposedToken(1, "<b>x", 0.5, 0.2),))
    assert isinstance(event, RoundDone)
    trace.add(RunItem(9.0, event))
    details.show_round(trace, len(trace.rounds) - 1)
    assert "&lt;b&gt;x" in details.text()
    assert "<b>x" not in details.text()


def test_colours_follow_the_theme(details: RoundDetails, trace: Trace, theme: Theme) -> None:
    details.show_round(trace, 4)
    light = theme.palette.muted
    assert light in details.text()
    theme.choose("dark")
    assert light not in details.text()
    assert theme.palette.muted in details.text()


def test_the_best_of_what_was_tried_is_set_against_what_was_measured(theme: Theme, qtbot: QtBot) -> None:
    facts = RunFacts(theme)
    qtbot.addWidget(facts)
    measured = Estimate("measured", 0, 50.0, True)
    found = [measured, Estimate("fixed", 2, 60.0, True), Estimate("fixed", 8, 90.0, False)]
    assert facts.in_words(found).startswith("Measured 50 tok/s. Best of the others: always k = 2, about 60 tok/s.")
    assert facts.in_words([measured]) == facts.in_words(found[1:]) == ""


def test_the_prompt_of_a_text_says_that_it_has_no_template(details: RoundDetails) -> None:
    for raw in (True, False):
        request = GenerateRequest("r", prompt="Once", raw=raw)
        details.show_round(Trace([RunItem(0.0, request), RunItem(0.1, PrefillDone("r", 2, 0, 0.1, ()))]), PROMPT)
        assert ("without a chat template" in details.text()) == raw
