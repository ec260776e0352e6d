"""The replies of one stream, across the children that write them: what each has, who joins, who is to stop."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from helix_app.engine.host.child import Cancel, Join, ToChild
from helix_app.engine.host.progress import Progress
from helix_app.protocol.events import Event, Failed, Finished
from helix_app.protocol.intake import AskedEvent, Intake, Joining
from helix_app.protocol.requests import GenerateRequest


class Stop:
    """What a child is told during a request that nothing can join: to end it, once.

    Attributes:
        told: whether the child is expected to come to an end.
        wanted: whether anything but that end is waited for.
    """

    wanted = False

    def __init__(self, cancel: threading.Event) -> None:
        self._cancel, self.told = cancel, False

    def messages(self, number: int) -> list[ToChild]:
        """What is to be sent now."""
        if self.told or not self._cancel.is_set():
            return []
        self.told = True
        return [Cancel(number)]

    def let_go(self) -> Iterator[Event]:
        """Nothing goes on without what was stopped."""
        return iter(())


@dataclass
class _Reply:
    joining: Joining
    progress: Progress = field(init=False)
    deaths: int = 0  # of children that wrote it
    asked: bool = False  # of the present child
    stopped: bool = False  # the present child was told

    def __post_init__(self) -> None:
        self.progress = Progress(self.joining.request)


class Crowd:
    """Replies that are written together and not answered yet.

    Attributes:
        cancel: set while none of them is wanted.
    """

    def __init__(self, first: Joining, others: Intake) -> None:
        self._others = others
        self._open = {first.request.request_id: _Reply(first)}
        self._let_go: set[str] = set()  # ended here, while the present child may still tell of them
        self.cancel: threading.Event = AskedEvent(self._nobody_wants)

    @property
    def told(self) -> bool:
        """Whether the child is expected to end a reply."""
        return any(reply.stopped for reply in self._open.values())

    @property
    def wanted(self) -> bool:
        """Whether any of them is to go on."""
        return any(not reply.stopped for reply in self._open.values())

    @property
    def names(self) -> tuple[str, ...]:
        """Ids of the replies."""
        return tuple(self._open)

    def over(self) -> bool:
        """Whether all are answered; no more can join then."""
        if not self._open and not self._others.close_if_empty():
            self._take_in()
        return not self._open

    def begin(self) -> GenerateRequest:
        """A child is about to be asked: the request for it, the others follow as messages. Not when all is over."""
        self._let_go.clear()
        for reply in self._open.values():
            reply.asked = reply.stopped = False
        first = next(iter(self._open.values()))
        first.asked = True
        return first.progress.request()

    def messages(self, number: int) -> list[ToChild]:
        """What is to be sent now: who joins, and who is to end."""
        self._take_in()
        messages: list[ToChild] = []
        for name, reply in self._open.items():
            if not reply.asked:
                reply.asked = True
                messages.append(Join(number, reply.progress.request()))
            if not reply.stopped and reply.joining.cancel.is_set():
                reply.stopped = True
                messages.append(Cancel(number, name))
        return messages

    def take(self, event: Event) -> Event | None:
        """Note an event; the event as the person is to see it, None for one that was seen already."""
        name = getattr(event, "request_id", "")
        reply = self._open.get(name)
        if reply is None:
            return None if name in self._let_go else event
        if isinstance(event, (Finished, Failed)):
            self._answered(event.request_id)
        return reply.progress.take(event)

    def stopped(self) -> Iterator[Finished]:
        """Results of the replies that were cancelled while their engine did not answer."""
        self._take_in()
        for name, reply in list(self._open.items()):
            if reply.joining.cancel.is_set():
                self._answered(name)
                yield reply.progress.stopped()

    def let_go(self) -> Iterator[Event]:
        """Results of those that were stopped, and that the child keeps silent about while it works for others."""
        stopped = [name for name, reply in self._open.items() if reply.stopped]
        for name in stopped:
            yield self._open[name].progress.stopped()
        self._let_go |= set(stopped)

    def died(self) -> int:
        """The child is gone; how many have gone, at most, with one of these replies."""
        for reply in self._open.values():
            reply.deaths += 1
        return max(reply.deaths for reply in self._open.values())

    def failed(self, failed: Failed, deaths: int = 0) -> Iterator[Failed]:
        """Results of those that saw so many deaths; of all without a number."""
        self._take_in()
        for name, reply in list(self._open.items()):
            if reply.deaths >= deaths:
                self._answered(name)
                yield replace(failed, request_id=name)

    def _answered(self, name: str) -> None:
        del self._open[name]
        self._others.answered(name)

    def _take_in(self) -> None:
        for joining in self._others.take():
            self._open[joining.request.request_id] = _Reply(joining)

    def _nobody_wants(self) -> bool:
        return not self._others.waiting and all(reply.joining.cancel.is_set() for reply in self._open.values())
