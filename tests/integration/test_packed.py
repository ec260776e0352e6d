"""The default model on its file's own blocks: near the dense weights, and the same bits whatever runs beside a row."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from helix_app.engine.engine import Engine
from helix_app.protocol.events import Finished
from helix_app.protocol.requests import SamplingParams
from tests.engine.made.tiny import ask, finish, session_of
from tests.engine.models.packed.test_decoder import packed_runner
from tests.integration.lending import PARAGRAPH, Lend, logs_after

pytestmark = pytest.mark.model
KL = 0.006  # nats a token from the weights in float32; measured 0.0039 on average: activations of eight bits
SUBJECTS = (
    "the sea",
    "a fox",
    "old maps",
    "bread",
    "winter",
    "a river",
    "two friends",
    "the moon",
    "trains",
    "a garden",
)
FORMS = (
    "Write a short story about {}.",
    "List five facts about {}, then list them again.",
    "Explain {} to a child.",
    "Write a poem about {}.",
    "Give three questions about {} and answer them.",
    "Repeat the words {} eight times.",
)


@pytest.fixture(scope="module")
def engine(lend: Lend) -> Engine:
    made = lend("auto")
    assert made.ready is not None
    if made.ready.dtype != "packed":
        pytest.skip("no packed kernels here")
    return made


def test_auto_takes_it_and_its_memory_is_the_file(engine: Engine, default_model: Path) -> None:
    decoder = session_of(engine).runner.decoder
    assert decoder.can_be_exact
    assert decoder.weight_bytes < default_model.stat().st_size


def test_it_is_near_the_dense_weights(default_model: Path, engine: Engine, exact_logs: torch.Tensor) -> None:
    """KL from the dequantised weights in float32, after each token of a paragraph."""
    ids = session_of(engine).tokenizer.encode(PARAGRAPH)
    exact, packed = exact_logs, logs_after(packed_runner(default_model), ids)
    divergence = (exact.exp() * (exact - packed)).sum(-1)
    print(f"KL {divergence.mean():.5f} on average, {divergence.max():.5f} at worst")
    assert 0 < divergence.mean() < KL
    assert (exact.argmax(-1) == packed.argmax(-1)).double().mean() > 0.95


def pairs(
    engine: Engine, prompts: list[str], sampling: SamplingParams, tokens: int
) -> Iterator[tuple[Finished, Finished]]:
    """Each prompt's reply with drafts and without, apart from what the cache holds of the other."""
    for prompt in prompts:
        request = {"sampling": sampling, "max_tokens": tokens}
        drafted = finish(engine, ask(prompt, k="fixed:4", **request))
        session_of(engine).clear_caches()
        yield drafted, finish(engine, ask(prompt, mode="autoregressive", **request))


def prompts(count: int) -> list[str]:
    every = [form.format(subject) for subject in SUBJECTS for form in FORMS]
    return random.Random(1).sample(every, min(count, len(every)))


@pytest.mark.parametrize("temperature", [0.0, 0.7, 1.3])
def test_drafts_change_no_token(engine: Engine, temperature: float) -> None:
    sampling = SamplingParams(temperature=temperature, seed=None if temperature == 0 else 5)
    drafted_tokens = 0
    for drafted, plain in pairs(engine, prompts(4), sampling, 24):
        assert drafted.token_ids == plain.token_ids
        drafted_tokens += drafted.metrics.drafted_tokens
        assert plain.metrics.drafted_tokens == 0
    assert drafted_tokens > 0


def test_a_prompt_in_one_pass_or_in_many_has_the_same_logits(default_model: Path, engine: Engine) -> None:
    ids = session_of(engine).tokenizer.encode(PARAGRAPH)
    found, runner = [], packed_runner(default_model)
    for size in (len(ids), 8, 5, 1):
        parts = []
        runner.open("s", ())  # without ids nothing is taken from the cache
        for begin in range(0, len(ids), size):
            part = ids[begin : begin + size]
            parts.append(runner.forward("s", part, len(part)).clone())
        runner.close("s")
        found.append(torch.cat(parts))
    assert all(torch.equal(found[0], other) for other in found[1:])
