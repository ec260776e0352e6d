"""What a load would take, and, where it is tried, what it took."""

from __future__ import annotations

import json
import threading
from collections.abc import Generator
from dataclasses import dataclass
from typing import Any, TypeVar

from helix_app.base import typed
from helix_app.base.errors import HelixError
from helix_app.engine.engine import Engine
from helix_app.engine.loading.fitting.fit import fit_of
from helix_app.engine.loading.place import place
from helix_app.engine.loading.plan import Plan, plan
from helix_app.engine.machine.memory import peak_resident, return_memory
from helix_app.engine.text.tokenizer import Tokenizer
from helix_app.protocol.events import Event, Failed, Finished, known
from helix_app.protocol.models.fit import Fit
from helix_app.protocol.requests import GenerateRequest, LoadRequest, SamplingParams

_REPLY = 16  # tokens that are written into a full context
_WORD = " word"

T = TypeVar("T")


@dataclass(frozen=True)
class MemoryTrial:
    """A load that was tried with its context filled.

    Attributes:
        fit: as estimated before.
        estimated: bytes of the process at its peak, by that.
        measured: as the system counted.
        tokens: of the prompt and the reply.
    """

    fit: Fit
    estimated: int
    measured: int
    tokens: int

    @property
    def error(self) -> float:
        """Of the estimate, over what was measured."""
        return self.estimated / self.measured - 1


def fit_of_request(request: LoadRequest, cancel: threading.Event) -> Fit:
    """What a load would take; nothing is loaded.

    Raises:
        HelixError: it cannot be loaded for another reason than memory.
    """
    return _fit(plan(request), cancel)


def _fit(what: Plan, cancel: threading.Event) -> Fit:
    device = _result(place(what, cancel))
    return_memory()  # that only making the tokenizer needed: the load finds it free
    return fit_of(what, device)


def run(asked: str) -> dict[str, Any]:
    """The job: a ``LoadRequest`` as JSON; the answer is a ``MemoryTrial``."""
    return typed.plain(try_memory(typed.read(LoadRequest, json.loads(asked)), threading.Event()))  # type: ignore[no-any-return]


def try_memory(request: LoadRequest, cancel: threading.Event) -> MemoryTrial:
    """Load, fill the context, and read the peak of this process, which must be one of its own.

    Raises:
        HelixError: it cannot be loaded.
    """
    what = plan(request)  # whose tokenizer the load takes over, as if it had looked itself
    fit = _fit(what, cancel)
    engine = Engine()
    _end(engine.stream(request, cancel))
    del what
    session = engine.session
    if session is None:
        raise HelixError("load_cancelled")
    text = filling_text(session.tokenizer, session.runner.max_tokens - _REPLY)
    written = GenerateRequest("fill", prompt=text, raw=True, max_tokens=_REPLY, sampling=SamplingParams(temperature=0))
    finished = _end(engine.stream(written, cancel))
    measured = peak_resident() or 0
    tokens = 0
    if finished is not None:
        tokens = known(finished.metrics.prompt_tokens) + known(finished.metrics.tokens_generated)
    engine.close()
    return MemoryTrial(fit, fit.held + fit.need.total, measured, tokens)


def filling_text(words: Tokenizer, tokens: int) -> str:
    """A text of at most so many tokens, and hardly fewer."""
    each = max(1, len(words.encode(_WORD * 64)) // 64)
    count = tokens // each
    while count > 1 and len(words.encode(_WORD * count, add_bos=True)) > tokens:
        count -= max(1, count // 64)
    return _WORD * count


def _end(events: Generator[Event, None, None] | Any) -> Finished | None:
    """The result of a reply. Raises HelixError for what failed."""
    finished = None
    for event in events:
        if isinstance(event, Failed):
            raise HelixError(event.code, detail=event.detail, **dict(event.fields))
        finished = event if isinstance(event, Finished) else finished
    return finished


def _result(generator: Generator[Any, None, T]) -> T:
    """What a generator returns."""
    while True:
        try:
            next(generator)
        except StopIteration as stop:
            return stop.value  # type: ignore[no-any-return]
