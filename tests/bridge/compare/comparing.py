"""A comparison over an engine that writes given words, step by step."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace

from helix_app.base.errors import InputError
from helix_app.bridge.compare import Comparison
from helix_app.protocol.events import Alternative, CompareArm, CompareDone, Event, Finished, PrefillDone, TextDelta
from helix_app.protocol.intake import Intake
from helix_app.protocol.models.loading import LoadProgress, Unloaded
from helix_app.protocol.requests import (
    ArmChoice,
    ChatMessage,
    CompareRequest,
    GenerateRequest,
    LoadChoice,
    LoadRequest,
    Request,
    SamplingParams,
)
from tests.comparing import plain_reply, token
from tests.engine.host.fake_engines import model_ready, snapshot

OWN = LoadChoice("m", draft="auto", dtype="bfloat16", learn=True)
SPEC, PLAIN = ArmChoice(), ArmChoice("autoregressive")
QUIET = CompareDone("c", "done", drift=0.0)  # nothing differs, and the machine was steady


def request(*arms: ArmChoice, text: str = "say 5", loaded: bool = True) -> CompareRequest:
    a, b = arms or (SPEC, PLAIN)
    return CompareRequest(
        "c", OWN, (a, b), (ChatMessage("user", text),), SamplingParams(temperature=0.0, seed=3), 40, loaded
    )


class Engine:
    """Writes given words, and remembers what it was asked."""

    def __init__(self, *replies: list[str]) -> None:
        self.replies = list(replies or (["a ", "b "], ["a ", "b "]))
        self.speeds: list[float] = []  # of the next reference replies
        self.asked: list[Request] = []
        self.likelier = 0  # tokens that the target finds more probable than those of the texts
        self.instead: Callable[[Request], Event | None] = lambda _: None

    def stream(self, request: Request, cancel: threading.Event, others: Intake | None = None) -> Iterator[Event]:
        self.asked.append(request)
        other = self.instead(request)
        if other is not None:
            yield other
        elif isinstance(request, LoadRequest):
            yield LoadProgress("weights", 0.5)
            yield snapshot()
            yield Unloaded() if cancel.is_set() else model_ready(request.target, draft=request.draft)
        elif isinstance(request, GenerateRequest):
            yield snapshot()
            if request.request_id.endswith("gap"):
                others = tuple(Alternative(-1 - n, "other ", 0.5) for n in range(self.likelier))
                best = (*others, Alternative(token_of("b "), "b ", 0.5), Alternative(token_of("c "), "c ", 0.25))
                yield PrefillDone("gap", 3, 0, 0.0, (token(1, "b ", best[: request.alternatives]),))
                yield TextDelta("gap", "b ")
                yield plain_reply(["b "])[-1]
                return
            if request.request_id.endswith("reference"):
                speed = self.speeds.pop(0) if self.speeds else 50.0
                yield plain_reply(["sea "], decode_tokens_per_second=speed)[-1]
                return
            warm = request.request_id.endswith("warm-up")
            words = ["warm "] if warm else self.replies.pop(0)
            yield from (replace(event, request_id=request.request_id) for event in plain_reply(words))  # type: ignore[call-arg]

    def close(self) -> None:
        pass

    def loads(self) -> list[tuple[str, str]]:
        return [(r.draft, r.dtype) for r in self.asked if isinstance(r, LoadRequest)]

    def replies_asked(self) -> list[GenerateRequest]:
        """All but the reference replies."""
        return [r for r in self.ids_asked() if not r.request_id.endswith("reference")]

    def ids_asked(self) -> list[GenerateRequest]:
        return [r for r in self.asked if isinstance(r, GenerateRequest)]


def token_of(word: str) -> int:
    finished = plain_reply([word])[-1]
    assert isinstance(finished, Finished)
    return finished.token_ids[0]


def resolve(choice: LoadChoice) -> LoadRequest:
    if choice.draft == "unknown":
        raise InputError("model_unknown", name="unknown")
    if choice.draft == "faulty":
        raise ZeroDivisionError("on purpose")
    return LoadRequest(choice.target, draft=choice.draft, dtype=choice.dtype)


class Run:
    """A comparison over a fake engine, step by step."""

    def __init__(self, engine: Engine, asked: CompareRequest | None = None) -> None:
        self.engine = engine
        self.cancel, self.superseded = threading.Event(), threading.Event()
        self.comparison = Comparison(engine, resolve, asked or request(), self.cancel, self.superseded)
        self.stream = self.comparison.events()

    def all(self) -> list[Event]:
        return list(self.stream)

    def until(self, wanted: type) -> Event:
        return next(e for e in self.stream if isinstance(e, CompareArm) and isinstance(e.event, wanted))


def of_arm(events: list[Event], index: int) -> list[Event]:
    return [e.event for e in events if isinstance(e, CompareArm) and e.index == index]


def replies_of(events: list[Event], index: int) -> list[Event]:
    return [event for event in of_arm(events, index) if event != LoadProgress("reference")]
