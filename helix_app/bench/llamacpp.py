"""llama.cpp as an arm: its own server on the same file, with as many threads and as long a context, over HTTP.

A prompt is sent as the token ids that Helix reads, without a cached prefix, and tokens are timed as they arrive, by the
recorder that Helix itself uses. What HTTP costs is part of it, as it is for everyone who uses that server.
"""

from __future__ import annotations

import json
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import IO, Any

import httpx

from helix_app.base import texts
from helix_app.base.errors import HelixError
from helix_app.base.process.program import quiet
from helix_app.base.remote import is_local
from helix_app.bench.arms import Task, plain_record
from helix_app.bench.config import LLAMACPP, is_address
from helix_app.bench.records import RunRecord
from helix_app.engine.machine import threads
from helix_app.engine.machine.devices.device import PACKED
from helix_app.engine.machine.memory import peak_resident
from helix_app.engine.rounds.metrics import RunRecorder
from helix_app.engine.rounds.session import Session, prompt_tokens
from helix_app.modelfiles.model_path import ModelFiles

START_SECONDS = 300.0  # longer than a server takes to load
_REPLY_SECONDS = 600.0  # between two tokens, at most
_ANSWER_SECONDS = 5.0  # to what takes no work
_POLL_SECONDS = 0.1
_END_SECONDS = 10.0
_UNPACKED = {"F32": "float32", "F16": "float16", "BF16": "bfloat16"}  # number formats by the type of tensors
_REASONS = {"eos": "eos", "word": "stop", "limit": "length"}


class LlamaCppArm:
    """Plain decoding by a server that answers.

    Args:
        process: of the server, if it is ours.

    Attributes:
        version: of llama.cpp, as it says itself; empty where it does not.
    """

    name = LLAMACPP

    def __init__(self, session: Session, url: str, version: str = "", process: int | None = None) -> None:
        self._session, self._url, self.version, self._process = session, url.rstrip("/"), version, process

    def run(self, task: Task, seed: int, cancel: threading.Event) -> RunRecord:
        """Write the reply (see ``arms.Arm``). Raises HelixError ``bench_program`` for a server that fails."""
        prompt = prompt_tokens(self._session, task.request)
        recorder, tokens = RunRecorder(), list[int]()
        timeline: list[tuple[float, int]] = []
        last: dict[str, Any] = {}
        try:
            for said in self._said(self._body(task, prompt, seed)):
                if new := [int(token) for token in said.get("tokens") or ()]:
                    if tokens:
                        recorder.round(0, 0, len(new), 0.0)
                    else:
                        recorder.prefilled(len(prompt), 0, len(new))
                    tokens += new
                    timeline.append((round(recorder.elapsed, 4), len(tokens)))
                last = said
                if cancel.is_set():
                    break
        except (httpx.HTTPError, ValueError) as exc:
            raise HelixError("bench_program", reason=f"llama-server: {exc or type(exc).__name__}") from exc
        reason = "cancelled" if cancel.is_set() else _REASONS.get(str(last.get("stop_type")), "length")
        if reason == "eos" and len(self._session.eos) == 1:  # it ends there without giving that token
            (end,) = self._session.eos
            tokens.append(end)
            recorder.round(0, 0, 1, 0.0)
        record = plain_record(self.name, task, recorder.finish(seed, None), len(prompt), tokens, reason, timeline)
        return replace(record, peak_memory_bytes=None if self._process is None else peak_resident(self._process))

    def _body(self, task: Task, prompt: list[int], seed: int) -> dict[str, Any]:
        """The request; every filter that Helix has not is off."""
        sampling = task.request.sampling
        room = self._session.runner.max_tokens - len(prompt)
        return {
            "prompt": prompt,
            "n_predict": min(task.request.max_tokens, room),
            "stream": True,
            "return_tokens": True,
            "cache_prompt": False,
            "seed": seed,
            "samplers": ["penalties", "top_k", "top_p", "min_p", "temperature"],
            "temperature": sampling.temperature,
            "top_k": sampling.top_k,
            "top_p": sampling.top_p,
            "min_p": sampling.min_p,
            "repeat_penalty": sampling.repetition_penalty,
            "repeat_last_n": self._session.runner.max_tokens if sampling.repetition_penalty != 1.0 else 0,
        }

    def _said(self, body: dict[str, Any]) -> Iterator[dict[str, Any]]:
        """The objects of its stream. Raises httpx.HTTPError and ValueError."""
        with httpx.stream(
            "POST", f"{self._url}/completion", json=body, timeout=_REPLY_SECONDS, trust_env=not is_local(self._url)
        ) as answer:
            if answer.status_code != 200:
                answer.read()
                raise ValueError(f"{answer.status_code} {answer.text.strip()[:200]}")
            for line in answer.iter_lines():
                if line.startswith("data:") and (text := line[5:].strip()) != "[DONE]":
                    said = json.loads(text)
                    if not isinstance(said, dict) or "error" in said:
                        raise ValueError(str(said)[:200])
                    yield said


