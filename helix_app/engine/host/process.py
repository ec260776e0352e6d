"""The parent's handle on one engine process: start, talk, wait, end. Used by ``parent.py``.

Two threads serve the pipe, so that nothing the child does or fails to do (stopped in mid-message, not
reading) can block the thread that waits for an event or the one that closes.
"""

from __future__ import annotations

import logging
import multiprocessing
import queue
import threading
from contextlib import suppress
from multiprocessing import connection

from helix_app.engine.host.child import Close, ToChild, ToParent, child_main
from helix_app.engine.machine.exit_codes import exit_text
from helix_app.protocol.events import Failed

log = logging.getLogger(__name__)

KILL_SECONDS = 5.0  # a killed process that is still there after this is stuck in the system
POLL_SECONDS = 0.1  # how late a reader with a full inbox notices that the process is being ended
LAST_READ_SECONDS = 1.0  # that what a process sent before it died may take to be read
WAITING_MESSAGES = 8  # of the child that may wait to be received; then it is the child that waits, as Stop must not


class ChildGone(Exception):
    """The pipe ended: the child closed it or died."""


class BrokenEngineError(Exception):
    """The engine cannot be imported or made in a child; ``failed`` says why."""

    def __init__(self, failed: Failed) -> None:
        super().__init__(failed.code)
        self.failed = failed


class ChildProcess:
    """One engine process, from its start to its end. All methods may be called from any thread,
    ``receive`` from one at a time.

    Attributes:
        ready: the engine in it waits for requests. Set by the client.
        loaded: a model was loaded in this very process. Set by the client.
        used_up: another load should take another process. Set by the client.
        pid: process id, also after its end.
    """

    def __init__(self, target: str, gather_seconds: float) -> None:
        """Start the process; both arguments are those of the client. Raises OSError when the system refuses."""
        self.ready = False
        self.loaded = False
        self.used_up = False
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        verbose = logging.getLogger().isEnabledFor(logging.DEBUG)
        self._process = context.Process(
            target=child_main, args=(theirs, target, verbose, gather_seconds), name="helix-engine", daemon=True
        )
        try:
            self._process.start()
        except BaseException:
            self._pipe.close()
            raise
        finally:
            theirs.close()  # so that its end is the end of the pipe
        self.pid = self._process.pid or 0
        self._sentinel = self._process.sentinel
        self._inbox: queue.Queue[ToParent | None] = queue.Queue(WAITING_MESSAGES)
        self._outbox: queue.SimpleQueue[ToChild | None] = queue.SimpleQueue()
        self._end_lock = threading.Lock()
        self._handle_lock = threading.Lock()  # the sentinel is not looked at while it is being closed
        self._ending = threading.Event()  # nobody needs to receive any more
        self._read_all = threading.Event()
        self._ended = False
        self._exit_code: int | None = None
        self._threads = [
            threading.Thread(target=self._read, name="helix-host-reader", daemon=True),
            threading.Thread(target=self._write, name="helix-host-writer", daemon=True),
        ]
        for thread in self._threads:
            thread.start()

    @property
    def alive(self) -> bool:
        """Whether the process still runs."""
        with self._handle_lock:
            return not self._ended and not connection.wait([self._sentinel], 0)

    def send(self, message: ToChild) -> None:
        """Queue a message; never blocks. Lost when the child is gone."""
        self._outbox.put(message)

    def receive(self, timeout: float) -> ToParent | None:
        """The next message, or None after ``timeout`` seconds. Raises ChildGone at the end of the pipe."""
        try:
            message = self._inbox.get(timeout=timeout)
        except queue.Empty:
            message = None
            # on Windows one that dies while it starts never took its end of the pipe: this process keeps it open
            if not self._read_all.is_set() and not self.alive and not self._read_all.wait(LAST_READ_SECONDS):
                self._read_all.set()
        if message is None and self._read_all.is_set() and self._inbox.empty():
            raise ChildGone
        return message

    def end(self, patience: float) -> None:
        """Ask the process to end, wait up to ``patience`` seconds, then kill it. Returns when it is reaped."""
        with self._end_lock:
            if self._ended:
                return
            self._ending.set()
            self.send(Close())
            if patience > 0:
                connection.wait([self._sentinel], patience)
            self._process.kill()
            self._process.join(KILL_SECONDS)
            self._outbox.put(None)
            for thread in self._threads:
                thread.join(KILL_SECONDS)
            self._exit_code = self._process.exitcode
            with self._handle_lock:
                self._ended = True
                if self._exit_code is None or any(thread.is_alive() for thread in self._threads):
                    log.error("engine process %d cannot be ended", self.pid)
                    return
                self._pipe.close()
                self._process.close()

    def exit_text(self) -> str:
        """How the process ended, in technical words."""
        return exit_text(self._exit_code)

    def _read(self) -> None:
        try:
            while True:
                self._deliver(self._pipe.recv())
        except (EOFError, OSError):
            pass
        except Exception:
            log.exception("unreadable message from the engine process")
        self._read_all.set()
        with suppress(queue.Full):  # whoever waits for a message learns now that there will be none
            self._inbox.put_nowait(None)

    def _deliver(self, message: ToParent) -> None:
        """Put a message where ``receive`` finds it, once there is room; without, lost while the process is ended."""
        while True:
            try:
                return self._inbox.put(message, timeout=POLL_SECONDS)
            except queue.Full:
                if self._ending.is_set():
                    return None

    def _write(self) -> None:
        while (message := self._outbox.get()) is not None:
            try:
                self._pipe.send(message)
            except OSError:
                log.debug("the engine process no longer reads")
            except Exception:
                log.exception("a request that cannot be sent")
