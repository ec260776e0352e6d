"""The engine on a DirectML device that is simulated strictly: the same tokens as on the CPU, one wait a round."""

from __future__ import annotations

import dataclasses
import random
import threading
from collections.abc import Iterator

import pytest
import torch

from helix_app.doctor.checkup import DIRECTML_OPERATORS
from helix_app.engine.drafts import model, on_device
from helix_app.engine.models.on_device import layers as device_layers
from helix_app.engine.rounds.certify import certify
from helix_app.engine.rounds.replies.judgement import Judgement
from helix_app.engine.rounds.replies.reply import Reply, Round
from helix_app.protocol.events import Failed, Finished, RoundDone
from helix_app.protocol.requests import Grammar, SamplingParams
from tests.engine.directml.directml_work import DRAFTED, counts, coverage
from tests.engine.directml.simulated import There, engine_there, runner_there, simulated
from tests.engine.directml.simulated_directml import DirectMLViolation, SimulatedDirectML
from tests.engine.made.tiny import GREEDY, Zoo, ask, events, finish, loaded, session_of
from tests.engine.runs.crowds import Crowd, Models, alone, check_empty, plain, requests

SHUFFLED = random.Random(5).sample(range(128), 128)
SAMPLINGS = {
    "greedy": GREEDY,
    "penalty": SamplingParams(temperature=0.0, repetition_penalty=1.3),
    "counts": SamplingParams(0.8, presence_penalty=0.6, frequency_penalty=0.5, logit_bias=((60, 2.0),), seed=2),
    "top-k": SamplingParams(temperature=0.8, top_k=5, top_p=1.0, seed=3),
    "top-p": SamplingParams(temperature=1.1, top_k=0, top_p=0.9, seed=4),
    "min-p": SamplingParams(temperature=0.9, top_k=0, top_p=1.0, min_p=0.05, repetition_penalty=1.2, seed=5),
    "all": SamplingParams(temperature=0.7, top_k=20, top_p=0.95, min_p=0.02, repetition_penalty=1.1, seed=6),
}
SEEDED = SamplingParams(temperature=1.0, seed=1)
TEXT = "the cat sat on the mat and the cat sat on the mat and the dog"


@pytest.fixture(scope="module")
def device() -> Iterator[SimulatedDirectML]:
    with simulated() as made:
        yield made


@pytest.fixture(scope="module")
def there(zoo: Zoo, device: SimulatedDirectML) -> There:
    """Models on the device, like those of ``models`` on the CPU."""
    return There(zoo.gguf("llama-loopy"))


# --------------------------------------------------------------------------- the same tokens


@pytest.mark.parametrize(
    ("name", "draft"),
    [(name, "model") for name in SAMPLINGS]
    + [(name, d) for name in ("greedy", "all") for d in ("none", "ngram", "mixed")],
)
def test_a_reply_is_that_of_the_cpu(models: Models, there: There, draft: str, name: str) -> None:
    """Greedy and coupled, whatever is drafted, on scattered blocks."""
    request = ask(TEXT, sampling=SAMPLINGS[name], max_tokens=24, k="fixed:4")
    wanted = plain(models, request)
    got = alone(there.session(draft, order=SHUFFLED), request)
    assert got.token_ids == wanted.token_ids
    if draft != "ngram" or name == "greedy":  # a penalty leaves little to repeat
        assert (got.metrics.drafted_tokens > 0) == (draft != "none")


@pytest.mark.parametrize("name", ["greedy", "all"])
@pytest.mark.parametrize("draft", ["model", "mixed"])
def test_a_reply_with_a_grammar_is_that_of_the_cpu(models: Models, there: There, draft: str, name: str) -> None:
    """Though what is drafted on the device knows of no grammar."""
    grammar = Grammar("regex", "[a-d ]{4,12}: (the cat|the dog)( and [0-9]{1,3})?")
    request = ask(TEXT, sampling=SAMPLINGS[name], max_tokens=40, k="fixed:4", grammar=grammar)
    wanted = plain(models, request)
    got = alone(there.session(draft, order=SHUFFLED), request)
    assert (got.token_ids, got.reason) == (wanted.token_ids, "eos")
    assert got.metrics.drafted_tokens > 0


