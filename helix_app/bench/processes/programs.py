"""Programs that a measurement starts, keeps open and talks to in lines of JSON."""

from __future__ import annotations

import json
import subprocess
import threading
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from helix_app.base.errors import HelixError
from helix_app.base.process.program import HIDDEN
from helix_app.bench.config import BenchConfig

SECONDS = 300  # longer than loading or any reply takes
POLL_SECONDS = 0.1
_END_SECONDS = 10.0


def generate_options(config: BenchConfig, prompt: str, **others: object) -> list[str]:
    """Options of ``generate`` that ask for a reply as a benchmark is to have it; ``others`` by their names."""
    options: dict[str, object] = {
        "target": config.target,
        "draft": config.draft,
        "k": config.k,
        "device": config.device,
        "dtype": config.dtype,
        "max-tokens": config.max_tokens,
        "temperature": config.temperature,
        "seed": config.seed,
        "prompt": prompt,
        **others,
    }
    if config.context is not None:
        options["context"] = config.context
    return [f"--{name}={value}" for name, value in options.items()]


def wait_or_kill(process: subprocess.Popen[Any], seconds: float) -> None:
    """Wait until a program has ended; after ``seconds`` it is killed."""
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


class Program(AbstractContextManager["Program"]):
    """One program, ended when the block is left. It is killed when it is stopped or takes far too long.

    Args:
        command: what is started.
        environment: its environment variables.
        errors: a file for what it writes to standard error.
        cancel: set when it is stopped.
    """

    def __init__(
        self, command: Sequence[str], environment: Mapping[str, str], errors: Path, cancel: threading.Event
    ) -> None:
        self._errors, self._cancel = errors, cancel
        self._file = errors.open("w", encoding="utf-8")
        try:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._file,
                env=dict(environment),
                creationflags=HIDDEN,
            )
        except BaseException:
            self._file.close()
            raise
        self._over = threading.Event()
        self._silent = 0.0
        self._watch = threading.Thread(target=self._guard, daemon=True)
        self._watch.start()

    def ask(self, said: Mapping[str, Any]) -> Any:
        """Send an object; the one that is answered, or None when the program was stopped.

        Raises:
            HelixError: the program ended, answered nonsense or an error.
        """
        self._silent = 0.0
        try:
            assert self._process.stdin is not None
            self._process.stdin.write(json.dumps(said).encode() + b"\n")
            self._process.stdin.flush()
        except OSError:
            pass  # it has ended: why is told below
        assert self._process.stdout is not None
        for line in self._process.stdout:
            try:
                answer = json.loads(line.decode("utf-8", "replace"))
            except ValueError:
                continue
            if isinstance(answer, dict):
                if "error" in answer and not self._cancel.is_set():
                    raise HelixError("bench_program", reason=answer["error"])
                return None if self._cancel.is_set() else answer
        if self._cancel.is_set():
            return None
        code = self._process.wait()
        detail = self._errors.read_text(encoding="utf-8", errors="replace").strip()[-2000:] or f"exit code {code}"
        raise HelixError("bench_program", reason=detail.splitlines()[-1], detail=detail)

    def __exit__(self, *_: object) -> None:
        pipes = (self._process.stdin, self._process.stdout)
        try:
            if pipes[0] is not None:
                pipes[0].close()
        except OSError:
            pass  # what it no longer reads
        wait_or_kill(self._process, _END_SECONDS)
        self._over.set()
        self._watch.join()
        if pipes[1] is not None:
            pipes[1].close()
        self._file.close()

    def _guard(self) -> None:
        while not self._over.wait(POLL_SECONDS):
            self._silent += POLL_SECONDS
            if self._cancel.is_set() or self._silent > SECONDS:
                self._process.kill()
                return
