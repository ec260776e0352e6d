"""Pairs of models are looked at in processes of their own, when the window asks."""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Callable
from functools import partial
from typing import Any

from PySide6.QtCore import QObject, Signal, Slot

from helix_app.base import typed
from helix_app.bridge.controller import SessionController
from helix_app.bridge.worker import OwnThread
from helix_app.engine.machine import jobs
from helix_app.protocol.events import Failed
from helix_app.protocol.pairs import PairAsked, PairExamined, Verdict, VerdictsAsked, VerdictsFound

log = logging.getLogger(__name__)
Job = Callable[..., dict[str, Any]]  # ``jobs.run``

VERDICT_SECONDS = 300.0
PAIR_SECONDS = 1800.0  # both models are loaded for a trial, and a busy computer takes its time


class _Looker(QObject):
    """Signals: told(a VerdictsFound or a PairExamined, the event that is set once nobody waits for it)."""

    told = Signal(object, object)

    @Slot(object, object)
    def run(self, look: Callable[[], VerdictsFound | PairExamined], cancel: threading.Event) -> None:
        """Tell what ``look`` finds; it never raises."""
        self.told.emit(look(), cancel)


class Pairs(OwnThread):
    """Answers questions about pairs, one after the other.

    Signals:
        news(list): VerdictsFound, PairExamined.
    """

    news = Signal(list)
    _asked = Signal(object, object)

    def __init__(self, controller: SessionController, job: Job = jobs.run, parent: QObject | None = None) -> None:
        looker = _Looker()
        super().__init__(looker, "helix-pairs", parent)
        self._looker, self._controller, self._job = looker, controller, job
        self._cancel = threading.Event()  # of what a person waits for
        self._closing = threading.Event()
        self._trial: threading.Event | None = None  # of the trial that the engine is kept idle for
        self._asked.connect(self._looker.run)
        self._looker.told.connect(self._on_told)

    @Slot(object)
    def ask(self, asked: VerdictsAsked | PairAsked) -> None:
        """Look at pairs; ``news`` tells."""
        if self._over:
            return
        probe = isinstance(asked, PairAsked) and asked.probe
        if probe and self._trial is None and not self._controller.reserve("pair_running"):
            self.news.emit([PairExamined(failed=Failed("pair_engine_busy"))])
            return
        self._begin()
        if isinstance(asked, VerdictsAsked):
            self._asked.emit(partial(self._verdicts, asked), self._closing)
        else:
            self._cancel.set()  # one pair at a time is waited for
            self._cancel = threading.Event()
            if probe:  # also in place of one that is ending
                self._trial = self._cancel
            self._asked.emit(partial(self._pair, asked, self._cancel), self._cancel)

    @Slot()
    def stop(self) -> None:
        """Nobody waits for the pair any more."""
        self._cancel.set()

    @Slot()
    def shutdown(self) -> None:
        """Give up and end the thread. May be called twice."""
        self._closing.set()
        self._cancel.set()
        super().shutdown()

    def _verdicts(self, asked: VerdictsAsked) -> VerdictsFound:
        try:
            answer = self._job(
                "verdicts", asked.target, json.dumps(asked.drafts), seconds=VERDICT_SECONDS, cancel=self._closing
            )
            return VerdictsFound(asked.target, typed.read(tuple[Verdict, ...], answer["verdicts"]))
        except (jobs.JobError, ValueError, KeyError) as exc:
            log.info("no verdicts on drafts: %s", exc)
            return VerdictsFound(asked.target, ())

    def _pair(self, asked: PairAsked, cancel: threading.Event) -> PairExamined:
        try:
            answer = self._job("pair", json.dumps(typed.plain(asked)), seconds=PAIR_SECONDS, cancel=cancel)
            return typed.read(PairExamined, answer)
        except (jobs.JobError, ValueError) as exc:
            return PairExamined(failed=Failed("pair_unexamined", getattr(exc, "detail", "") or str(exc)))

    @Slot(object, object)
    def _on_told(self, event: VerdictsFound | PairExamined, cancel: threading.Event) -> None:
        if cancel is self._trial:
            self._trial = None
            self._controller.release()
        if self._over or cancel.is_set():
            return
        self.news.emit([event])
