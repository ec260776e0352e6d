"""A model with recurrent layers says what it would say without drafts, and bugs in its states show.

The law of whole replies by the real loop is exact, over a target that knows its context by its state alone; what the
prefix cache finds later is the state of those tokens.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest
import torch

from helix_app.engine.cache.pool.states import StateCopy
from helix_app.engine.cache.state_cache import StateCache, StateView
from helix_app.engine.drafts.base import Draft
from helix_app.engine.drafts.model import ModelDraft
from helix_app.engine.engine import Engine
from helix_app.engine.models.runner import ModelRunner
from tests.engine.proof.instruments.checks import Patch, Told, install, reply, reply_law, self_draft
from tests.engine.proof.instruments.enumerate_paths import OneHotDraft, Table, difference, target_law
from tests.engine.proof.instruments.recurrent_tables import RecurrentTableDecoder, context_of, recurrent_runner
from tests.engine.proof.test_exact import EXACT, PARAMS, PROMPT

KINDS = ("one-hot", "model", "self")


def draft_of(kind: str, similar: Table, runner: ModelRunner) -> Draft:
    if kind == "one-hot":
        return OneHotDraft(similar)
    if kind == "model":
        return ModelDraft(recurrent_runner(similar), similar.vocab)
    return self_draft(RecurrentTableDecoder(similar, runner.max_tokens), runner)


def law(engine: Engine, patch: Patch, kind: str) -> None:
    """The exact law over the real loop."""
    target = Table(3)
    runner = recurrent_runner(target)
    install(engine, patch, runner, draft_of(kind, Table(103, spread=0.8, base=target), runner))
    got = reply_law(engine, patch, PROMPT, PARAMS["plain"], max_tokens=3, k="fixed:2")
    assert difference(got, target_law(target, PARAMS["plain"], PROMPT, 3)) < EXACT


def prefixes(engine: Engine, patch: Patch) -> None:
    """Behind every prefix that is found later, also of texts with rejected drafts, is the state of its tokens."""
    target = Table(2, 5, spread=3.0)
    install(engine, patch, recurrent_runner(target), None)
    text = (*PROMPT, *greedy_text(target))
    runner = recurrent_runner(target)
    install(engine, patch, runner, Told(text, 1, 5))
    run = reply(engine, patch, PROMPT, max_tokens=20, k="fixed:4")
    found = 0
    for end in range(1, len(text)):
        for i, asked in enumerate(((*text[:end], 0, 0), (*text[:end], *run.tokens[:3]))):
            name = f"{end} {i}"
            hit = runner.open(name, asked)
            found += hit > 0
            assert context_of(runner, name, hit) == list(asked[:hit])
            runner.close(name)
    runner.pool.check_integrity()
    assert found


def greedy_text(target: Table) -> Sequence[int]:
    """The target's greedy text, from its definition."""
    text: list[int] = []
    while len(text) < 20:
        text.append(int(target((*PROMPT, *text)).argmax()))
    return text


def greedy(engine: Engine, patch: Patch) -> None:
    """Greedy text under drafts that are all rejected, and all accepted, is the target's own."""
    for seed in range(3):
        target = Table(seed, 5, spread=3.0)
        want = tuple(greedy_text(target))
        for wrong in (0, 1, 2):
            install(engine, patch, recurrent_runner(target), Told((*PROMPT, *want), wrong, 5))
            assert reply(engine, patch, PROMPT, max_tokens=20, k="fixed:3").tokens == want


def greedy_on_its_states(engine: Engine, patch: Patch) -> None:
    """The same with a draft that works on the target's own states, and is right now and then."""
    target = Table(4, 5, spread=3.0)
    runner = recurrent_runner(target)
    install(engine, patch, runner, draft_of("self", Table(104, 5, spread=2.0, base=target), runner))
    run = reply(engine, patch, PROMPT, max_tokens=20, k="fixed:4")
    assert run.tokens == tuple(greedy_text(target))
    assert 0 < run.finished.metrics.accepted_tokens < run.finished.metrics.drafted_tokens


@pytest.mark.parametrize("kind", KINDS)
def test_replies_have_the_law_of_the_target(engine: Engine, monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    law(engine, monkeypatch, kind)


def test_greedy_replies_are_those_of_the_target(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    greedy(engine, monkeypatch)
    greedy_on_its_states(engine, monkeypatch)


def test_what_is_found_later_is_the_state_of_its_tokens(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    prefixes(engine, monkeypatch)


# --------------------------------------------------------------------------- mutants

real_begin, real_copy = StateView.begin, StateCache.copy


def take_whatever_is_there(patch: Patch, position: Callable[[int, int, int], int]) -> None:
    """Copies of states behind another token than they say, of those between a slot's base and its end."""

    def copy(self: StateCache, what: StateCopy) -> None:
        if what.source < 0:
            return real_copy(self, what)
        place = self.place(0, what.source)
        real_copy(self, StateCopy(what.source, position(what.position, place.base, place.end), what.target))
        self.place(0, what.target).base = what.position
        return None

    patch.setattr(StateCache, "copy", copy)


def rejected_rows_stay(patch: Patch) -> None:
    """The state goes on behind the last row that ran, whatever became of it."""

    def begin(self: StateView, layer: int, *, own: bool) -> tuple[torch.Tensor, torch.Tensor]:
        self.start = self._verified = self._cache.place(layer, self._slot).end
        return real_begin(self, layer, own=own)

    patch.setattr(StateView, "begin", begin)
    take_whatever_is_there(patch, lambda position, base, end: end)


def one_row_too_few(patch: Patch) -> None:
    """The last verified row is left out of the state."""

    def begin(self: StateView, layer: int, *, own: bool) -> tuple[torch.Tensor, torch.Tensor]:
        place = self._cache.place(layer, self._slot)
        if place.log and self.rows and self.start > place.base:
            self._verified = min(self._verified, self.start - 1)
            self.start -= 1
        return real_begin(self, layer, own=own)

    patch.setattr(StateView, "begin", begin)


def drafted_rows_become_the_base(patch: Patch) -> None:
    """The base moves on with the slots that are there, not with those that are verified."""

    def begin(self: StateView, layer: int, *, own: bool) -> tuple[torch.Tensor, torch.Tensor]:
        self.start = self._verified = max(self.start, self._cache.place(layer, self._slot).base)
        return real_begin(self, layer, own=own)

    patch.setattr(StateView, "begin", begin)
    take_whatever_is_there(patch, lambda position, base, end: min(max(position, base), end))


def checkpoint_behind_the_border(patch: Patch) -> None:
    """What is kept for a border is the state of the sequence's last token."""
    take_whatever_is_there(patch, lambda position, base, end: end)


MUTANTS: dict[str, tuple[Callable[[Patch], None], Callable[[Engine, Patch], None]]] = {
    "state not rolled back": (rejected_rows_stay, greedy),
    "state not rolled back, law": (rejected_rows_stay, lambda engine, patch: law(engine, patch, "one-hot")),
    "state one row behind": (one_row_too_few, greedy),
    "base moved on by a draft on the target's state": (drafted_rows_become_the_base, greedy_on_its_states),
    "checkpoint of another token": (checkpoint_behind_the_border, prefixes),
}


@pytest.mark.parametrize("name", MUTANTS)
def test_mutant_is_caught(engine: Engine, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    mutate, check = MUTANTS[name]
    mutate(monkeypatch)
    with pytest.raises(AssertionError) as caught:
        check(engine, monkeypatch)
    assert "code='internal'" not in str(caught.value)  # a wrong answer, not a mutant that crashes
