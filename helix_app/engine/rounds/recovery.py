"""Replies that outlive a device: what happens when memory runs out or the device fails in the middle of them.

The rungs, each taken at most once or twice and told in one notice:

    a draft that failed      is replaced by the n-gram draft, which needs no device
    memory ran out           the cache shrinks, then the draft model goes, then the model moves to the CPU
    the device is lost       the model moves to the CPU
    any other device error   the same; on the CPU it is an error of Helix and ends the replies
    a rung fails itself      the model moves to the CPU; there the replies end, and their session is of no use

The tokens of every reply are kept; what the cache held of them is computed again, as after a preemption.
"""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, replace

from helix_app.base.message_texts.reasons import fields_of, reason_of
from helix_app.engine.machine.devices.errors import is_device_lost, is_out_of_memory
from helix_app.engine.machine.memory import return_memory
from helix_app.engine.rounds.drafting import DraftFault
from helix_app.engine.rounds.scheduler import Scheduler
from helix_app.engine.rounds.session import LoadedModel
from helix_app.protocol.events import CacheSnapshot, Event, Notice, PrefillProgress

log = logging.getLogger(__name__)
_SMALLER = 0.5  # of its blocks that a cache keeps when memory ran out
_WORTH = 0.8  # a cache that would keep more than this is left as it is
_BEFORE_PASS = (CacheSnapshot, PrefillProgress)  # may be told before a pass that fails

NO_MEMORY, FAILED, LOST = map(reason_of, ("device_no_memory", "device_failed", "device_lost"))


@dataclass(frozen=True)
class _Fault:
    """An error of the device, without the frames that would keep its tensors alive.

    Attributes:
        error: as raised, for whoever has to raise it again.
        text: the library's own words.
    """

    error: BaseException
    text: str
    in_draft: bool
    memory: bool
    lost: bool


class Recovery:
    """Runs a scheduler to its end and keeps its replies going.

    Attributes:
        broken: a rung failed itself, and nothing took its place: the session is of no use.
    """

    def __init__(
        self,
        scheduler: Scheduler,
        loaded: LoadedModel,
        to_cpu: Callable[[str, str, str], Generator[Event, None, LoadedModel | None]],
    ) -> None:
        """
        Args:
            loaded: kept up to date.
            to_cpu: ``(device name, reason, detail)``: frees everything and returns the model loaded on the CPU; None
                where that was stopped. Raises HelixError when it cannot.
        """
        self._scheduler, self._loaded, self._to_cpu = scheduler, loaded, to_cpu
        self.broken = False
        self._notices: list[Notice] = []  # told once the replies go on: a later rung makes them void

    def run(self) -> Iterator[Event]:
        """The events of all replies.

        Raises:
            HelixError: nothing is left to try.
            RuntimeError: an error that is not the device's.
        """
        while self._scheduler.busy:
            fault: _Fault | None = None
            try:
                for event in self._scheduler.step():
                    if self._notices and not isinstance(event, _BEFORE_PASS):  # the pass that failed now went through
                        yield from self._notices
                        self._notices.clear()
                    yield event
            except (RuntimeError, MemoryError) as exc:
                fault = _fault(exc)
            if fault is not None:
                yield from self._recover(fault)

    def _recover(self, fault: _Fault) -> Iterator[Event]:
        session, device = self._loaded.session, self._loaded.ready.device
        log.warning("%s failed in the middle of a reply: %s", device, fault.text)
        made_do = False
        if device == "cpu" or not fault.lost:
            made_do, fault = self._tried(fault)
        if made_do:
            yield self._loaded.ready
        elif device != "cpu":
            yield from self._move(fault, LOST if fault.lost else NO_MEMORY if fault.memory else FAILED)
        else:
            self._scheduler.halt(intact=not self.broken)
            yield from session.snapshots()
            raise fault.error

    def _tried(self, fault: _Fault) -> tuple[bool, _Fault]:
        """``_makes_do``, and the error to go on with: a rung that failed itself takes the place of the first."""
        try:
            return self._makes_do(fault), fault
        except (RuntimeError, MemoryError) as exc:
            self.broken, failed = True, _fault(exc)
            log.warning("what was to help failed as well: %s", failed.text)
            return False, failed

    def _makes_do(self, fault: _Fault) -> bool:
        """Take a rung on the same device; False when there is none."""
        if fault.in_draft and self._drop_draft(fault):
            return True
        return fault.memory and (self._shrink() or self._drop_draft(fault))

    def _move(self, fault: _Fault, reason: str) -> Iterator[Event]:
        self._scheduler.halt(intact=False)
        self._notices.clear()
        loaded = yield from self._to_cpu(self._loaded.ready.device_name, reason, fault.text)
        if loaded is not None:
            self._loaded = loaded
            self._scheduler.move(loaded.session)
        else:  # it was stopped, and so are the replies
            self._scheduler.listen(None)
        self.broken = False

    def _drop_draft(self, fault: _Fault) -> bool:
        """Draft from the text alone from now on; False when that is so already."""
        loaded, session = self._loaded, self._loaded.session
        if session.draft is None or session.draft.runner is None:
            return False
        self._scheduler.halt(intact=True)
        session.draft = session.draft.without_model()
        if session.draft_runner is not None:
            session.draft_runner.release()
            session.draft_runner = None
        return_memory()
        gone = {"draft_name": "", "draft_file": "", "draft_blocks": 0, "draft_block_bytes": 0, "draft_state_bytes": 0}
        loaded.ready = replace(loaded.ready, draft="ngram", **gone)  # type: ignore[arg-type]
        reason = NO_MEMORY if fault.memory else FAILED
        self._notices.append(
            Notice("draft_dropped", fields_of(device=loaded.ready.device_name, reason=reason), fault.text)
        )
        self._scheduler.move(session)
        return True

    def _shrink(self) -> bool:
        """Give half of the cache's memory back; False when that would be too little or leave too little."""
        loaded, session = self._loaded, self._loaded.session
        runner = session.runner
        before = runner.pool.num_blocks
        blocks = max(int(before * _SMALLER), runner.pool.blocks_for(self._scheduler.longest))
        if blocks > before * _WORTH:
            return False
        self._scheduler.halt(intact=True)
        runner.resize(blocks)
        if session.draft is not None:
            session.draft.follow(runner)
        return_memory()
        fields = (("wanted", f"{loaded.ready.context_length:,}"), ("given", f"{runner.max_tokens:,}"))
        loaded.ready = replace(loaded.ready, context_length=runner.max_tokens, target_blocks=blocks)
        self._notices.append(Notice("context_reduced", fields))
        self._scheduler.move(session)
        return True


def _fault(exc: BaseException) -> _Fault:
    """Keep what is known of an error, not the frames of the pass that failed, for they hold its tensors."""
    in_draft = isinstance(exc, DraftFault)
    own = exc.__cause__ if in_draft and exc.__cause__ is not None else exc
    fault = _Fault(own, f"{type(own).__name__}: {own}", in_draft, is_out_of_memory(own), is_device_lost(own))
    link: BaseException | None = exc
    while link is not None:
        traceback.clear_frames(link.__traceback__)
        link = link.__cause__ or link.__context__
    return fault
