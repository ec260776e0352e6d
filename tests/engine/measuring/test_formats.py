"""The number format is chosen by whole steps, and not by what another program did to them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from helix_app.engine.kernels import low_bit
from helix_app.engine.machine import measured, quiet
from helix_app.engine.machine.devices.device import cpu
from helix_app.engine.measuring import formats
from helix_app.engine.measuring.formats import pick_dtype
from helix_app.modelfiles.config import ModelConfig

CPU = torch.device("cpu")
TINY = ModelConfig(
    architecture="llama",
    vocab_size=96,
    hidden_size=64,
    intermediate_size=96,
    num_layers=3,
    num_heads=4,
    num_kv_heads=2,
    head_dim=16,
    context_length=64,
)
QUIET = {"float32": 0.040, "bfloat16": 0.028, "int4": 0.020}
DISTURBED = {"float32": 0.050, "bfloat16": 0.090, "int4": 0.120}


class Steps:
    """What steps take, and how busy the machine is."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.seconds, self.busy, self.asked = dict(QUIET), 1.0, 0
        patch.setattr(formats, "_measure", self._measure)
        patch.setattr(quiet, "busyness", lambda best=1.0: (self.busy, min(best, 1.0)))
        patch.setattr(low_bit, "exists", lambda bits, device: device.type == "cpu")

    def _measure(self, config: ModelConfig) -> dict[str, float]:
        self.asked += 1
        return dict(self.seconds)


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HELIX_HOME", str(tmp_path))


@pytest.fixture
def steps(monkeypatch: pytest.MonkeyPatch) -> Steps:
    return Steps(monkeypatch)


def another_program() -> None:
    measured._here.clear()


@pytest.mark.parametrize("fastest", ["float32", "bfloat16"])
def test_auto_takes_the_dense_format_with_the_shortest_step(steps: Steps, fastest: str) -> None:
    steps.seconds[fastest] = 0.025
    assert pick_dtype("auto", cpu(), TINY) == formats.DENSE[fastest]
    assert formats.int4_share(TINY, CPU) == pytest.approx(0.020 / 0.025)


@pytest.mark.parametrize("kind", ["directml", "cuda"])
def test_a_card_without_bfloat16_computes_gemma_in_float32(monkeypatch: pytest.MonkeyPatch, kind: Any) -> None:
    """What it adds to its hidden states grows beyond what float16 holds."""
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda: False)
    card = replace(cpu(), kind=kind)
    assert pick_dtype("auto", card, TINY) == torch.float16
    assert pick_dtype("auto", card, replace(TINY, post_norms=True)) == torch.float32


def test_the_share_may_be_of_the_format_in_use(steps: Steps) -> None:
    assert formats.int4_share(TINY, CPU, torch.float32) == pytest.approx(0.5)
    assert formats.int4_share(TINY, torch.device("cuda")) == float("inf")


def test_a_busy_first_start_decides_as_a_quiet_one_does(steps: Steps) -> None:
    """Seen: float32 was taken and four bits refused until a file was deleted by hand."""
    steps.busy, steps.seconds = 3.0, dict(DISTURBED)
    assert pick_dtype("auto", cpu(), TINY) == torch.float32
    another_program()
    steps.busy, steps.seconds = 1.0, dict(QUIET)
    assert pick_dtype("auto", cpu(), TINY) == torch.bfloat16
    assert formats.int4_share(TINY, CPU) < 1
    another_program()
    steps.busy, steps.seconds = 3.0, dict(DISTURBED)  # what a quiet start kept is not measured again
    assert pick_dtype("auto", cpu(), TINY) == torch.bfloat16
    assert steps.asked == 2


def test_formats_that_are_close_are_tried_again(steps: Steps) -> None:
    steps.seconds["float32"] = 1.02 * steps.seconds["bfloat16"]
    for _ in range(2):
        formats.choose_dtype(TINY)
        another_program()
    assert steps.asked == 2


@pytest.mark.parametrize(("in_use", "wrong"), [(0.028, False), (0.040, False), (0.050, True), (0.015, True)])
def test_what_steps_take_in_use_judges_the_trial(steps: Steps, in_use: float, wrong: bool) -> None:
    assert not formats.contradicts(TINY, "bfloat16", in_use)  # nothing is known, and nothing is measured for it
    assert steps.asked == 0
    formats.choose_dtype(TINY)
    assert formats.contradicts(TINY, "bfloat16", in_use) is wrong
    formats.forget(TINY)
    formats.choose_dtype(TINY)
    assert steps.asked == 2


def test_a_real_trial_knows_every_format_that_exists() -> None:
    seconds = formats.step_seconds(TINY)
    assert set(seconds) == {*formats.DENSE, *(["int4"] if low_bit.exists(4, CPU) else [])}
    assert all(0 < s < 10 for s in seconds.values())
    assert formats.choose_dtype(TINY) in formats.DENSE.values()


def test_without_memory_for_a_trial_the_smaller_format_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(formats, "free_memory", lambda: 1000)
    assert formats.step_seconds(TINY) == {}
    assert formats.choose_dtype(TINY) == torch.bfloat16
    assert formats.int4_share(TINY, CPU) in (1.0, float("inf"))  # whoever asks for four bits gets them
    another_program()
    monkeypatch.setattr(formats, "free_memory", lambda: None)
    assert formats.step_seconds(TINY)  # it was not kept


@pytest.mark.parametrize(
    ("shape", "layers"),
    [
        ({}, 3),  # too small to fill the trial
        ({"hidden_size": 576, "intermediate_size": 1536, "num_layers": 30, "vocab_size": 49152}, 9),
        ({"hidden_size": 4096, "intermediate_size": 14336, "num_layers": 32, "vocab_size": 128256}, 1),
    ],
)
def test_a_trial_has_few_layers_and_leaves_the_caches(shape: dict[str, int], layers: int) -> None:
    config = replace(TINY, num_heads=9, num_kv_heads=3, head_dim=64, **shape) if shape else TINY
    trial = formats._trial(config)
    assert trial.num_layers == layers
    assert layers == config.num_layers or formats._weights(trial) >= formats._WEIGHTS