@contextmanager
def opened(path: str, session: Session, target: ModelFiles, cancel: threading.Event) -> Iterator[LlamaCppArm]:
    """The arm, over a server that is started here and ended with the block, or over one that runs already.

    Args:
        path: of the program ``llama-server``, or the address of a server.

    Raises:
        HelixError: ``bench_program``: it does not start or answer, or it has another model.
    """
    if target.gguf is None:
        raise HelixError("bench_program", reason="llama.cpp runs GGUF files, and this model is a folder")
    if is_address(path):
        try:
            _get(path)
        except httpx.HTTPError as exc:  # it is to run already: nothing is waited for
            raise HelixError("bench_program", reason=f"llama-server at {path}: {exc}") from exc
        yield LlamaCppArm(session, path, _await(path, target, cancel, lambda: None))
        return
    with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as errors:
        port = _free_port()
        url = f"http://127.0.0.1:{port}"
        try:
            program = subprocess.Popen(
                _command(path, target, session, port),
                stdin=subprocess.DEVNULL,
                stdout=errors,
                stderr=errors,
                creationflags=quiet(),
            )
        except OSError as exc:
            raise HelixError("bench_program", reason=f"{path}: {texts.why(exc)}") from exc
        try:
            version = _await(url, target, cancel, lambda: _end_of(program, errors))
            yield LlamaCppArm(session, url, version, program.pid)
        finally:
            program.terminate()
            try:
                program.wait(_END_SECONDS)
            except subprocess.TimeoutExpired:
                program.kill()
                program.wait()


def number_format(target: ModelFiles) -> str:
    """What it computes the weights in: as they lie in the file, by Helix's name; of several, what most of them are."""
    sizes: dict[str, int] = {}
    for info in target.gguf.tensors.values() if target.gguf is not None else ():
        sizes[info.type] = sizes.get(info.type, 0) + info.nbytes
    if sizes.keys() - _UNPACKED.keys():
        return PACKED
    return _UNPACKED[max(sizes, key=sizes.__getitem__)] if sizes else ""


def _command(path: str, target: ModelFiles, session: Session, port: int) -> list[str]:
    options = {
        "-m": target.gguf.files[0] if target.gguf is not None else target.path,
        "--host": "127.0.0.1",
        "--port": port,
        "-c": session.runner.max_tokens,
        "-np": 1,
        "-t": threads.in_use(),
        "-tb": threads.in_use(),
    }
    if session.runner.is_synchronous:  # Helix computes on the CPU
        options["-ngl"] = 0
    return [path, *(str(part) for pair in options.items() for part in pair)]


def _end_of(program: subprocess.Popen[bytes], errors: IO[str]) -> str | None:
    """The last that a program said before it ended; None while it runs."""
    if program.poll() is None:
        return None
    errors.seek(0)
    said = errors.read().strip().splitlines()
    return said[-1] if said else f"exit code {program.returncode}"


def _await(url: str, target: ModelFiles, cancel: threading.Event, ended: Callable[[], str | None]) -> str:
    """Wait until a server has loaded; its version. Raises HelixError ``bench_program``.

    Args:
        ended: what our own server ended with; None while it runs, and for one that is not ours.
    """
    end = time.monotonic() + START_SECONDS
    reason = "it does not answer"
    while time.monotonic() < end and not cancel.is_set():
        said = ended()
        if said is not None:
            raise HelixError("bench_program", reason=f"llama-server ended: {said}")
        try:
            health = _get(url, "/health")
        except httpx.HTTPError as exc:
            reason = str(exc) or type(exc).__name__
        else:
            if health.status_code == 200:
                return _version(url, target)
            reason = f"{health.status_code} {health.text.strip()[:200]}"
        cancel.wait(_POLL_SECONDS)
    raise HelixError("bench_program", reason=f"llama-server at {url}: {reason}")


def _version(url: str, target: ModelFiles) -> str:
    """What the server says of itself. Raises HelixError for another model."""
    props: Any = {}
    with suppress(httpx.HTTPError, ValueError):  # a server may keep them to itself
        props = _get(url, "/props").json()
    props = props if isinstance(props, dict) else {}
    model, files = str(props.get("model_path") or ""), target.gguf.files if target.gguf is not None else ()
    if model and Path(model.replace("\\", "/")).name not in {file.name for file in files}:
        raise HelixError("bench_program", reason=f"the server at {url} runs {model}, not {files[0].name}")
    return str(props.get("build_info") or "")


def _get(url: str, page: str = "") -> httpx.Response:
    """What a server answers; without a proxy where it runs on this computer. Raises httpx.HTTPError."""
    return httpx.get(url.rstrip("/") + page, timeout=_ANSWER_SECONDS, trust_env=not is_local(url))


def _free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])
