"""One reply by itself, for whoever wants no other: benchmarks, certificates, proofs."""

from __future__ import annotations

import threading
from collections.abc import Iterator

from helix_app.engine.rounds.scheduler import Scheduler, Witness
from helix_app.engine.rounds.session import Session
from helix_app.protocol.events import Event, Finished
from helix_app.protocol.requests import GenerateRequest


def write_reply(
    session: Session, request: GenerateRequest, cancel: threading.Event, witness: Witness | None = None
) -> Iterator[Event]:
    """One reply, ended by Finished or Failed; its blocks are freed however the iteration ends.

    Args:
        witness: as ``Scheduler`` takes it.

    Raises:
        InputError: before the first event.
        RuntimeError: the device's own errors; see ``recovery.py`` for replies that outlive them.
    """
    scheduler = Scheduler(session, witness=witness)
    scheduler.add(request, cancel)
    try:
        while scheduler.busy:
            for event in scheduler.step():
                yield event
                if isinstance(event, Finished):
                    return
    finally:
        scheduler.close()
