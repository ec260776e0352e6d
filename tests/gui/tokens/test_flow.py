"""Tokens in lines: nothing lost, nothing cut, each where it is found."""

from __future__ import annotations

from itertools import pairwise

import pytest

from helix_app.gui.tokens.flow import NEWLINE, TokenFlow
from helix_app.protocol.events import EmittedToken, ProposedToken
from helix_app.runs.run import RunItem
from helix_app.runs.trace import Trace
from tests.gui import fake
from tests.runs.made_runs import made_run


def measure(text: str) -> float:
    return 10.0 * len(text)


def flow_of(trace: Trace, width: float, ghosts: bool) -> TokenFlow:
    flow = TokenFlow(measure)
    flow.lay_out(trace, width, ghosts)
    return flow


def pieces(flow: TokenFlow) -> list[tuple[int, int, str, float, float]]:
    return list(zip(flow.tokens, flow.ghosts, flow.texts, flow.xs, flow.widths))


@pytest.mark.parametrize("ghosts", [False, True])
@pytest.mark.parametrize("width", [60.0, 333.0, 2000.0])
def test_every_token_stands_once_in_order_inside_the_width(ghosts: bool, width: float) -> None:
    trace = Trace(made_run(150).items)
    flow = flow_of(trace, width, ghosts)
    shown = ["".join(t for token, g, t, _, _ in pieces(flow) if token == n and g < 0) for n in range(len(trace.tokens))]
    assert [text.replace(NEWLINE, "\n") for text in shown] == [token.text for token in trace.tokens]
    assert flow.tokens == sorted(flow.tokens)
    assert flow.first[0] == 0
    assert flow.first == sorted(set(flow.first))
    for line in range(flow.lines):
        inside = list(flow.pieces(line))
        assert inside
        assert flow.xs[inside[0]] == 0
        for left, right in pairwise(inside):
            assert flow.xs[right] >= flow.xs[left] + flow.widths[left]
            assert flow.ghosts[left] >= 0 or not flow.texts[left].endswith(NEWLINE)  # a line ends there
        end = flow.xs[inside[-1]] + flow.widths[inside[-1]]
        assert end <= width or len(inside) == 1
    rejected = sum(len(trace.rejected_of(n)) for n in range(len(trace.rounds)))
    assert rejected > 0
    assert sum(g >= 0 and not t.endswith(NEWLINE) for _, g, t, _, _ in pieces(flow)) <= rejected
    assert any(g >= 0 for g in flow.ghosts) == ghosts


def test_words_are_not_cut_at_the_end_of_a_line() -> None:
    trace = Trace(made_run(150).items)
    flow = flow_of(trace, 333.0, False)
    for first in flow.first[1:]:
        before, text = flow.texts[first - 1], flow.texts[first]
        assert before.endswith(NEWLINE) or text.startswith(" ")


def test_tokens_that_come_later_stand_where_they_would_have_stood() -> None:
    items = made_run(120).items
    trace, grown = Trace(), TokenFlow(measure)
    for number, item in enumerate(items):
        trace.add(item)
        if number % 7 == 0:
            grown.lay_out(trace, 300.0, True)
    grown.lay_out(trace, 300.0, True)
    whole = flow_of(trace, 300.0, True)
    assert pieces(grown) == pieces(whole)
    assert grown.first == whole.first
    assert not grown.lay_out(trace, 300.0, True)
    assert grown.lay_out(trace, 310.0, True)


def test_ghosts_stand_before_the_correction_in_the_order_of_the_draft() -> None:
    trace = Trace(made_run(60).items)
    flow = flow_of(trace, 1e9, True)
    for number in range(len(trace.rounds)):
        rejected = trace.rejected_of(number)
        if not rejected:
            continue
        correction = trace.tokens_of(number)[-1]
        at = flow.piece_of(correction)
        event = trace.rounds[number]
        ghosts = [piece for piece in range(len(flow.tokens)) if flow.tokens[piece] == correction and piece < at]
        assert list(dict.fromkeys(flow.ghosts[p] for p in ghosts)) == list(range(event.accepted, event.k))


def test_a_point_finds_its_piece() -> None:
    trace = Trace(made_run(60).items)
    flow = flow_of(trace, 300.0, True)
    for line in range(flow.lines):
        for piece in flow.pieces(line):
            middle = flow.xs[piece] + flow.widths[piece] / 2
            assert flow.piece_at(line, middle) == piece
            assert flow.line_of(piece) == line
    assert flow.piece_at(0, 10_000) is None
    assert flow.piece_at(0, 10_000, nearest=True) == flow.pieces(0)[-1]
    assert flow.piece_at(-1, 0) is None
    assert TokenFlow(measure).piece_at(0, 0, nearest=True) is None


def test_a_line_break_that_was_rejected_breaks_no_line() -> None:
    proposed = (ProposedToken(1, "no\n", 0.5, 0.1),)
    emitted = (
        EmittedToken(2, "yes", "corrected", 0.9),
        EmittedToken(3, "\n", "plain", 0.9),
        EmittedToken(4, "x", "plain", 1),
    )
    event = fake.round_done("r", 0, k=1, proposed=proposed, accepted=0, emitted=emitted)
    flow = flow_of(Trace([RunItem(0.0, event)]), 500.0, True)
    assert flow.texts == ["no" + NEWLINE, "yes", NEWLINE, "x"]
    assert [list(flow.pieces(line)) for line in range(flow.lines)] == [[0, 1, 2], [3]]
