"""A draft head gives the logits of the same head by hand, whatever ran before, beside and after it; and what is wrong
with it shows there."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from helix_app.engine.models import step_graphs
from helix_app.engine.models.decoder import Decoder
from helix_app.engine.models.drafting.eagle import EagleHead
from helix_app.engine.models.drafting.hidden_states import DraftStates, TargetStates
from helix_app.engine.models.runner import ModelRunner, Rows
from helix_app.engine.models.tensors.head_weights import HeadWeights
from helix_app.modelfiles.draft_head import HeadFiles
from tests.engine.made.heads import HeadReference, Layout, head_for
from tests.engine.made.tiny import VOCAB, Zoo
from tests.engine.models.drafting.test_next_token import BACKWARDS, DRAFTED, TEXT, read
from tests.engine.models.packed.test_decoder import packed_runner
from tests.engine.models.test_decoder import TOLERANCE, some_ids, worst
from tests.engine.models.test_step_graphs import with_graphs
from tests.engine.runs.head_runs import drafter, head_of, joined, target_of

Patch = pytest.MonkeyPatch
Pair = tuple[ModelRunner, ModelRunner]


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("heads")


@pytest.fixture(scope="module")
def reference(root: Path) -> HeadReference:
    made = head_for("qwen3")
    made.save(root / "head")
    return made


@pytest.fixture(scope="module")
def target(zoo: Zoo) -> Decoder:
    return target_of(zoo.gguf("qwen3"))


@pytest.fixture
def pair(target: Decoder, root: Path, reference: HeadReference) -> Pair:
    return joined((target, head_of(target, root / "head")), 12, BACKWARDS)


def check(pair: Pair, reference: HeadReference, text: list[int], name: str = "s", tolerance: float = TOLERANCE) -> None:
    """Steps after a text, and after each of the reference's drafts, have its logits. The slots are given back."""
    runner, draft = pair
    drafts, want = reference.drafted(text, DRAFTED + 1)
    at, rows = runner.length(name), []
    assert at == len(text) - 1
    for token in (text[-1], *drafts[:-1]):
        rows.append(draft.forward(name, [token], 1)[0])
    runner.pool.truncate(name, at)
    assert draft.hidden is not None
    draft.hidden.forget(name)
    assert worst(torch.stack(rows), torch.stack(want)) < tolerance
    assert [int(one.argmax()) for one in drafter(draft).fit(torch.stack(rows))] == drafts