@pytest.mark.parametrize("draft", ["none", "ngram"])
def test_rejection_sampling_is_that_of_the_cpu(models: Models, there: There, draft: str) -> None:
    sampling = SamplingParams(temperature=0.9, top_k=12, seed=8)
    request = ask(TEXT, sampling=sampling, verify="rejection", max_tokens=24, k="fixed:3")
    assert alone(there.session(draft), request).token_ids == alone(models.session(draft), request).token_ids


def test_a_seeded_reply_with_rejection_is_the_same_again(there: There) -> None:
    """Its draft draws with noise of the host, not with the device's own."""
    sampling = SamplingParams(temperature=0.9, seed=8)
    request = ask(TEXT, sampling=sampling, verify="rejection", max_tokens=24, k="fixed:3")
    first, second = (alone(there.session("model"), request) for _ in range(2))
    assert first.token_ids == second.token_ids
    other = alone(there.session("model"), dataclasses.replace(request, sampling=dataclasses.replace(sampling, seed=9)))
    assert other.token_ids != first.token_ids


def test_a_draft_that_is_the_target_stands_always(zoo: Zoo, device: SimulatedDirectML) -> None:
    """Its last token comes from the cache that the device alone has seen; 1.0 only if nothing of it is wrong."""
    engine = engine_there(zoo.gguf("llama"), zoo.gguf("llama"))
    for sampling in (GREEDY, SAMPLINGS["top-k"], SAMPLINGS["all"]):
        done = finish(engine, ask(TEXT, sampling=sampling, max_tokens=24, k="fixed:4"))
        assert done.metrics.drafted_tokens > 8
        assert done.metrics.acceptance_rate == 1.0


@pytest.mark.parametrize("name", ["llama-tied", "qwen2"])
def test_other_families(zoo: Zoo, device: SimulatedDirectML, name: str) -> None:
    wanted = finish(loaded(zoo.gguf(name), "ngram"), ask(max_tokens=16, k="fixed:3"))
    got = finish(engine_there(zoo.gguf(name), "ngram"), ask(max_tokens=16, k="fixed:3"))
    assert got.token_ids == wanted.token_ids


def test_a_draft_with_fewer_tokens_than_the_target(zoo: Zoo, device: SimulatedDirectML) -> None:
    """Families pad differently: the device fills the columns that the draft does not have."""
    wanted = finish(loaded(zoo.gguf("llama-padded")), ask(TEXT))
    engine = engine_there(zoo.gguf("llama-padded"), zoo.gguf("llama"))
    for sampling in (GREEDY, SamplingParams(temperature=1.0)):
        done = finish(engine, ask(TEXT, sampling=sampling, k="fixed:4"))
        assert done.metrics.drafted_tokens
        assert sampling is not GREEDY or done.token_ids == wanted.token_ids


# --------------------------------------------------------------------------- many at once


@pytest.mark.parametrize("draft", ["ngram", "model", "mixed"])
def test_many_replies_in_one_batch(
    models: Models, there: There, device: SimulatedDirectML, draft: str, small_chunks: None
) -> None:
    """Prompts in chunks beside rounds, forks that copy on write, on a shuffled free list; one wait a step."""
    asked = requests(k="fixed:3")[:4] + requests(SAMPLINGS["all"], k="fixed:3")[2:6]
    asked = [dataclasses.replace(request, request_id=f"{i}") for i, request in enumerate(asked)]
    crowd = Crowd(there.session(draft, order=SHUFFLED)).add(*asked)
    while crowd.scheduler.busy:
        with device.one_round():
            crowd.step()
    check_empty(crowd.session)
    for request in asked:
        wanted = plain(models, request)
        got = crowd.results[request.request_id]
        assert isinstance(got, Finished)
        assert got.token_ids == wanted.token_ids
    assert crowd.session.runner.pool.num_blocks == 128


def test_a_fork_copies_on_write(models: Models, there: There) -> None:
    asked = [ask(TEXT, request_id=f"r{i}", max_tokens=10 + i, k="fixed:3") for i in range(3)]
    crowd = Crowd(there.session("model", order=SHUFFLED)).add(asked[0])
    crowd.step()
    crowd.add(*asked[1:])
    results = crowd.run()
    assert crowd.scheduler.forks
    for request in asked:
        wanted = plain(models, request)
        assert results[request.request_id].token_ids == wanted.token_ids  # type: ignore[union-attr]


