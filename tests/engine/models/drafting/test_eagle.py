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
from helix_app.engine.models.drafting.hidden_states import TargetStates
from helix_app.engine.models.tensors.head_weights import HeadWeights
from helix_app.modelfiles.draft_head import HeadFiles
from tests.engine.made.heads import HeadReference, Layout, head_for
from tests.engine.made.tiny import VOCAB, Zoo
from tests.engine.models.drafting.cases import (
    BACKWARDS,
    CASES,
    COMMON,
    TEXT,
    Case,
    Pair,
    Patch,
    check_case,
    read,
    stepped,
    whole,
)
from tests.engine.models.packed.test_decoder import packed_runner
from tests.engine.models.test_decoder import TOLERANCE, worst
from tests.engine.models.test_step_graphs import with_graphs
from tests.engine.runs.head_runs import drafter, head_of, joined, target_of


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


def check(pair: Pair, reference: HeadReference, text: list[int], name: str = "s") -> None:
    """As ``cases.check``, and the head's drafts are the reference's among all tokens."""
    drafts, rows = stepped(pair, reference, text, name)
    assert [int(one.argmax()) for one in drafter(pair[1]).fit(rows)] == drafts


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


@pytest.mark.parametrize("case", CASES)
def test_its_logits_are_right_whatever_ran_before(pair: Pair, reference: HeadReference, case: Case) -> None:
    check_case(case, pair, reference, check)


# --------------------------------------------------------------------------- mutants


def map_without_its_shift(patch: Patch) -> None:
    patch.setattr(HeadWeights, "tokens", lambda self, _: torch.arange(self._files.draft_vocab))


def states_of_the_next_layer(patch: Patch) -> None:
    """As if the layers named were those whose output is taken."""
    patch.setattr(HeadFiles, "taken", lambda self, layers: tuple(min(i + 1, layers) for i in self.layers))


def one_layer_thrice(patch: Patch) -> None:
    patch.setattr(HeadFiles, "taken", lambda self, layers: (self.layers[-1],) * len(self.layers))


def the_target_writes_nothing(patch: Patch) -> None:
    patch.setattr(EagleHead, "write", lambda *_: None)


def embedding_and_state_exchanged(patch: Patch) -> None:
    real = EagleHead._begun

    def begun(self: EagleHead, ids: torch.Tensor, before: torch.Tensor) -> Any:
        x, given = real(self, ids, before)
        return x, given.roll(given.shape[1] // 2, 1)

    patch.setattr(EagleHead, "_begun", begun)


MUTANTS: dict[Callable[[Patch], None], Case] = {
    map_without_its_shift: whole,
    states_of_the_next_layer: whole,
    one_layer_thrice: whole,
    the_target_writes_nothing: whole,
    embedding_and_state_exchanged: whole,
    **COMMON,
}


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda one: one.__name__)
def test_what_is_wrong_shows(
    target: Decoder, root: Path, reference: HeadReference, monkeypatch: Patch, mutant: Callable[[Patch], None]
) -> None:
    mutant(monkeypatch)
    pair = joined((target, head_of(target, root / "head")), 12, BACKWARDS)
    with pytest.raises(AssertionError):
        MUTANTS[mutant](pair, reference, check)


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