SHAPES: dict[str, tuple[str, Layout, tuple[int, ...], dict[str, Any]]] = {
    "eagle": ("llama", "eagle", (0, 1, 2), {}),
    "specforge": ("qwen3", "specforge", (0, 1, 2), {}),
    "speculators": ("qwen2", "speculators", (0, 1, 2), {"normed_residual": True, "own_embeddings": True}),
    "as EAGLE takes them": ("smollm3", "eagle", (1, 2, 2), {}),
    "other heads": ("llama", "specforge", (0, 1, 2), {"heads": (4, 1, 8)}),
    "narrow": ("qwen3", "eagle", (0, 1, 1), {"hidden": 48, "heads": (6, 2, 8)}),
    "all tokens": ("llama", "eagle", (1, 2), {"drafted": 0}),
    "windows": ("mistral-window", "eagle", (0, 1, 2), {}),
    "experts and sinks": ("gpt_oss", "specforge", (0, 2, 3), {"heads": (4, 2, 8)}),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_it_is_the_head_by_hand(zoo: Zoo, root: Path, shape: str) -> None:
    """In each layout that heads are published in; with its keys and values in blocks of its own size, too."""
    name, layout, layers, options = SHAPES[shape]
    made = head_for(name, layers, **options)
    target = target_of(zoo.folder(name) if "window" in name or "gpt" in name else zoo.gguf(name))
    pair = joined((target, head_of(target, made.save(root / shape, layout))), 8, BACKWARDS[4:])
    assert isinstance(pair[1].decoder, EagleHead)
    assert pair[1].decoder.layers == layers
    read(pair[0], TEXT, [16, 31, 32, 33, 44])
    check(pair, made, TEXT)
    pair[0].close("s")
    pair[0].pool.check_integrity()


@pytest.mark.soak
@pytest.mark.parametrize(
    "name", ["gemma3", "gemma4", "granite", "ministral3", "phi3", "qwen2_moe", "qwen35", "qwen3_moe"]
)
def test_over_any_kind_of_model_it_is_the_head_by_hand(zoo: Zoo, root: Path, name: str) -> None:
    made, target = head_for(name), target_of(zoo.folder(name))
    pair = joined((target, head_of(target, made.save(root / name))), 8, BACKWARDS[4:])
    read(pair[0], TEXT, [16, 31, 44])
    check(pair, made, TEXT)


@pytest.mark.parametrize("heads", [None, (4, 4, 16)], ids=["its heads", "other heads"])
def test_recorded_passes_hand_hidden_states_on(
    zoo: Zoo, root: Path, monkeypatch: Patch, heads: tuple[int, int, int] | None
) -> None:
    """Beside a head of other sizes too, whose keys and values lie in a tensor of their own."""
    monkeypatch.setattr(step_graphs, "MIN_BLOCKS", 1)
    made, target = head_for("llama", **({} if heads is None else {"heads": heads})), target_of(zoo.folder("llama"))
    pair = joined((target, head_of(target, made.save(root / f"recorded-{heads}"))), 8, BACKWARDS[4:])
    runner, text = pair[0], TEXT[:30]
    recorder = with_graphs(runner)
    runner.open("s", ())
    for i, token in enumerate(text[:-1]):
        assert runner.forward("s", [token], 1)[0].shape == (VOCAB,)
        runner.commit("s", text[: i + 1])
    assert recorder.replayed > 10
    check(pair, made, text)


@pytest.mark.parametrize("packed_head", [False, True])
@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("llama", {}),
        ("llama", {"heads": (4, 4, 16)}),
        ("gemma4-loopy", {}),
        ("qwen3_5_moe-loopy", {"heads": (4, 1, 16)}),
    ],
    ids=["plain", "other heads", "layers that differ", "experts"],
)
def test_over_packed_weights_it_is_that_head_too(
    zoo: Zoo, root: Path, packed_head: bool, name: str, options: dict[str, Any]
) -> None:
    """Whose activations are rounded, and its own weights, too; against the same target and head unpacked."""
    made, path = head_for(name, **options), zoo.gguf(name, quant="Q8_0")
    folder = made.save(root / f"packed-{name}-{len(options)}")
    plain = packed_runner(path)
    target: Any = plain.decoder
    packed = joined((target, head_of(target, folder, packed=packed_head)), 8, BACKWARDS[4:])
    dense = target_of(path)
    both = packed, joined((dense, head_of(dense, folder)), 8)
    for runner, _ in both:
        read(runner, TEXT, [16, 31, 33, 44])
    taken = [runner.hidden.before("s", 44) for runner, _ in both if isinstance(runner.hidden, TargetStates)]
    assert 0 < float((taken[0] - taken[1]).norm() / taken[1].norm()) < 0.05
    logits = [draft.forward("s", TEXT[44:], 1) for _, draft in both]
    assert 0 < float((logits[0] - logits[1]).norm() / logits[1].norm()) < 0.05
    again = []
    for runner in (plain, packed[0]):  # handing states out changes no bit
        target.gives_hidden = runner is not plain
        runner.close("s")
        runner.pool.clear_cache()
        runner.open("s", TEXT)
        again.append(runner.forward("s", TEXT, 5))
    assert torch.equal(*again)


def whole(pair: Pair, reference: HeadReference) -> None:
    """A prompt in one pass, and in pieces."""
    read(pair[0], TEXT, [44])
    check(pair, reference, TEXT)
    pair[0].close("s")
    pair[0].pool.clear_cache()
    read(pair[0], TEXT, [7, 8, 44])
    check(pair, reference, TEXT)


def rejected(pair: Pair, reference: HeadReference) -> None:
    """Drafts of which some stand and some do not: what the target then knows counts, not what was drafted."""
    runner, _ = pair
    read(runner, TEXT, [44])
    for accepted, text in ((0, [*TEXT, 5]), (2, [*TEXT, 5, 6, 7, 8])):
        length = runner.length("s")
        check(pair, reference, text[: length + 1])
        rows = [text[length], *text[length + 1 : length + 1 + accepted], *some_ids(3, 9)]
        runner.forward("s", rows, len(rows))
        runner.commit("s", text[: length + 1 + accepted])
        check(pair, reference, text)


def cached(pair: Pair, reference: HeadReference) -> None:
    """A prefix that another sequence left in the cache, and one beside a sequence that still runs."""
    runner, _ = pair
    read(runner, TEXT, [20, 44])
    other = [*TEXT[:37], *some_ids(9, 4)]
    read(runner, other, [len(other) - 1], "other")
    check(pair, reference, other, "other")
    runner.close("s")
    runner.close("other")
    assert runner.open("s", TEXT[:33]) == 32  # not a row is run: the state comes from the block alone
    check(pair, reference, TEXT[:33])


