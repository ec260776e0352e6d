"""How long an engine may be silent: a long pass is no hang, and Stop waits for it as long as passes take.

The child process is not there: what it says at each poll is given, so that nothing here waits.
"""

from __future__ import annotations

import pickle
import threading
from collections.abc import Iterator, Sequence
from typing import Literal

import pytest

from helix_app.engine.host import parent
from helix_app.engine.host.child import Cancel, Done, Items, Run, ToChild, ToParent
from helix_app.engine.host.parent import POLL_SECONDS, HostClient
from helix_app.engine.machine.devices import fused_attention, packed_products
from helix_app.protocol.events import Event, Failed, Finished
from helix_app.protocol.models.loading import Checked, LoadProgress
from helix_app.protocol.requests import LoadRequest
from tests.engine.host.fake_engines import ask, finished, model_ready, round_done
from tests.engine.host.hosting import notices

Step = int | Event | Literal["stop"]  # so many silent polls, an event, or the person presses Stop
ROUND, CANCELLED = round_done("r1", 0), finished("r1", "cancelled", "")
GRACE, HANG, HANG_CPU = 1.0, 5.0, 20.0


def polls(seconds: float) -> int:
    """The most silent polls that are not longer than this."""
    return round(seconds / POLL_SECONDS) - 1


class Child:
    """A process that follows a script for each request.

    Attributes:
        sent: what it was sent.
        alive: nobody ended it.
    """

    pid, exit_text = 1, lambda _: "exit code 1"
    ready, loaded, used_up, alive = True, False, False, True

    def __init__(self, scripts: Sequence[Sequence[Step]], cancel: threading.Event) -> None:
        self.sent: list[ToChild] = []
        self._scripts, self._cancel = iter(scripts), cancel
        self._messages: Iterator[ToParent | None] = iter(())

    def send(self, message: ToChild) -> None:
        self.sent.append(message)
        if isinstance(message, Run):
            self._messages = self._answers(message.number, next(self._scripts))

    def receive(self, timeout: float) -> ToParent | None:
        return next(self._messages)

    def end(self, patience: float) -> None:
        self.alive = False

    def _answers(self, number: int, script: Sequence[Step]) -> Iterator[ToParent | None]:
        for step in script:
            if step == "stop":
                self._cancel.set()
            yield from [None] * step if isinstance(step, int) else ()
            if not isinstance(step, (int, str)):
                yield Items(number, (pickle.dumps(step),))
        yield Done(number)


