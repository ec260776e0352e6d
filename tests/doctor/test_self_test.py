"""The self-test passes on a whole device, and a broken one fails it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch

from helix_app.doctor import self_test
from helix_app.engine.models.runner import ModelRunner

CPU = torch.device("cpu")


def broken(change: Callable[[torch.Tensor], torch.Tensor]) -> Callable[[], ModelRunner]:
    """A runner whose logits are changed on their way."""

    def make() -> ModelRunner:
        runner = self_test.make_runner(CPU)
        forward = runner.forward
        runner.forward = lambda *args, **options: change(forward(*args, **options))  # type: ignore[method-assign]
        return runner

    return make


def test_the_cpu_passes_with_accepted_drafts() -> None:
    said = self_test.run("cpu")
    assert said["whole"]
    assert said["tokens_equal"]
    assert said["difference"] == 0.0
    assert 0 < said["accepted"] <= said["drafted"]
    assert said["first_ms"] > 0
    assert said["second_ms"] > 0


def test_other_logits_fail() -> None:
    said = self_test.compare(broken(lambda logits: logits + 0.01))
    assert not said["whole"]
    assert said["tokens_equal"]
    assert said["difference"] == pytest.approx(0.01, rel=0.01)


def test_numbers_that_are_not_numbers_fail() -> None:
    said = self_test.compare(broken(lambda logits: logits * float("nan")))
    assert not said["whole"]
    assert said["difference"] is None


def test_wrong_rows_of_a_round_fail() -> None:
    """A device that mixes up rows shows in the tokens, even where a whole prompt is right."""
    said = self_test.compare(broken(lambda logits: logits.roll(1, 0) if 1 < len(logits) < 8 else logits))
    assert not said["whole"]
    assert not said["tokens_equal"]


def test_the_greedy_choices_are_clear() -> None:
    """Rounding must not decide a token: the leading logits stand far apart against the tolerance."""
    runner = self_test.make_runner(CPU)
    tokens, _, _ = self_test._reply(runner, None)
    runner.open("all", ())
    logits = runner.forward("all", [*self_test._PROMPT, *tokens], len(tokens) + 1)
    first, second = logits.topk(2).values.unbind(-1)
    assert float((first - second).min()) > 10 * self_test.TOLERANCE