def crowded(pair: Pair, reference: HeadReference) -> None:
    """Rows of several sequences in one pass, of the target and of the head."""
    runner, draft = pair
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


@pytest.mark.parametrize("case", CASES)
def test_its_logits_are_right_whatever_ran_before(
    pair: Pair, reference: HeadReference, case: Callable[[Pair, HeadReference], None]
) -> None:
    case(pair, reference)
    for name in list(pair[0].pool.tables()):
        pair[0].close(name)
    pair[0].pool.check_integrity()


# --------------------------------------------------------------------------- mutants


def map_without_its_shift(patch: Patch) -> None:
    patch.setattr(HeadWeights, "tokens", lambda self, _: torch.arange(self._files.draft_vocab))


def states_of_the_next_layer(patch: Patch) -> None:
    """As if the layers named were those whose output is taken."""
    patch.setattr(HeadFiles, "taken", lambda self, layers: tuple(min(i + 1, layers) for i in self.layers))


def one_layer_thrice(patch: Patch) -> None:
    patch.setattr(HeadFiles, "taken", lambda self, layers: (self.layers[-1],) * len(self.layers))


def state_of_a_rejected_row_kept(patch: Patch) -> None:
    real = TargetStates.before

    def before(self: TargetStates, sequence_id: str, start: int) -> torch.Tensor:
        latest = self._latest.get(sequence_id)
        return real(self, sequence_id, start) if latest is None else latest.states[-1:]

    patch.setattr(TargetStates, "before", before)


def states_unfused_in_blocks(patch: Patch) -> None:
    real = TargetStates._keep

    def keep(self: TargetStates, name: str, start: int, states: torch.Tensor) -> None:
        real(self, name, start, states)
        self._ends.zero_()

    patch.setattr(TargetStates, "_keep", keep)


def the_target_writes_nothing(patch: Patch) -> None:
    patch.setattr(EagleHead, "write", lambda *_: None)


def each_step_takes_the_target_s_state(patch: Patch) -> None:
    real = DraftStates.take
    patch.setattr(DraftStates, "take", lambda self, ids, names, spans: real(self, ids, (), spans))


def embedding_and_state_exchanged(patch: Patch) -> None:
    real = EagleHead._begun

    def begun(self: EagleHead, ids: torch.Tensor, before: torch.Tensor) -> Any:
        x, given = real(self, ids, before)
        return x, given.roll(given.shape[1] // 2, 1)

    patch.setattr(EagleHead, "_begun", begun)


MUTANTS: dict[Callable[[Patch], None], Callable[[Pair, HeadReference], None]] = {
    map_without_its_shift: whole,
    states_of_the_next_layer: whole,
    one_layer_thrice: whole,
    the_target_writes_nothing: whole,
    each_step_takes_the_target_s_state: whole,
    embedding_and_state_exchanged: whole,
    state_of_a_rejected_row_kept: rejected,
    states_unfused_in_blocks: cached,
}


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda one: one.__name__)
def test_what_is_wrong_shows(
    target: Decoder, root: Path, reference: HeadReference, monkeypatch: Patch, mutant: Callable[[Patch], None]
) -> None:
    mutant(monkeypatch)
    pair = joined((target, head_of(target, root / "head")), 12, BACKWARDS)
    with pytest.raises(AssertionError):
        MUTANTS[mutant](pair, reference)


# --------------------------------------------------------------------------- the rest


def test_what_it_is(pair: Pair) -> None:
    head = pair[1].decoder
    assert isinstance(head, EagleHead)
    assert (head.format, head.kernels[0], head.vocabulary) == ("float32", "eagle head of 120", VOCAB)
    matrices = head.files.parameters
    assert matrices < head.parameters < 1.02 * matrices
    assert head.weight_bytes < 4 * head.parameters


def test_tokens_outside_its_vocabulary_have_no_probability(pair: Pair, reference: HeadReference) -> None:
    wide = drafter(pair[1]).fit(torch.zeros(2, 120))
    assert wide.shape == (2, VOCAB)
    assert torch.isfinite(wide).nonzero()[:, 1].unique().tolist() == reference.tokens.tolist()


def test_a_state_is_what_the_head_makes_of_three(pair: Pair, reference: HeadReference) -> None:
    runner, _ = pair
    read(runner, TEXT, [20])
    assert isinstance(runner.hidden, TargetStates)
    with torch.no_grad():
        want = reference.fc(reference.states(torch.tensor([TEXT[:20]])))[0]
    assert worst(runner.hidden.before("s", 20), want[19:20]) < TOLERANCE
    assert worst(runner.hidden.before("s", 16), want[15:16]) < TOLERANCE
