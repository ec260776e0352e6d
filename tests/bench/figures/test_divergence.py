"""Where replies first differ, and how near the two tokens were."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
import torch

from helix_app.bench.arms import Task, make_request
from helix_app.bench.config import BASELINE, HELIX, BenchConfig
from helix_app.bench.figures import divergence
from helix_app.bench.figures.divergence import find_divergences
from helix_app.bench.records import Divergence, RunRecord
from helix_app.bench.workloads import Prompt
from helix_app.engine.engine import Engine
from helix_app.engine.rounds import certify
from helix_app.engine.rounds.certify import logits_after
from helix_app.engine.rounds.session import prompt_tokens
from helix_app.runs.comparison import first_difference
from tests.bench.instruments import made
from tests.engine.made.tiny import Zoo, check_idle, hf_model, loaded, session_of

ARMS = (BASELINE, HELIX, "transformers")


@pytest.fixture(scope="module")
def engine(zoo: Zoo) -> Iterator[Engine]:
    """A tiny model alone."""
    loaded_engine = loaded(zoo.gguf("llama"))
    yield loaded_engine
    loaded_engine.close()


@pytest.fixture
def task(engine: Engine) -> Task:
    prompt = Prompt("chat", "chat-1", "the cat ran")
    return Task(prompt, make_request(session_of(engine), prompt, BenchConfig()), 5)


def reply(arm: str, *tokens: int, prompt: str = "chat-1", repeat: int = 0) -> RunRecord:
    return made.record(arm, prompt, repeat, token_ids=tokens)


@pytest.mark.parametrize(
    ("a", "b", "position"),
    [
        ((), (), None),
        ((1, 2, 3), (1, 2, 3), None),
        ((1, 2, 3), (1, 5, 3), 1),
        ((1, 2, 3), (9, 2, 3), 0),
        ((1, 2), (1, 2, 3), 2),
        ((1, 2, 3), (1, 2), 2),
        ((), (4,), 0),
        ((4,), (), 0),
    ],
)
def test_the_first_difference(a: tuple[int, ...], b: tuple[int, ...], position: int | None) -> None:
    assert first_difference(a, b) == position


def test_the_gap_is_that_of_a_plain_forward_pass(engine: Engine, task: Task) -> None:
    session = session_of(engine)
    (found,) = find_divergences(session, [task], [reply(BASELINE, 7, 8, 9, 10), reply(HELIX, 7, 8, 20, 10)], ARMS)
    ids = [*prompt_tokens(session, task.request), 7, 8]
    with torch.no_grad():
        logits = hf_model("llama")(torch.tensor([ids])).logits[0, -1]
    assert (found.arm_a, found.arm_b, found.position, found.token_a, found.token_b) == (BASELINE, HELIX, 2, 9, 20)
    assert found.logit_gap == pytest.approx(float(logits[9] - logits[20]), abs=1e-3)
    best = logits.topk(2).values
    assert found.top_two_gap == pytest.approx(float(best[0] - best[1]), abs=1e-3)
    assert (found.text_a, found.text_b) == (session.tokenizer.token_text(9), session.tokenizer.token_text(20))
    check_idle(engine)


@pytest.mark.parametrize(("a", "b", "token_a", "token_b"), [((7, 8), (7, 8, 9), None, 9), ((7, 8, 9), (7, 8), 9, None)])
def test_a_reply_that_ends_where_the_other_goes_on(
    engine: Engine, task: Task, a: tuple[int, ...], b: tuple[int, ...], token_a: int | None, token_b: int | None
) -> None:
    (found,) = find_divergences(session_of(engine), [task], [reply(BASELINE, *a), reply(HELIX, *b)], ARMS)
    assert (found.position, found.token_a, found.token_b) == (2, token_a, token_b)
    assert found.logit_gap is None
    assert found.top_two_gap is not None
    assert found.top_two_gap >= 0


def test_equal_replies_are_no_finding(engine: Engine, task: Task) -> None:
    runs = [reply(arm, 7, 8) for arm in ARMS]
    assert find_divergences(session_of(engine), [task], runs, ARMS) == ()
    assert find_divergences(session_of(engine), [task], runs[:1], ARMS) == ()
    assert find_divergences(session_of(engine), [task], [], ARMS) == ()


def test_first_replies_are_compared_pair_by_pair_in_the_order_of_the_arms(engine: Engine, task: Task) -> None:
    runs = [reply("transformers", 1), reply(HELIX, 2), reply(BASELINE, 2), reply(BASELINE, 9, repeat=1)]
    runs.append(reply(BASELINE, 3, prompt="chat-2"))
    found = find_divergences(session_of(engine), [task], runs, ARMS)
    assert [(d.arm_a, d.arm_b) for d in found] == [(BASELINE, "transformers"), (HELIX, "transformers")]


def outcome(found: tuple[Divergence, ...]) -> list[tuple[int, float | None, float | None]]:
    return [(d.position, d.logit_gap, d.top_two_gap) for d in found]


def test_a_cancelled_run_tells_differences_without_their_gaps(engine: Engine, task: Task) -> None:
    cancel = threading.Event()
    cancel.set()
    runs = [reply(BASELINE, 1, 2), reply(HELIX, 1, 3)]
    assert outcome(find_divergences(session_of(engine), [task], runs, ARMS, cancel)) == [(1, None, None)]


def test_a_failing_forward_pass_loses_no_difference(
    engine: Engine, task: Task, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = []

    def fail(*args: object) -> torch.Tensor:
        calls.append(args)
        raise RuntimeError("the device is gone")

    monkeypatch.setattr(divergence, "logits_after", fail)
    runs = [reply(BASELINE, 1, 2), reply(HELIX, 1, 3), reply("transformers", 5)]
    found = find_divergences(session_of(engine), [task], runs, ARMS)
    assert outcome(found) == [(1, None, None), (0, None, None), (0, None, None)]
    assert len(calls) == 1  # it is not asked again


def test_a_long_reply_goes_through_in_chunks(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    tokens = [5 + i % 200 for i in range(50)]
    whole = logits_after(session_of(engine), tokens)
    monkeypatch.setattr(certify, "CHUNK", 16)
    assert torch.allclose(logits_after(session_of(engine), tokens), whole, atol=1e-4)
    check_idle(engine)
