"""A trace says what the events said: tokens, rounds, slots and the books of the pool."""

from __future__ import annotations

import numpy as np
import pytest

from helix_app.protocol.events import BLOCK_SHARED, CacheSnapshot, PrefillDone, RoundDone
from helix_app.protocol.requests import ChatMessage, GenerateRequest
from helix_app.runs.run import Run, RunItem
from helix_app.runs.trace import PROMPT, Trace
from helix_app.runs.waste import ledger
from tests.runs.made_runs import made_run


@pytest.fixture(scope="module")
def run() -> Run:
    return made_run(300, prompt=37, k_most=5)


@pytest.fixture(scope="module")
def trace(run: Run) -> Trace:
    return Trace(run.items)


def rounds_of(run: Run) -> list[RoundDone]:
    return [item.event for item in run.items if isinstance(item.event, RoundDone)]


def test_tokens_and_rounds_are_those_of_the_events(run: Run, trace: Trace) -> None:
    rounds = rounds_of(run)
    assert trace.rounds == rounds
    first = next(item.event for item in run.items if isinstance(item.event, PrefillDone))
    assert trace.tokens == [*first.emitted, *(token for event in rounds for token in event.emitted)]
    assert trace.round_of[0] == PROMPT
    for number, event in enumerate(rounds):
        assert [trace.tokens[token] for token in trace.tokens_of(number)] == list(event.emitted)
        assert {trace.round_of[token] for token in trace.tokens_of(number)} == {number}
        assert trace.rejected_of(number) == event.proposed[event.accepted :]
    assert trace.rejected[-1] == sum(event.k - event.accepted for event in rounds)
    assert list(trace.tokens_of(PROMPT)) == [0]
    assert list(trace.tokens_of(len(rounds))) == []
    assert trace.question.startswith("How does a paged KV cache work")


def test_the_question_of_a_reply_that_goes_on_is_the_person_s() -> None:
    asked = ChatMessage("user", "How\n so?")
    turns = (asked, ChatMessage("assistant", "Because"))
    assert Trace([RunItem(0.0, GenerateRequest("r", turns))]).question == "How so?"
    assert Trace([RunItem(0.0, GenerateRequest("r", prompt="Once", raw=True))]).question == "Once"


def test_a_proposal_belongs_to_the_token_at_its_position(trace: Trace) -> None:
    seen = set()
    for token, emitted in enumerate(trace.tokens):
        proposed = trace.proposal_of(token)
        seen.add((emitted.provenance, proposed is None))
        if emitted.provenance == "accepted":
            assert proposed is not None
            assert proposed.token_id == emitted.token_id
    assert seen == {("accepted", False), ("corrected", False), ("bonus", True), ("plain", True)}


def test_slots_follow_the_prompt(trace: Trace) -> None:
    for token in range(len(trace.tokens)):
        assert trace.slot_of(token) == 37 + token
        assert trace.token_at(37 + token) == token
    assert trace.token_at(36) is None
    assert trace.token_at(37 + len(trace.tokens)) is None


def test_tokens_lie_in_the_blocks_of_the_tables(run: Run, trace: Trace) -> None:
    """The last table before the sequence ended is the whole truth: its blocks never moved."""
    tables = [
        np.frombuffer(blocks, "<u4").tolist()
        for item in run.items
        if isinstance(item.event, CacheSnapshot)
        for name, blocks in item.event.tables
        if name == "r"
    ]
    last = max(tables, key=len)
    for token in range(len(trace.tokens) - 1):
        assert trace.block_of(token) == last[trace.slot_of(token) // 16]
    for number in (0, 17, 299):
        expected = {trace.block_of(token) for token in trace.tokens_of(number)}
        assert set(trace.blocks_of_round(number)) == expected - {None}


def test_without_block_tables_no_block_is_claimed(run: Run) -> None:
    items = []
    for item in run.items:
        event = item.event
        if isinstance(event, CacheSnapshot):
            event = CacheSnapshot(**{**vars(event), "tables": ()})
        items.append(RunItem(item.seconds, event))
    trace = Trace(items)
    assert trace.block_of(5) is None
    assert trace.blocks_of_round(5) == []


def test_an_empty_trace_has_no_blocks() -> None:
    assert Trace().tokens == []
    assert Trace().blocks_of_round(0) == []


def test_the_books_count_slots_and_bytes(trace: Trace) -> None:
    view = trace.pools["target"].at(120)
    books = ledger(trace, view, 120)
    cells = view.cells
    used = [cell for cell in cells if cell["refcount"] > 0]
    part = [cell for cell in used if cell["fill"] < 16]
    assert books.part_filled_blocks == len(part)
    assert books.empty_slots == sum(16 - int(cell["fill"]) for cell in part)
    assert books.speculative_slots == sum(int(cell["speculative"]) for cell in used)
    assert books.rolled_back_slots == sum(e.k - e.accepted for e in trace.rounds[:120])
    shared = [cell for cell in used if cell["state"] == BLOCK_SHARED]
    assert books.shared_blocks == len(shared) > 0
    assert books.shared_spared == sum(int(cell["refcount"]) - 1 for cell in shared)
    assert books.sequences == 2
    assert books.paged_bytes == len(used) * 368_640
    assert books.contiguous_bytes == 2 * (8192 // 16) * 368_640
    assert books.saved_bytes == books.contiguous_bytes - books.paged_bytes
    assert ledger(trace, view, 0).rolled_back_slots == 0


def test_without_the_size_of_a_block_bytes_stay_unknown(run: Run) -> None:
    trace = Trace([run.items[0], *run.items[2:]])
    books = ledger(trace, trace.pools["target"].at(5), 5)
    assert (books.paged_bytes, books.saved_bytes) == (None, None)
