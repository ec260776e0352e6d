"""A reply's events become a record: what counts as reached, drafted and accepted."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from helix_app.base.errors import HelixError
from helix_app.bench.arms import EngineArm, Task, by_position, make_request, record_of
from helix_app.bench.config import BASELINE, HELIX, BenchConfig
from helix_app.bench.workloads import Prompt
from helix_app.engine.engine import Engine
from helix_app.engine.rounds.session import prompt_tokens
from helix_app.protocol.events import EmittedToken, Event, Finished, PrefillDone, RoundDone, RunMetrics
from tests.engine.made.tiny import Zoo, check_idle, loaded, session_of

TEXT = "the cat sat on the mat, the cat sat on the mat, the cat sat on"


def emitted(count: int) -> tuple[EmittedToken, ...]:
    return tuple(EmittedToken(10 + i, "x", "plain", 0.5) for i in range(count))


def round_done(k: int, accepted: int, tokens: int, verify: float = 0.02) -> RoundDone:
    """A round after which the reply has ``tokens`` tokens, half a second a token."""
    rest: tuple = (None,) * 6
    times = (0.001 * k, verify, 0.0)
    return RoundDone("r", 0, k, (), accepted, emitted(accepted + 1), *times, "auto", *rest, tokens, 0, tokens / 2)


def finished(reason: str = "length", tokens: int = 9) -> Finished:
    metrics = RunMetrics(tokens, 5, 0, 4.5, 2.0, 2.2, 0.5, 0.5, 2.0, 4, 6, 3, 1.5, 0, 4, None, 11)
    return Finished("r", reason, "", tuple(range(tokens)), metrics)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def engine(zoo: Zoo) -> Iterator[Engine]:
    """A model with another one as its draft."""
    made = loaded(zoo.gguf("llama"), zoo.gguf("llama-loopy"))
    yield made
    made.close()


def task_of(engine: Engine, text: str = TEXT, **changes: object) -> Task:
    config = BenchConfig(**{"max_tokens": 24, "k": "fixed:3", **changes})
    request = make_request(session_of(engine), Prompt("chat", "chat-1", text), config)
    return Task(Prompt("chat", "chat-1", text), request, len(prompt_tokens(session_of(engine), request)))


def arms(engine: Engine) -> tuple[EngineArm, EngineArm]:
    session = session_of(engine)
    return EngineArm(BASELINE, session, "autoregressive", "cpu"), EngineArm(HELIX, session, "speculative", "cpu")


# --------------------------------------------------------------------------- counting


@pytest.mark.parametrize(
    ("rounds", "reached", "accepted"),
    [
        ([], (), ()),
        ([(0, 0)], (), ()),
        ([(4, 0)], (1,), (0,)),
        ([(4, 2)], (1, 1, 1), (1, 1, 0)),
        ([(4, 4)], (1, 1, 1, 1), (1, 1, 1, 1)),
        ([(1, 0), (2, 1), (3, 3), (0, 0)], (3, 2, 1), (2, 1, 1)),
    ],
)
def test_a_position_counts_only_when_all_before_it_stood(
    rounds: list[tuple[int, int]], reached: tuple[int, ...], accepted: tuple[int, ...]
) -> None:
    assert by_position(iter(rounds)) == (reached, accepted)


def test_events_become_a_record(engine: Engine) -> None:
    events: list[Event] = [
        PrefillDone("r", 5, 0, 0.5, emitted(1)),
        round_done(0, 0, 2, verify=0.015),
        round_done(4, 1, 4, verify=0.03),
        round_done(2, 2, 7, verify=0.05),
        round_done(0, 0, 8, verify=0.017),
        finished(),
    ]
    task = task_of(engine)
    found = record_of(HELIX, task, iter(events))
    assert (found.arm, found.kind, found.prompt_id, found.seed) == (HELIX, "chat", "chat-1", 11)
    assert (found.tokens, found.token_ids, found.finish_reason) == (9, tuple(range(9)), "length")
    assert found.reached_by_position == (2, 2)
    assert found.accepted_by_position == (2, 1)
    assert found.k_counts == ((0, 2), (2, 1), (4, 1))
    assert found.draft_ms == pytest.approx(3.0)  # of rounds with 4 and 2 tokens
    assert found.verify_ms == pytest.approx(40.0)
    assert found.plain_ms == pytest.approx(16.0)
    assert found.timeline == ((0.5, 1), (1.0, 2), (2.0, 4), (3.5, 7), (4.0, 8))
    assert record_of(BASELINE, task, iter(events)).k_counts == ()


def test_a_reply_without_an_end_is_an_error(engine: Engine) -> None:
    with pytest.raises(HelixError):
        record_of(HELIX, task_of(engine), iter([round_done(0, 0, 1)]))


# --------------------------------------------------------------------------- on a model


def test_both_arms_write_the_same_and_count_alike(engine: Engine) -> None:
    base, helix = (arm.run(task_of(engine), 1, threading.Event()) for arm in arms(engine))
    assert base.token_ids == helix.token_ids
    assert base.tokens == helix.tokens == len(base.token_ids) > 2
    assert base.prompt_tokens == helix.prompt_tokens == task_of(engine).prompt_tokens
    assert (base.drafted_tokens, base.acceptance_rate, base.reached_by_position) == (0, None, ())
    assert base.target_passes == base.tokens - 1
    assert helix.drafted_tokens > 0
    assert helix.target_passes == base.target_passes - helix.accepted_tokens
    assert helix.drafted_tokens == sum(k * n for k, n in helix.k_counts)
    assert sum(helix.accepted_by_position) == helix.accepted_tokens
    assert sum(n for _, n in helix.k_counts) == helix.target_passes
    assert helix.timeline[-1][1] == helix.tokens
    assert helix.peak_memory_bytes is None or helix.peak_memory_bytes > 2**20
    check_idle(engine)


def test_tokens_past_the_end_of_the_reply_do_not_count(zoo: Zoo) -> None:
    made = loaded(zoo.gguf("llama"), zoo.gguf("llama"))  # a draft that is always right: three of three in every round
    session_of(made).eos = frozenset()
    _, helix = arms(made)
    whole = helix.run(task_of(made, "the dog lay"), 1, threading.Event())
    assert (whole.acceptance_rate, whole.finish_reason) == (1.0, "length")
    assert whole.timeline[:3] == tuple((seconds, tokens) for (seconds, _), tokens in zip(whole.timeline, (1, 5, 9)))
    # the reply now ends with the second draft token of its second round
    assert whole.token_ids[6] not in whole.token_ids[:6]
    session_of(made).eos = frozenset({whole.token_ids[6]})
    cut = arms(made)[1].run(task_of(made, "the dog lay"), 1, threading.Event())
    made.close()
    assert (cut.finish_reason, cut.token_ids) == ("eos", whole.token_ids[:7])
    assert (cut.drafted_tokens, cut.accepted_tokens, cut.acceptance_rate) == (5, 5, 1.0)
    assert (cut.reached_by_position, cut.accepted_by_position) == ((2, 2, 1), (2, 2, 1))
    assert cut.k_counts == ((2, 1), (3, 1))
    assert cut.timeline[-1][1] == 7


def test_every_reply_starts_from_a_cold_cache(engine: Engine) -> None:
    _, helix = arms(engine)
    assert [helix.run(task_of(engine), 1, threading.Event()).cached_tokens for _ in range(2)] == [0, 0]


def test_what_one_arm_learns_is_its_own(engine: Engine) -> None:
    session = session_of(engine)
    first, second = arms(engine)
    assert first._session.costs is not second._session.costs
    assert first._session.costs is not session.costs
    assert first._session.runner is second._session.runner is session.runner
    assert first._session.draft is session.draft
    assert first._session.tokenizer is session.tokenizer


def test_a_cancelled_reply_says_so(engine: Engine) -> None:
    cancel = threading.Event()
    cancel.set()
    for arm in arms(engine):
        assert arm.run(task_of(engine), 1, cancel).finish_reason == "cancelled"
    check_idle(engine)


def test_sampled_replies_keep_their_seed_where_k_looks_at_no_clock(engine: Engine) -> None:
    base, helix = arms(engine)
    fixed = task_of(engine, temperature=0.8)
    for arm in (base, helix):
        runs = [arm.run(fixed, 5, threading.Event()) for _ in range(2)]
        assert [run.seed for run in runs] == [5, 5]
        assert runs[0].token_ids == runs[1].token_ids
    assert helix.run(task_of(engine, temperature=0.0, k="auto"), 5, threading.Event()).seed == 5
    free = {helix.run(task_of(engine, temperature=0.8, k="auto"), 5, threading.Event()).seed for _ in range(3)}
    assert len(free) > 1  # the speed-aware policy is measured, and draws seeds of its own


def test_a_model_without_a_chat_template_continues_plain_text(engine: Engine) -> None:
    request = task_of(engine).request
    assert (request.raw, request.messages[0].content, request.prompt) == (False, TEXT, "")