def test_preempted_replies_go_on(models: Models, there: There) -> None:
    asked = requests(k="fixed:3", max_tokens=60)[:4]
    crowd = Crowd(there.session("model", blocks=12)).add(*asked)
    results = crowd.run()
    assert crowd.preempted
    for request in asked:
        wanted = plain(models, request)
        assert results[request.request_id].token_ids == wanted.token_ids  # type: ignore[union-attr]


# --------------------------------------------------------------------------- one wait a round


def test_a_draft_that_brings_its_tokens_home_is_caught(
    there: There, device: SimulatedDirectML, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The counter-check of all tests with ``one_round``."""
    real = on_device.first_home

    def brings_home(probs: torch.Tensor, times: torch.Tensor) -> torch.Tensor:
        token = real(probs, times)
        int(token[0])
        return token

    monkeypatch.setattr(on_device, "first_home", brings_home)
    request = ask(TEXT, sampling=SamplingParams(temperature=1.0), k="fixed:1")
    crowd = Crowd(there.session("model")).add(request)

    def step() -> None:
        with device.one_round():
            crowd.step()

    step()
    with pytest.raises(DirectMLViolation, match="2 synchronisations in one round"):
        step()
    crowd.scheduler.close()
    device.violations.clear()


def test_a_long_prompt_costs_the_draft_no_wait(
    there: There, device: SimulatedDirectML, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A draft that has to catch up with many chunks does so in the round it drafts in, and misses none."""
    monkeypatch.setattr(model, "CHUNK", 16)
    session = there.session("model")
    draft_runner = session.draft_runner = runner_there(there.target, 128)
    session.draft = model.ModelDraft(draft_runner, there.target.config.vocab_size)
    crowd = Crowd(session).add(ask("and " * 40, k="fixed:4", max_tokens=12))
    rounds: list[RoundDone] = []
    while crowd.scheduler.busy:
        with device.one_round():
            rounds += [event for event in crowd.step() if isinstance(event, RoundDone)]
    assert sum(event.k for event in rounds) > 4
    assert all(event.accepted == event.k for event in rounds)


def test_what_a_token_and_a_round_ask_of_the_device() -> None:
    """All of it runs there, with one wait, and no more operators than were counted when this was written."""
    whole, less = coverage(torch.float16, 6, 1), coverage(torch.float16, 5, 1)
    assert not whole.violations
    for work, fewer, each, beside in (
        (whole.plain, less.plain, 23, 9),
        (whole.ngram_round, less.ngram_round, 24, 10),
        (whole.model_round, less.model_round, 24, 151),
        (whole.sampled_round, less.sampled_round, 24, 219),
    ):
        assert work.synchronisations == 1
        assert work.total - fewer.total == each
        assert work.total == 6 * each + beside
    assert whole.drafted == DRAFTED


def test_what_doctor_tells_of_it_is_true() -> None:
    assert counts() == DIRECTML_OPERATORS


def test_coverage_says_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(device_layers.F, "silu", lambda x: x.roll(1))
    assert coverage(torch.float16, 1, 1).violations == ("roll falls back to the CPU",)


# --------------------------------------------------------------------------- numbers that are none


@pytest.mark.parametrize(
    ("sampling", "verify"),
    [(GREEDY, "auto"), (SEEDED, "coupled"), (SEEDED, "rejection")],
    ids=["greedy", "coupled", "rejection"],
)
@pytest.mark.parametrize("at", [0, 2])
def test_a_draft_whose_numbers_are_none(
    models: Models, there: There, sampling: SamplingParams, verify: str, at: int
) -> None:
    """What was drawn from them does not count as drafted; the reply goes on without that draft."""
    session = there.session("model")
    runner = session.draft_runner
    assert runner is not None
    real, calls = runner.launch, [0]

    def launch(*args: object, **options: object) -> torch.Tensor:
        calls[0] += 1
        logits = real(*args, **options)  # type: ignore[arg-type]
        return logits * float("nan") if calls[0] == 5 + at else logits

    request = ask(TEXT, sampling=sampling, verify=verify, max_tokens=30, k="fixed:4")
    judge = Reply.judge

    def judged(reply: Reply, plan: Round, rows: torch.Tensor) -> Judgement:
        assert rows.shape[0] == plan.proposal.count + 1
        return judge(reply, plan, rows)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Reply, "judge", judged)
        patch.setattr(runner, "launch", launch)
        crowd = Crowd(session).add(request)
        results = crowd.run()
    got = results["r"]
    assert isinstance(got, Finished)
    rounds = [event for event in crowd.events if isinstance(event, RoundDone)]
    assert [event.k for event in rounds][:3] == [4, at, 0], got.reason
    if verify != "rejection":
        wanted = plain(models, request)
        assert got.token_ids == wanted.token_ids
    for tensor in runner.cache.joined:  # type: ignore[attr-defined]
        assert bool(torch.isfinite(tensor.cpu()).all())


