"""The layer that drafts gives the logits of the same layer by hand, whatever ran before, beside and after it; and what
is wrong with it shows there."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from helix_app.engine.models import step_graphs
from helix_app.engine.models.drafting import layer as drafting_layer
from helix_app.engine.models.drafting.hidden_states import DraftStates, TargetStates
from helix_app.engine.models.drafting.next_token import NextTokenLayer
from helix_app.engine.models.runner import ModelRunner, Rows
from tests.engine.made.next_token import Reference, reference_of, with_layer
from tests.engine.made.tiny import VOCAB
from tests.engine.models.test_decoder import TOLERANCE, some_ids, worst
from tests.engine.models.test_step_graphs import with_graphs
from tests.engine.runs.next_token_runs import runner_with

NAME = "qwen3"
TEXT, DRAFTED = some_ids(45, 6), 3
OWNS = [(), ("norm",), ("norm", "lm_head", "embed_tokens")]
RECURRENT = [(name, kind) for name in ("qwen35", "qwen3_5_moe") for kind in ("gguf", "folder")]
RECURRENT.append(("qwen3_next", "folder"))  # whose converter leaves the layer out
BACKWARDS = list(reversed(range(12)))
Patch = pytest.MonkeyPatch


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("next-token")


@pytest.fixture(scope="module")
def reference() -> Reference:
    return reference_of(NAME)


@pytest.fixture(scope="module")
def path(root: Path, reference: Reference) -> Path:
    return with_layer(NAME, reference, root)


@pytest.fixture(scope="module", params=RECURRENT, ids=str)
def recurrent(request: pytest.FixtureRequest, root: Path) -> tuple[Path, Reference]:
    """Over recurrent layers beside gated attention, also with experts, of which the layer then has its own; it takes
    hidden states after the final norm."""
    name, kind = request.param
    reference = reference_of(name, normed=True)
    return with_layer(name, reference, root, kind), reference


def read(runner: ModelRunner, text: list[int], ends: list[int], name: str = "s") -> None:
    """Open a sequence and run a text but for what is cached, with a pass for each of the pieces that end there."""
    at = runner.open(name, text)
    for end in ends:
        if end > at:
            runner.forward(name, text[at:end], 1)
            runner.commit(name, text[:end])
            at = end


def check(runner: ModelRunner, draft: ModelRunner, reference: Reference, text: list[int], name: str = "s") -> None:
    """Steps after a text, and after each of the reference's drafts, have its logits. The slots are given back."""
    drafts, want = reference.drafted(text, DRAFTED + 1)
    at, rows = runner.length(name), []
    assert at == len(text) - 1
    for token in (text[-1], *drafts[:-1]):
        rows.append(draft.forward(name, [token], 1)[0])
    runner.pool.truncate(name, at)
    assert draft.hidden is not None
    draft.hidden.forget(name)
    assert worst(torch.stack(rows), torch.stack(want)) < TOLERANCE


@pytest.mark.parametrize("normed", [False, True])
@pytest.mark.parametrize("own", OWNS, ids=str)
@pytest.mark.parametrize("kind", ["gguf", "folder"])
def test_it_is_the_layer_by_hand(root: Path, kind: str, own: tuple[str, ...], normed: bool) -> None:
    """Whichever format, whichever weights are its own, and whichever hidden states it takes."""
    reference = reference_of(NAME, own, normed)
    runner, draft = runner_with(with_layer(NAME, reference, root, kind), normed, order=BACKWARDS[4:])
    read(runner, TEXT, [16, 31, 32, 33, 44])
    check(runner, draft, reference, TEXT)


def whole(runner: ModelRunner, draft: ModelRunner, reference: Reference) -> None:
    """A prompt in one pass, and in pieces."""
    read(runner, TEXT, [44])
    check(runner, draft, reference, TEXT)
    runner.close("s")
    runner.pool.clear_cache()
    read(runner, TEXT, [7, 8, 44])
    check(runner, draft, reference, TEXT)


def rejected(runner: ModelRunner, draft: ModelRunner, reference: Reference) -> None:
    """Drafts of which some stand and some do not: what the target then knows counts, not what was drafted."""
    read(runner, TEXT, [44])
    for accepted, text in ((0, [*TEXT, 5]), (2, [*TEXT, 5, 6, 7, 8])):
        length = runner.length("s")
        check(runner, draft, reference, text[: length + 1])
        rows = [text[length], *text[length + 1 : length + 1 + accepted], *some_ids(3, 9)]
        runner.forward("s", rows, len(rows))
        runner.commit("s", text[: length + 1 + accepted])
        check(runner, draft, reference, text)


def cached(runner: ModelRunner, draft: ModelRunner, reference: Reference) -> None:
    """A prefix that another sequence left in the cache, and one beside a sequence that still runs."""
    read(runner, TEXT, [20, 44])
    other = [*TEXT[:37], *some_ids(9, 4)]
    read(runner, other, [len(other) - 1], "other")
    check(runner, draft, reference, other, "other")
    runner.close("s")
    runner.close("other")
    assert runner.open("s", TEXT[:33]) == 32  # not a row is run: the state comes from the block alone
    check(runner, draft, reference, TEXT[:33])


def crowded(runner: ModelRunner, draft: ModelRunner, reference: Reference) -> None:
    """Rows of several sequences in one pass, of the target and of the layer."""
    texts = {"a": TEXT, "b": some_ids(21, 2), "c": some_ids(34, 3)}
    for name, text in texts.items():
        runner.open(name, ())
        runner.forward(name, text[:12], 1)
    runner.forward_many([Rows(name, text[12:-1], 1) for name, text in texts.items()])
    for name, text in texts.items():
        runner.commit(name, text[:-1])
    logits = draft.forward_many([Rows(name, text[-1:], 1) for name, text in texts.items()])
    for row, text in zip(logits, texts.values()):
        assert worst(row[0], reference.drafted(text, 1)[1][0]) < TOLERANCE


