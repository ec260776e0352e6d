"""Many replies at once over tiny models: sessions with pools of any size, and a loop that checks the books."""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Callable, Iterable, Sequence

import torch

from helix_app.engine.cache.pool.block_pool import BlockPool
from helix_app.engine.drafts.base import Draft
from helix_app.engine.drafts.mixed import MixedDraft
from helix_app.engine.drafts.model import ModelDraft
from helix_app.engine.drafts.ngrams.ngram import NgramDraft
from helix_app.engine.drafts.on_target.self_draft import SelfDraft
from helix_app.engine.models.base import AnyDecoder
from helix_app.engine.models.decoder import Decoder
from helix_app.engine.models.runner import ModelRunner
from helix_app.engine.rounds.scheduler import Scheduler
from helix_app.engine.rounds.session import Session
from helix_app.engine.rounds.writing import write_reply
from helix_app.engine.text.tokenizer import load_tokenizer
from helix_app.modelfiles.model_path import inspect
from helix_app.protocol.events import Event, Failed, Finished
from helix_app.protocol.requests import GenerateRequest, SamplingParams
from tests.engine.made.tiny import EOS_ID, GREEDY, Zoo, ask
from tests.engine.models.packed.test_decoder import packed_runner
from tests.engine.models.test_decoder import runner_of
from tests.engine.runs.paged import paged


class Models:
    """A target, and a draft of the same shape that is right now and then; loaded once."""

    def __init__(
        self, zoo: Zoo, dtype: torch.dtype = torch.float32, name: str = "llama-loopy", packed: str = ""
    ) -> None:
        """
        Args:
            packed: in this format, on the file's own blocks; "" for dense weights.
        """
        self.key = name, packed, dtype
        path = zoo.gguf(name, quant=packed or "F32")
        self.tokenizer = load_tokenizer(inspect(path))
        self.target: AnyDecoder
        self.draft: AnyDecoder
        if packed:
            self.target, self.draft = (packed_runner(path, 1).decoder for _ in range(2))
            config = self.draft.config
            self.draft.config = dataclasses.replace(config, embedding_scale=1.5 * config.embedding_scale)
            return
        self.target, self.draft = (runner_of(path, dtype=dtype).decoder for _ in range(2))
        assert isinstance(self.draft, Decoder)
        weight = self.draft._embed
        noise = torch.randn(weight.shape, generator=torch.Generator().manual_seed(7)).to(dtype)
        self.draft._embed = weight + 0.25 * weight.std() * noise

    def session(
        self,
        draft: str = "none",
        blocks: int = 128,
        order: Sequence[int] | None = None,
        draft_blocks: int = 128,
        size: int = 16,
    ) -> Session:
        """A fresh session that drafts by ``none``, ``ngram``, ``model``, ``mixed``, ``self`` or ``mixed-self``."""
        runner = paged(self.target, blocks, size, order)
        draft_runner = paged(self.draft, draft_blocks, size) if draft in ("model", "mixed") else None
        own = SelfDraft(ModelRunner(self.draft, runner.pool, runner.cache), self.target.config.vocab_size)
        kinds: dict[str, Draft | None] = {"none": None, "ngram": NgramDraft()}
        kinds |= {"self": own, "mixed-self": MixedDraft(NgramDraft(), own)}
        if draft_runner is not None:
            model = ModelDraft(draft_runner, self.target.config.vocab_size)
            kinds |= {"model": model, "mixed": MixedDraft(NgramDraft(), model)}
        return Session(runner, self.tokenizer, kinds[draft], frozenset({EOS_ID}), draft_runner)


def pools(session: Session) -> list[BlockPool]:
    """The target's pool, and the draft's if there is one."""
    return [runner.pool for runner in (session.runner, session.draft_runner) if runner is not None]


def check_empty(session: Session) -> None:
    """No sequence is left and the books balance."""
    for pool in pools(session):
        pool.check_integrity()
        assert not pool.tables()
        assert pool.used_blocks == 0


