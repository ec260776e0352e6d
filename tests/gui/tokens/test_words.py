"""What is said about a token and a round, from the events' own numbers."""

from __future__ import annotations

from dataclasses import replace
from typing import get_args

import pytest

from helix_app.gui.tokens import words
from helix_app.protocol.events import ProposedToken, Provenance
from helix_app.runs.trace import Trace
from tests.runs.made_runs import made_run


def test_probabilities_keep_a_digit_that_matters() -> None:
    assert [words.probability(p) for p in (0.0, 1.0, 0.12345, 0.0005, 0.0000123)] == [
        "0.000",
        "1.000",
        "0.123",
        "0.001",
        "1e-05",
    ]


@pytest.mark.parametrize(
    ("draft", "target", "ratio"), [(0.5, 0.2, 0.4), (0.2, 0.5, 1.0), (1.0, 0.0, 0.0), (0.0, 0.3, 1.0)]
)
def test_how_likely_a_token_was_to_be_accepted(draft: float, target: float, ratio: float) -> None:
    assert words.ratio(ProposedToken(1, "x", draft, target)) == pytest.approx(ratio)


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("ngram:4", "n-gram of 4"),
        ("grammar", "the grammar"),
        ("table:2+", "n-gram table, 2+ tokens of context"),
        ("self", "the target in fewer bits"),
        ("model", "draft model"),
        ("another", "another"),
        ("", "–"),
    ],
)
def test_what_drafted(code: str, said: str) -> None:
    assert words.source(code) == said


@pytest.mark.parametrize("origin", get_args(Provenance))
def test_every_origin_begins_with_its_name(origin: Provenance) -> None:
    assert words.origin(origin).startswith(f"{origin}: ")


def test_white_space_can_be_seen() -> None:
    assert words.quoted(" a\tb\n") == "“\u2423a⇥b↵”"
    assert words.milliseconds(1.23456) == "1,234.6 ms"


@pytest.fixture
def trace() -> Trace:
    return Trace(made_run(60, alternatives=5).items)


def test_a_token_knows_its_round_and_its_place(trace: Trace) -> None:
    token = trace.tokens_of(7)[-1]
    told = words.token_lines(trace, token)
    assert told[0].endswith(f"#{token + 1}")
    assert f"Round 8, k = {trace.rounds[7].k}" in told
    best = next(line for line in told if line.startswith("Likeliest here"))
    assert best.count("“") == words.SHOWN
    brief = words.token_lines(trace, token, brief=True)
    assert [line for line in told if line not in brief] == [line for line in told if line[:6] in ("Round ", "Drafte")]


def test_the_first_token_is_of_the_prompts_own_pass(trace: Trace) -> None:
    assert words.token_lines(trace, 0)[2] == "First token: the prompt's own pass gave it"


def test_a_correction_says_what_it_replaces(trace: Trace) -> None:
    token = next(n for n, emitted in enumerate(trace.tokens) if emitted.provenance == "corrected")
    proposed = trace.proposal_of(token)
    assert proposed is not None
    told = words.token_lines(trace, token)
    at = told.index(f"In place of {words.quoted(proposed.text)}, which was rejected:")
    assert told[at + 1] == words.proposal_line(proposed)


def test_only_the_first_rejected_token_was_looked_at(trace: Trace) -> None:
    number = next(n for n, event in enumerate(trace.rounds) if event.k - event.accepted > 1)
    token, event = trace.tokens_of(number)[-1], trace.rounds[number]
    why = [words.ghost_lines(trace, token, position)[1] for position in range(event.accepted, event.k)]
    assert why[0] == "rejected by the target"
    assert set(why[1:]) == {"dropped: it came after a rejected one"}


def test_a_proposal_in_figures() -> None:
    proposed = ProposedToken(1, "x", 0.5, 0.2)
    assert words.proposal_line(proposed) == "q = 0.500, p = 0.200, min(1, p/q) = 0.400"
    assert words.proposal_line(replace(proposed, draft_prob=0.1)).endswith("= 1.000")