CASES = [whole, rejected, cached, crowded]
Case = Callable[[ModelRunner, ModelRunner, Reference], None]


@pytest.mark.parametrize("case", CASES)
def test_its_logits_are_right_whatever_ran_before(path: Path, reference: Reference, case: Case) -> None:
    runner, draft = runner_with(path, blocks=12, order=BACKWARDS)
    case(runner, draft, reference)
    for name in list(runner.pool.tables()):
        runner.close(name)
    runner.pool.check_integrity()


@pytest.mark.parametrize("case", CASES)
def test_over_recurrent_layers_they_are_right_too(recurrent: tuple[Path, Reference], case: Case) -> None:
    path, reference = recurrent
    runner, draft = runner_with(path, blocks=12, order=BACKWARDS)
    assert runner.decoder.config.recurrent is not None
    case(runner, draft, reference)
    for name in list(runner.pool.tables()):
        runner.close(name)
    runner.pool.check_integrity()


# --------------------------------------------------------------------------- mutants


def own_state_instead_of_the_one_before(patch: Patch) -> None:
    real = TargetStates.take

    def take(self: TargetStates, ids: torch.Tensor, names: list[str], spans: list[object]) -> None:
        for span in spans:
            span.handed.before = span.handed.after[:1]  # type: ignore[attr-defined]
        real(self, ids, names, spans)  # type: ignore[arg-type]

    patch.setattr(TargetStates, "take", take)


def the_first_slot_is_seen(patch: Patch) -> None:
    real = drafting_layer._Behind.attend

    def attend(self: drafting_layer._Behind, layer: int, heads: torch.Tensor) -> torch.Tensor:
        one, view = self._view, self._view

        class Longer:
            def write(self, layer: int, kv: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
                keys, values = view.write(layer, kv)
                return torch.cat((keys[:, :, :1], keys), 2), torch.cat((values[:, :, :1], values), 2)

        self._view = Longer()  # type: ignore[assignment]
        mixed = real(self, layer, heads)
        self._view = one
        return mixed

    patch.setattr(drafting_layer._Behind, "attend", attend)


def states_are_not_taken_back(patch: Patch) -> None:
    real = TargetStates.before

    def before(self: TargetStates, sequence_id: str, start: int) -> torch.Tensor:
        latest = self._latest.get(sequence_id)
        return real(self, sequence_id, start) if latest is None else latest.states[-1:]

    patch.setattr(TargetStates, "before", before)


def a_block_keeps_no_state(patch: Patch) -> None:
    real = TargetStates._keep

    def keep(self: TargetStates, name: str, start: int, states: torch.Tensor) -> None:
        real(self, name, start, states)
        self._ends.zero_()

    patch.setattr(TargetStates, "_keep", keep)


def the_target_writes_nothing(patch: Patch) -> None:
    patch.setattr(NextTokenLayer, "write", lambda *_: None)


def each_step_takes_the_target_s_state(patch: Patch) -> None:
    real = DraftStates.take
    patch.setattr(DraftStates, "take", lambda self, ids, names, spans: real(self, ids, (), spans))


MUTANTS = {
    own_state_instead_of_the_one_before: whole,
    the_first_slot_is_seen: whole,
    the_target_writes_nothing: whole,
    each_step_takes_the_target_s_state: whole,
    states_are_not_taken_back: rejected,
    a_block_keeps_no_state: cached,
}


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda one: one.__name__)
def test_what_is_wrong_shows(
    path: Path, reference: Reference, monkeypatch: Patch, mutant: Callable[[Patch], None]
) -> None:
    mutant(monkeypatch)
    runner, draft = runner_with(path, blocks=12, order=BACKWARDS)
    with pytest.raises(AssertionError):
        MUTANTS[mutant](runner, draft, reference)


# --------------------------------------------------------------------------- the rest


def test_a_step_is_one_row_with_a_state(path: Path) -> None:
    _, draft = runner_with(path)
    draft.open("s", ())
    with pytest.raises(ValueError, match="one row"):
        draft.forward("s", [1, 2], 2)
    assert draft.decoder.format == "float32"
    assert draft.decoder.kernels[0] == "next token"
    assert draft.decoder.weight_bytes > 4 * VOCAB * draft.decoder.config.hidden_size


def test_recorded_passes_hand_hidden_states_on(path: Path, reference: Reference, monkeypatch: Patch) -> None:
    monkeypatch.setattr(step_graphs, "MIN_BLOCKS", 1)
    runner, draft = runner_with(path, blocks=12, order=BACKWARDS)
    recorder = with_graphs(runner)
    runner.open("s", ())
    for i, token in enumerate(TEXT[:-1]):
        assert runner.forward("s", [token], 1)[0].shape == (VOCAB,)
        runner.commit("s", TEXT[: i + 1])
    assert recorder.replayed > 20
    check(runner, draft, reference, TEXT)
    assert isinstance(runner.hidden, TargetStates)
    runner.hidden.stop()
    assert runner.forward("s", TEXT[-1:], 1)[0].shape == (VOCAB,)


def test_a_target_that_nobody_asks_gives_no_states(path: Path, monkeypatch: Patch) -> None:
    runner, _ = runner_with(path)
    runner.hidden = None
    monkeypatch.setattr(type(runner.decoder), "_hidden", None)  # cannot be called
    runner.open("s", ())
    assert runner.forward("s", TEXT, 1)[0].shape == (VOCAB,)