class Desk:
    """A client of such children, one after the other."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.cancel = threading.Event()
        self.children: list[Child] = []
        self.client = HostClient("none", grace_seconds=GRACE, hang_seconds=HANG, hang_seconds_cpu=HANG_CPU)
        patch.setattr(parent, "ChildProcess", lambda target, gather: self.children.pop(0))

    def load(self, *script: Step) -> tuple[list[Event], Child]:
        """The events of a load to this script; a child that it costs is followed by one that loads on the CPU."""
        first = Child([script], self.cancel)
        self.children = [first, Child([[model_ready("m")]], self.cancel)]
        return list(self.client.stream(LoadRequest("m"), self.cancel)), first

    def reply(self, *scripts: Sequence[Step], device: str = "") -> tuple[list[Event], Child]:
        """The events of a reply to these scripts, one a child, after a load on ``device`` if there is one."""
        load = [[model_ready("m", device)]] if device else []
        self.children = [Child([*load, script], self.cancel) for script in scripts]
        first = self.children[0]
        if device:
            list(self.client.stream(LoadRequest("m", device=device), threading.Event()))
        return list(self.client.stream(ask("x"), self.cancel)), first


@pytest.fixture
def desk(monkeypatch: pytest.MonkeyPatch) -> Desk:
    return Desk(monkeypatch)


@pytest.mark.parametrize("before", [polls(3.0), polls(4.9)])
def test_stop_waits_twice_as_long_as_the_longest_pass_took(desk: Desk, before: int) -> None:
    """Far over the grace: what it would cost to kill is the model, and the pass is nearly over."""
    events, child = desk.reply([before, ROUND, 1, ROUND, "stop", min(2 * before - 1, polls(HANG)), CANCELLED])
    assert events[-1] == CANCELLED
    assert child.alive
    assert sum(isinstance(message, Cancel) for message in child.sent) == 1


def test_stop_does_not_wait_for_ever(desk: Desk) -> None:
    events, child = desk.reply([polls(2.0), ROUND, "stop", polls(2 * 2.0 + 0.2), CANCELLED])
    assert isinstance(events[-1], Finished)
    assert events[-1].reason == "cancelled"
    assert not child.alive


@pytest.mark.parametrize(("silent", "alive"), [(polls(GRACE), True), (polls(GRACE) + 3, False)])
def test_where_passes_are_short_the_grace_is_all_that_stop_waits(desk: Desk, silent: int, alive: bool) -> None:
    events, child = desk.reply([1, ROUND, "stop", silent, CANCELLED])
    assert isinstance(events[-1], Finished)
    assert child.alive is alive


def test_what_was_silent_before_stop_is_not_held_against_the_grace(desk: Desk) -> None:
    _, child = desk.reply([1, ROUND, polls(4.0), "stop", polls(GRACE), CANCELLED])
    assert child.alive


@pytest.mark.parametrize(("device", "limit"), [("cuda", HANG), ("cpu", HANG_CPU)])
def test_passes_of_any_number_and_up_to_the_limit_are_no_hang(desk: Desk, device: str, limit: float) -> None:
    long = polls(limit)
    end = finished("r1", "eos", "")
    events, child = desk.reply([long, ROUND, long, ROUND, long, end], device=device)
    assert events[-1] == end
    assert notices(events) == []
    assert child.alive


@pytest.mark.parametrize(("device", "limit"), [("cuda", HANG), ("cpu", HANG_CPU)])
def test_what_is_silent_for_longer_hangs_and_the_reply_goes_on_elsewhere(desk: Desk, device: str, limit: float) -> None:
    end = finished("r1", "eos", "")
    events, child = desk.reply([polls(limit) + 3, end], [end], device=device)
    assert notices(events) == ["engine_restarted"]
    assert events[-1] == end
    assert not child.alive


def test_a_hang_of_an_engine_that_holds_nothing_is_told(desk: Desk) -> None:
    events, _ = desk.reply([polls(HANG) + 3])
    assert events == [Failed("engine_died", "did not answer for 5 seconds", request_id="r1")]


@pytest.mark.parametrize("trials", [1, 2])
def test_a_card_may_be_tried_for_as_long_as_a_pass_on_the_cpu_takes(desk: Desk, trials: int) -> None:
    """What is found is kept: were the engine ended before, the next load would try the same for as long."""
    ready, tried = model_ready("m", "cuda"), [LoadProgress("kernels"), polls(HANG_CPU)]
    events, child = desk.load(LoadProgress("devices"), *tried * trials, LoadProgress("gpu"), polls(HANG), ready)
    assert (events[-1], notices(events)) == (ready, [])
    assert child.alive


@pytest.mark.parametrize("stages", [("devices",), ("devices", "gpu"), ("devices", "kernels", "gpu", "weights")])
def test_a_load_on_a_card_is_given_up_when_it_is_silent_elsewhere(desk: Desk, stages: tuple[str, ...]) -> None:
    told = [LoadProgress(stage) for stage in stages]
    events, child = desk.load(*told, polls(HANG) + 3, model_ready("m", "cuda"))
    assert (events[-1], notices(events)) == (model_ready("m"), ["fallback_cpu"])
    assert not child.alive


def test_no_trial_is_patient_for_ever(desk: Desk) -> None:
    events, child = desk.load(LoadProgress("kernels"), polls(HANG_CPU) + 3, model_ready("m", "cuda"))
    assert notices(events) == ["fallback_cpu"]
    assert not child.alive


def test_what_a_look_ended_with_says_nothing_of_the_reply_after_it(desk: Desk) -> None:
    looked, written = [LoadProgress("kernels"), Checked()], [polls(HANG) + 3, finished("r1", "eos", "")]
    child = Child([looked, written], desk.cancel)
    desk.children = [child]
    assert list(desk.client.stream(LoadRequest("m", check_only=True), desk.cancel))[-1] == Checked()
    list(desk.client.stream(ask("x"), desk.cancel))
    assert not child.alive


def test_the_usual_patience_is_longer_than_the_trials_of_a_card_together() -> None:
    trials = (len(fused_attention.BACKENDS) * fused_attention._SECONDS, packed_products._SECONDS)
    assert max(trials) < HostClient("none")._patience.seconds_cpu