def test_a_target_whose_numbers_are_none_fails_alone(there: There) -> None:
    session = there.session("model", order=SHUFFLED)
    runner, calls = session.runner, [0]
    real = runner.decoder.forward_many

    def forward_many(ids: torch.Tensor, spans: object) -> torch.Tensor:
        calls[0] += 1
        logits = real(ids, spans)  # type: ignore[arg-type]
        return logits * float("nan") if calls[0] == 4 else logits

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(runner.decoder, "forward_many", forward_many)
        results = Crowd(session).add(ask(TEXT, k="fixed:3")).run()
    assert isinstance(results["r"], Failed)
    assert alone(session, ask(TEXT, k="fixed:3")).token_ids


# --------------------------------------------------------------------------- the engine


def test_auto_is_float16(zoo: Zoo, device: SimulatedDirectML) -> None:
    engine = engine_there(zoo.gguf("llama"), zoo.gguf("llama"), dtype="auto")
    assert engine.ready is not None
    assert engine.ready.dtype == "float16"
    assert session_of(engine).runner.decoder.dtype == torch.float16
    done = finish(engine, ask(TEXT, k="fixed:4"))
    assert done.metrics.acceptance_rate == 1.0


def test_the_policy_learns_a_cost_of_drafts_it_never_waits_for(there: There) -> None:
    crowd = Crowd(there.session("model"))
    runner = crowd.session.draft_runner
    assert runner is not None
    runner.costs.add(1, 0, 1000.0)
    crowd.add(ask(TEXT, k="fixed:4"))
    crowd.run()
    rounds = [event for event in crowd.events if isinstance(event, RoundDone) and event.k]
    assert rounds
    for event in rounds:  # most of the time, but not more than there was
        assert event.verify_seconds < event.draft_seconds < 1000


def test_a_certificate_on_the_device(there: There) -> None:
    """Chi-square over the rounds of a sampled reply whose draft drew on the device."""
    request = ask(TEXT, sampling=SamplingParams(temperature=1.0, top_k=30), max_tokens=12, k="fixed:3")
    certified = list(certify(there.session("model"), request, threading.Event()))[-1]
    assert certified.certificate.holds  # type: ignore[union-attr]


def test_cancel_leaves_nothing_behind(there: There) -> None:
    cancel = threading.Event()
    crowd = Crowd(there.session("model")).add(ask(TEXT, k="fixed:4", max_tokens=40), cancel=cancel)
    for _ in range(4):
        crowd.step()
    cancel.set()
    assert crowd.run()["r"].reason == "cancelled"  # type: ignore[union-attr]


def test_events_carry_what_was_drafted(zoo: Zoo, device: SimulatedDirectML) -> None:
    """Also where the host learns it only after the pass."""
    engine = engine_there(zoo.gguf("llama-loopy"), zoo.gguf("llama-loopy", seed=1))
    sampling = SamplingParams(temperature=1.0)
    rounds = [e for e in events(engine, ask(TEXT, sampling=sampling, k="fixed:3")) if isinstance(e, RoundDone)]
    assert any(event.k == 3 for event in rounds)
    for event in rounds:
        assert len(event.proposed) == event.k
        assert all(0 < token.draft_prob <= 1 for token in event.proposed)
