"""The layer that drafts gives the logits of the same layer by hand, whatever ran before, beside and after it; and what
is wrong with it shows there."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from helix_app.engine.models import step_graphs
from helix_app.engine.models.drafting import layer as drafting_layer
from helix_app.engine.models.drafting.hidden_states import TargetStates
from helix_app.engine.models.drafting.next_token import NextTokenLayer
from tests.engine.made.next_token import Reference, reference_of, with_layer
from tests.engine.made.tiny import VOCAB
from tests.engine.models.drafting.cases import (
    BACKWARDS,
    CASES,
    COMMON,
    TEXT,
    Case,
    Patch,
    check_case,
    check_steps,
    read,
    whole,
)
from tests.engine.models.test_step_graphs import with_graphs
from tests.engine.runs.next_token_runs import runner_with

NAME = "qwen3"
OWNS = [(), ("norm",), ("norm", "lm_head", "embed_tokens")]
RECURRENT = [(name, kind) for name in ("qwen35", "qwen3_5_moe") for kind in ("gguf", "folder")]
RECURRENT.append(("qwen3_next", "folder"))  # whose converter leaves the layer out


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


@pytest.mark.parametrize("normed", [False, True])
@pytest.mark.parametrize("own", OWNS, ids=str)
@pytest.mark.parametrize("kind", ["gguf", "folder"])
def test_it_is_the_layer_by_hand(root: Path, kind: str, own: tuple[str, ...], normed: bool) -> None:
    """Whichever format, whichever weights are its own, and whichever hidden states it takes."""
    reference = reference_of(NAME, own, normed)
    pair = runner_with(with_layer(NAME, reference, root, kind), normed, order=BACKWARDS[4:])
    read(pair[0], TEXT, [16, 31, 32, 33, 44])
    check_steps(pair, reference, TEXT)


@pytest.mark.parametrize("case", CASES)
def test_its_logits_are_right_whatever_ran_before(path: Path, reference: Reference, case: Case) -> None:
    check_case(case, runner_with(path, blocks=12, order=BACKWARDS), reference)


@pytest.mark.parametrize("case", CASES)
def test_over_recurrent_layers_they_are_right_too(recurrent: tuple[Path, Reference], case: Case) -> None:
    path, reference = recurrent
    pair = runner_with(path, blocks=12, order=BACKWARDS)
    assert pair[0].decoder.config.recurrent is not None
    check_case(case, pair, reference)


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


def the_target_writes_nothing(patch: Patch) -> None:
    patch.setattr(NextTokenLayer, "write", lambda *_: None)


MUTANTS: dict[Callable[[Patch], None], Case] = {
    own_state_instead_of_the_one_before: whole,
    the_first_slot_is_seen: whole,
    the_target_writes_nothing: whole,
    **COMMON,
}


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda one: one.__name__)
def test_what_is_wrong_shows(
    path: Path, reference: Reference, monkeypatch: Patch, mutant: Callable[[Patch], None]
) -> None:
    mutant(monkeypatch)
    pair = runner_with(path, blocks=12, order=BACKWARDS)
    with pytest.raises(AssertionError):
        MUTANTS[mutant](pair, reference, check_steps)


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
    pair = runner_with(path, blocks=12, order=BACKWARDS)
    runner, recorder = pair[0], with_graphs(pair[0])
    runner.open("s", ())
    for i, token in enumerate(TEXT[:-1]):
        assert runner.forward("s", [token], 1)[0].shape == (VOCAB,)
        runner.commit("s", TEXT[: i + 1])
    assert recorder.replayed > 20
    check_steps(pair, reference, TEXT)
    assert isinstance(runner.hidden, TargetStates)
    runner.hidden.stop()
    assert runner.forward("s", TEXT[-1:], 1)[0].shape == (VOCAB,)


def test_a_target_that_nobody_asks_gives_no_states(path: Path, monkeypatch: Patch) -> None:
    runner, _ = runner_with(path)
    runner.hidden = None
    monkeypatch.setattr(type(runner.decoder), "_hidden", None)  # cannot be called
    runner.open("s", ())
    assert runner.forward("s", TEXT, 1)[0].shape == (VOCAB,)