class Crowd:
    """A scheduler run to its end, one step after the other.

    Attributes:
        scheduler: of the session.
        events: all that it gave.
        results: how each reply ended, by id, in the order in which they ended.
        steps: made so far.
        preempted: ids of replies that lost their blocks while unfinished, each as often as it happened.
    """

    def __init__(self, session: Session, max_running: int = 64) -> None:
        self.session, self.scheduler = session, Scheduler(session, max_running)
        self.events: list[Event] = []
        self.results: dict[str, Finished | Failed] = {}
        self.steps = 0
        self.preempted: list[str] = []

    def add(self, *requests: GenerateRequest, cancel: threading.Event | None = None) -> Crowd:
        for request in requests:
            self.scheduler.add(request, cancel)
        return self

    def step(self) -> list[Event]:
        """One step, with the books checked after it."""
        before = set(self.live)
        seen = []
        for event in self.scheduler.step():
            seen.append(event)
            if isinstance(event, (Finished, Failed)):
                assert event.request_id not in self.results
                self.results[event.request_id] = event
                for pool in pools(self.session):
                    assert event.request_id not in pool.tables(), "its blocks are not free"
        self.steps += 1
        self.events += seen
        self.preempted += sorted(before - set(self.live) - set(self.results))
        for pool in pools(self.session):
            pool.check_integrity()
            assert set(pool.tables()) <= set(self.live)
        assert self.scheduler.running == len(self.live)
        return seen

    @property
    def live(self) -> list[str]:
        """Ids of the replies that hold blocks."""
        return list(self.session.runner.pool.tables())

    def run(self, most: int = 1500, each: Callable[[], None] | None = None) -> dict[str, Finished | Failed]:
        """Steps until nobody is left; ``each`` runs before every one."""
        while self.scheduler.busy:
            assert self.steps < most, f"no end in sight: {sorted(self.results)} are done, {self.live} are running"
            if each is not None:
                each()
            self.step()
        check_empty(self.session)
        assert len(self.preempted) == self.scheduler.preemptions
        return self.results


def staggered(crowd: Crowd, requests: Iterable[GenerateRequest], every: int) -> Callable[[], None]:
    """For ``Crowd.run``: one request more at each ``every``-th step. The first is added at once."""
    left = list(requests)
    crowd.add(left.pop(0))

    def each() -> None:
        if left and (crowd.steps % every == 0 or not crowd.scheduler.busy):
            crowd.add(left.pop(0))

    return each


def alone(session: Session, request: GenerateRequest) -> Finished:
    """A request's reply by itself."""
    last = list(write_reply(session, request, threading.Event()))[-1]
    assert isinstance(last, Finished), last
    check_empty(session)
    return last


TEXTS = (
    "the cat",
    "1 2 3 1 2 3 1 2",
    "the cat sat on the mat and the cat sat on the mat " * 2,
    "the dog lay in the sun, then the rain came",
    "and " * 30,
    "the cat sat on the mat and the dog ran into the house",
    "x",
    "house rain sun dog mat cat " * 3,
)
SAMPLINGS = {
    "greedy": GREEDY,
    "cool": SamplingParams(temperature=0.7, seed=3),
    "warm": SamplingParams(temperature=1.2, top_k=3, top_p=1.0, seed=4),
    "penalty": SamplingParams(temperature=0.0, repetition_penalty=1.3),
    "counts": SamplingParams(
        temperature=0.9, presence_penalty=0.6, frequency_penalty=0.5, logit_bias=((60, 2.0),), seed=8
    ),
}


def requests(sampling: SamplingParams = GREEDY, **options: object) -> list[GenerateRequest]:
    """One for each text, of different lengths."""
    return [
        ask(text, **{"request_id": f"r{i}", "sampling": sampling, "max_tokens": 10 + 5 * i, **options})
        for i, text in enumerate(TEXTS)
    ]


_ALONE: dict[tuple[object, GenerateRequest, int], Finished] = {}


def plain(models: Models, request: GenerateRequest, blocks: int = 128) -> Finished:
    """What the request's reply is alone, without speculation."""
    key = (models.key, dataclasses.replace(request, mode="autoregressive", k="auto", priority=0), blocks)
    if key not in _ALONE:
        _ALONE[key] = alone(models.session(blocks=blocks), key[1])
    return _ALONE[key]


def check_same(models: Models, crowd: Crowd, asked: list[GenerateRequest], blocks: int = 128) -> None:
    """Every reply is what it is alone."""
    assert set(crowd.results) == {request.request_id for request in asked}
    for request in asked:
        got, want = crowd.results[request.request_id], plain(models, request, blocks)
        assert isinstance(got, Finished), got
        assert (got.token_ids, got.text, got.reason) == (want.token_ids, want.text, want.reason), request.request_id
