"""Programs in a hundredth of the time: forked from one that has imported what they need.

Such a program has descriptors, an environment and a folder of its own, begins with the streams that an interpreter
makes of those descriptors, and ends as an interpreter ends. Only its imports are there already, so what is about
starts and imports starts real ones, and variables that are read before or while modules are imported are those of the
process they are forked from. It is for POSIX.
"""

from __future__ import annotations

import atexit
import gc
import importlib
import io
import json
import os
import runpy
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
CLOSED = None  # in place of a descriptor
SECONDS = 240.0  # a program that takes longer is killed


class Warm:
    """A process that has imported some modules, and the programs that are forked from it, one at a time."""

    def __init__(self, *modules: str) -> None:
        ours, theirs = socket.socketpair()
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        command = [sys.executable, "-m", "tests.forked", str(theirs.fileno()), *modules]
        self._process = subprocess.Popen(command, cwd=ROOT, env=environment, pass_fds=[theirs.fileno()])
        theirs.close()
        ours.settimeout(SECONDS)
        self._socket, self._pid = ours, 0
        atexit.register(self.close)

    def start(
        self,
        module: str,
        arguments: Sequence[str] = (),
        streams: Sequence[int | None] = (0, 1, 2),
        environment: Mapping[str, str] | None = None,
        folder: Path = ROOT,
    ) -> int:
        """Run a module as ``python -m`` does, on these streams and in a session of its own. Returns its process id."""
        asked = {
            "module": module,
            "arguments": list(arguments),
            "closed": [number for number, stream in enumerate(streams) if stream is CLOSED],
            "environment": dict(os.environ if environment is None else environment),
            "folder": str(folder),
        }
        body = json.dumps(asked).encode()
        open_ones = [stream for stream in streams if stream is not CLOSED]
        socket.send_fds(self._socket, [len(body).to_bytes(8, "little")], open_ones)
        self._socket.sendall(body)
        self._pid = self._told()
        return self._pid

    def wait(self) -> int:
        """The exit code of the program that was started, negative for a signal."""
        try:
            return self._told()
        except TimeoutError:
            os.killpg(self._pid, signal.SIGKILL)
            return self._told()

    def _told(self) -> int:
        told = self._socket.recv(8)
        if not told:
            raise RuntimeError("the process that programs are forked from has ended")
        return int.from_bytes(told, "little", signed=True)

    def captured(self, module: str, *arguments: str, **options: Any) -> subprocess.CompletedProcess[bytes]:
        """The same without input, and with what it writes.

        ``streams`` may name files in place of some of them: ``{1: "/dev/full", 2: None}``.
        """
        places: Mapping[int, str | None] = options.pop("streams", {})
        with ExitStack() as stack:
            out, err = (stack.enter_context(tempfile.TemporaryFile()) for _ in range(2))
            usual = [stack.enter_context(open(os.devnull, "rb")), out, err]
            streams: list[int | None] = []
            for number, file in enumerate(usual):
                place = places.get(number, "")
                if place:
                    file = stack.enter_context(open(place, "rb" if number == 0 else "wb"))
                streams.append(CLOSED if place is None else file.fileno())
            self.start(module, arguments, streams, **options)
            code = self.wait()
            for file in (out, err):
                file.seek(0)
            return subprocess.CompletedProcess([module, *arguments], code, out.read(), err.read())

    def close(self) -> None:
        """End the process."""
        self._socket.close()
        self._process.wait(30)


# ------------------------------------------------------------------ the process itself


def _serve(end: socket.socket, modules: Sequence[str]) -> dict[str, Any] | None:
    """Fork whenever asked. Returns what to be in a forked process, and None at the end of the server."""
    for module in modules:
        importlib.import_module(module)
    gc.collect()
    gc.freeze()
    while True:
        head, streams, _, _ = socket.recv_fds(end, 8, 3)
        if not head:
            return None
        body = b""
        while len(body) < int.from_bytes(head, "little"):
            body += end.recv(1 << 16)
        asked = json.loads(body)
        pid = os.fork()
        if pid == 0:
            end.close()
            os.setsid()
            _become(asked, streams)
            return asked
        end.sendall(pid.to_bytes(8, "little"))
        for stream in streams:
            os.close(stream)
        _, status = os.waitpid(pid, 0)
        end.sendall(os.waitstatus_to_exitcode(status).to_bytes(8, "little", signed=True))


def _become(asked: dict[str, Any], streams: list[int]) -> None:
    """Take over streams, environment and folder."""
    given = list(streams)
    for number in range(3):
        if number in asked["closed"]:
            os.close(number)
        else:
            os.dup2(given.pop(0), number)
    for stream in streams:
        os.close(stream)
    os.environ.clear()
    os.environ.update(asked["environment"])
    os.chdir(asked["folder"])
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        made = None
        if number not in asked["closed"]:
            errors = "backslashreplace" if number == 2 else "strict"
            raw = os.fdopen(number, "wb" if number else "rb", closefd=False)
            made = io.TextIOWrapper(raw, errors=errors, line_buffering=number == 2)
        setattr(sys, name, made)
        setattr(sys, f"__{name}__", made)


def main() -> None:
    """Serve until the other end is closed; in each forked process run what was asked for."""
    asked = _serve(socket.socket(fileno=int(sys.argv[1])), sys.argv[2:])
    if asked is not None:
        sys.argv = [asked["module"], *asked["arguments"]]
        runpy.run_module(asked["module"], run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
