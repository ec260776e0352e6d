"""Many replies at once: each says what it says alone, whoever runs beside it and however little memory there is."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Iterator, Sequence

import pytest
import torch

from helix_app.engine.models.runner import ModelRunner, Rows
from helix_app.engine.rounds import scheduler
from helix_app.protocol.events import Event, Failed, Finished, PrefillDone, RoundDone
from helix_app.protocol.requests import GenerateRequest
from tests.engine.made.tiny import ask
from tests.engine.runs.crowds import (
    SAMPLINGS,
    TEXTS,
    Crowd,
    Models,
    check_empty,
    check_same,
    plain,
    requests,
    staggered,
)

pytestmark = pytest.mark.usefixtures("small_chunks")


DRAFTS = ("none", "ngram", "model", "mixed", "self", "mixed-self")


# --------------------------------------------------------------------------- the same tokens


@pytest.mark.covering
@pytest.mark.parametrize("sampling", SAMPLINGS)
@pytest.mark.parametrize(
    ("draft", "k"),
    [
        ("none", "auto"),
        *((d, k) for d in ("ngram", "model", "mixed") for k in ("auto", "fixed:3", "additive")),
        ("self", "fixed:3"),
        ("mixed-self", "auto"),
    ],
)
def test_each_reply_is_what_it_is_alone(models: Models, draft: str, k: str, sampling: str) -> None:
    turn = DRAFTS.index(draft) + list(SAMPLINGS).index(sampling)  # each of both meets each text
    asked = requests(SAMPLINGS[sampling], k=k)[turn % 2 :: 2]
    crowd = Crowd(models.session(draft))
    crowd.run(each=staggered(crowd, asked, every=3))
    check_same(models, crowd, asked)
    assert crowd.scheduler.preemptions == 0
    if draft != "none" and k != "auto" and sampling != "penalty":
        assert any(e.k for e in crowd.events if isinstance(e, RoundDone))


@pytest.mark.parametrize("draft", ["none", "mixed"])
def test_all_at_once_and_on_a_shuffled_free_list(models: Models, draft: str) -> None:
    order = torch.randperm(128, generator=torch.Generator().manual_seed(1)).tolist()
    for size, blocks in ((16, order), (4, list(reversed(range(256))))):
        asked = requests(k="fixed:2")
        crowd = Crowd(models.session(draft, len(blocks), blocks, size=size)).add(*asked)
        crowd.run()
        check_same(models, crowd, asked)


# --------------------------------------------------------------------------- memory


def test_the_draft_s_pool_runs_out(models: Models) -> None:
    """Who finds no room to draft decodes plainly."""
    for draft_blocks in (4, 9):
        asked = requests(k="fixed:4")
        crowd = Crowd(models.session("model", draft_blocks=draft_blocks)).add(*asked)
        crowd.run()
        check_same(models, crowd, asked)
        ks = [e.k for e in crowd.events if isinstance(e, RoundDone)]
        assert 0 in ks
        assert max(ks) > 0


# --------------------------------------------------------------------------- order


def prefilled(events: Sequence[Event]) -> list[str]:
    """Ids in the order in which their first tokens came."""
    return [e.request_id for e in events if isinstance(e, PrefillDone)]


def test_prompts_of_others_do_not_hold_up_the_first_reply(models: Models) -> None:
    """A pass in which a prompt ends takes no more of the others than one in which somebody decodes."""
    crowd = Crowd(models.session()).add(*(ask("the cat", request_id=f"s{i}", max_tokens=3) for i in range(20)))
    done = [event.prompt_tokens for event in crowd.step() if isinstance(event, PrefillDone)]
    assert done
    assert sum(done) <= scheduler._CHUNK_BESIDE < scheduler.CHUNK


def test_requests_are_taken_from_a_source_as_they_may_run(models: Models) -> None:
    asked = requests(max_tokens=10)
    taken: list[str] = []

    def source() -> Iterator[GenerateRequest]:
        for request in asked:
            taken.append(request.request_id)
            yield request

    crowd = Crowd(models.session(), max_running=3)
    crowd.scheduler.feed(source(), threading.Event())

    def each() -> None:
        assert len(taken) <= len(crowd.results) + 3

    crowd.run(each=each)
    check_same(models, crowd, asked)


def test_a_source_is_left_alone_once_it_is_cancelled(models: Models) -> None:
    cancel = threading.Event()
    endless = (ask("the cat", request_id=f"e{i}", max_tokens=5) for i in itertools.count())
    crowd = Crowd(models.session(), max_running=3)
    crowd.scheduler.feed(endless, cancel)
    while len(crowd.results) < 5:
        crowd.step()
    cancel.set()
    crowd.run(most=crowd.steps + 2)
    assert {r.reason for r in crowd.results.values() if isinstance(r, Finished)} == {"length", "cancelled"}
    assert next(endless).request_id <= f"e{len(crowd.results)}"


def test_an_id_may_be_used_once_at_a_time(models: Models) -> None:
    crowd = Crowd(models.session(), max_running=1).add(ask(request_id="a"), ask(request_id="b"))
    for _ in range(2):
        for name in ("a", "b"):
            with pytest.raises(ValueError, match=name):
                crowd.add(ask(request_id=name))
        crowd.step()
    crowd.run()
    crowd.results.clear()
    crowd.add(ask(request_id="a"))
    assert set(crowd.run()) == {"a"}


# --------------------------------------------------------------------------- ends


@pytest.mark.covering(strength=1)
@pytest.mark.parametrize("draft", ["none", "model"])
@pytest.mark.parametrize("state", ["waiting", "prefilling", "decoding"])
def test_cancelling_one_ends_only_that_one_within_a_step(models: Models, state: str, draft: str) -> None:
    asked = [r for r in requests(k="fixed:2", max_tokens=30) if r.request_id in ("r0", "r3", "r5")]
    crowd = Crowd(models.session(draft), max_running=3 if state == "waiting" else 4).add(*asked)
    crowd.step()
    cancel = threading.Event()
    crowd.add(ask(TEXTS[2], request_id="gone", max_tokens=60, k="fixed:2"), cancel=cancel)
    for _ in range({"waiting": 2, "prefilling": 2, "decoding": 7}[state]):
        assert "gone" not in crowd.results
        crowd.step()
    assert ("gone" in crowd.live) == (state != "waiting")
    assert ("gone" in prefilled(crowd.events)) == (state == "decoding")
    cancel.set()
    crowd.step()
    assert set(crowd.results) == {"gone"}
    gone = crowd.results.pop("gone")
    assert isinstance(gone, Finished)
    assert gone.reason == "cancelled"
    want = plain(models, ask(TEXTS[2], request_id="gone", max_tokens=60))
    assert want.token_ids[: len(gone.token_ids)] == gone.token_ids
    assert bool(gone.token_ids) == (state == "decoding")
    crowd.run()
    check_same(models, crowd, asked)


def poison(runner: ModelRunner, name: str, at: int, patch: pytest.MonkeyPatch) -> None:
    """From its ``at``-th pass on, whatever a sequence runs is not a number."""
    real, calls = runner.forward_many, itertools.count()

    @torch.inference_mode()
    def forward_many(
        batch: Sequence[Rows], reserved: bool = False, carried: Sequence[torch.Tensor] = ()
    ) -> list[torch.Tensor]:
        logits = real(batch, reserved, carried)
        for i, rows in enumerate(batch):
            if rows.sequence_id == name and next(calls) >= at:
                logits[i] = torch.full_like(logits[i], float("nan"))
                table, size = runner.pool.tables()[name], runner.pool.block_size
                for position in range(table.length - len(rows.ids), table.length):
                    slot = table.blocks[position // size] * size + position % size
                    for tensor in (*runner.cache.keys, *runner.cache.values):
                        tensor[:, slot] = float("nan")
        return logits

    patch.setattr(runner, "forward_many", forward_many)


@pytest.mark.covering(strength=1)
@pytest.mark.parametrize("draft", ["none", "ngram"])
@pytest.mark.parametrize("at", [0, 1, 3, 6])
def test_numbers_that_are_none_fail_one_reply_and_poison_nothing(
    models: Models, at: int, draft: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The prompt takes four passes: 0 and 1 are chunks of it, 3 gives the first token."""
    asked = requests(k="fixed:2", max_tokens=20)[:4]
    same_prompt = [ask(TEXTS[2], request_id=f"again{i}", max_tokens=20, k="fixed:2") for i in range(2)]
    session = models.session(draft, blocks=20)
    crowd = Crowd(session)
    crowd.add(ask(TEXTS[2], request_id="bad", max_tokens=20, k="fixed:2"), *asked)
    with monkeypatch.context() as patch:
        poison(session.runner, "bad", at, patch)
        while "bad" not in crowd.results:
            crowd.step()
        crowd.add(same_prompt[0])
        crowd.run()
    bad = crowd.results.pop("bad")
    assert isinstance(bad, Failed)
    assert (bad.code, bad.request_id) == ("nan_logits", "bad")
    crowd.add(same_prompt[1]).run()
    check_same(models, crowd, [*asked, *same_prompt])
    for tensor in (*session.runner.cache.keys, *session.runner.cache.values):
        assert bool(tensor.isfinite().all())


@pytest.mark.covering(strength=1)
@pytest.mark.parametrize("kind", ["target", "draft"])
@pytest.mark.parametrize("call", [0, 2, 9, 30])
def test_an_error_of_the_device_leaves_nothing_behind(
    models: Models, kind: str, call: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = models.session("model", blocks=12)
    runner = session.draft_runner if kind == "draft" else session.runner
    assert runner is not None
    real, calls = runner.decoder.forward_many, itertools.count()

    def broken(*args: object) -> torch.Tensor:
        if next(calls) == call:
            raise RuntimeError("the device went away")
        return real(*args)  # type: ignore[arg-type]

    asked = requests(k="fixed:2")
    crowd = Crowd(session).add(*asked)
    with monkeypatch.context() as patch:
        patch.setattr(runner.decoder, "forward_many", broken)
        with pytest.raises(RuntimeError, match="went away"):
            crowd.run()
    crowd.scheduler.close()
    assert not crowd.scheduler.busy
    check_empty(session)
    crowd = Crowd(session).add(*asked)
    crowd.run()
    check_same(models, crowd, asked, blocks=12)


def test_a_step_given_up_midway_leaves_nothing_behind(models: Models) -> None:
    session = models.session("mixed", blocks=10)
    asked = requests(k="fixed:2")[:5]
    for count in range(1, 60, 4):
        crowd = Crowd(session).add(*asked)
        left = count
        while left > 0:
            step = crowd.scheduler.step()
            left -= len(list(itertools.islice(step, left)))
        step.close()  # type: ignore[attr-defined]
        crowd.scheduler.close()
        check_empty(session)
    crowd = Crowd(session).add(*asked)
    crowd.run()
    check_same(models, crowd, asked, blocks=10)
