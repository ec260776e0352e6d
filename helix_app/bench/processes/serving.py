"""A server that a measurement starts, and clients that read its streams."""

from __future__ import annotations

import asyncio
import json
import random
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx

from helix_app.base.errors import HelixError
from helix_app.base.process.program import module_command, quiet
from helix_app.bench.config import BenchConfig
from helix_app.bench.processes.programs import wait_or_kill

_POLL_SECONDS = 0.1
_END_SECONDS = 60.0
_USED = 'helix_cache_blocks{pool="target",state="used"}'


@dataclass
class Load:
    """What clients saw.

    Attributes:
        first: seconds to the first text of each reply.
        tokens: of each client.
        seconds: from the first request to the last end.
        left: replies that their client left in the middle.
        errors: what went wrong, in words.
    """

    first: list[float] = field(default_factory=list)
    tokens: list[int] = field(default_factory=list)
    seconds: float = 0.0
    left: int = 0
    errors: list[str] = field(default_factory=list)

    @property
    def speed(self) -> float:
        """Tokens a second of all clients together."""
        return sum(self.tokens) / self.seconds if self.seconds else 0.0


@contextmanager
def served(config: BenchConfig, clients: int, cancel: threading.Event) -> Iterator[str]:
    """The address of a server with the model of ``config`` that writes for so many clients at once.

    Raises:
        HelixError: it did not start.
    """
    options = {"target": config.target, "draft": config.draft, "device": config.device, "dtype": config.dtype}
    options |= {} if config.context is None else {"context": str(config.context)}
    options |= {"port": "0", "max-running": str(clients), "max-waiting": "1000"}
    command = module_command("helix_app", "serve", *(f"--{name}={value}" for name, value in options.items()))
    with tempfile.TemporaryFile("w+", encoding="utf-8") as errors:
        program = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=errors, encoding="utf-8", creationflags=quiet()
        )
        over = threading.Event()
        guard = threading.Thread(target=_kill_when, args=(program, cancel, over), daemon=True)
        guard.start()
        try:
            assert program.stdout is not None
            url = program.stdout.readline().strip()
            if not url and not cancel.is_set():
                errors.seek(0)
                reason = (errors.read().strip().splitlines() or ["it ended"])[-1]
                raise HelixError("bench_program", reason=reason)
            yield url
        finally:
            program.terminate()
            wait_or_kill(program, _END_SECONDS)
            over.set()
            guard.join()
            assert program.stdout is not None
            program.stdout.close()


def _kill_when(program: subprocess.Popen[str], cancel: threading.Event, over: threading.Event) -> None:
    while not over.wait(_POLL_SECONDS):
        if cancel.is_set():
            program.kill()
            return


def read_streams(url: str, bodies: Sequence[Sequence[dict[str, Any]]], cancel: threading.Event) -> Load:
    """One client for each list of bodies, which asks them one after the other; all clients at once."""

    async def client(http: httpx.AsyncClient, index: int, load: Load) -> None:
        for body in bodies[index]:
            if not cancel.is_set():
                await _read(http, body, load, index)

    return asyncio.run(_together(url, [client] * len(bodies)))


def crowd(url: str, body: dict[str, Any], clients: int, seconds: float, seed: int, cancel: threading.Event) -> Load:
    """So many clients for so long; every other one leaves its replies in the middle, at random."""
    end = time.monotonic() + seconds

    async def client(http: httpx.AsyncClient, index: int, load: Load) -> None:
        chance = random.Random(seed + index)
        number = 0
        while time.monotonic() < end and not cancel.is_set():
            number += 1
            stays = chance.randrange(1, 20) if index % 2 else None
            await _read(http, {**body, "seed": seed + 1000 * index + number}, load, index, stays)

    return asyncio.run(_together(url, [client] * clients))


async def _together(url: str, clients: Sequence[Callable[[httpx.AsyncClient, int, Load], Any]]) -> Load:
    load = Load(tokens=[0] * len(clients))
    limits = httpx.Limits(max_connections=None)
    begin = time.perf_counter()
    async with httpx.AsyncClient(base_url=url, timeout=None, trust_env=False, limits=limits) as http:
        await asyncio.gather(*(client(http, index, load) for index, client in enumerate(clients)))
    load.seconds = time.perf_counter() - begin
    return load


async def _read(
    http: httpx.AsyncClient, body: dict[str, Any], load: Load, index: int, stays: int | None = None
) -> None:
    """Read one reply; its client leaves after so many events."""
    begin, first, seen = time.perf_counter(), True, 0
    try:
        async with http.stream("POST", "/generate/stream", json=body) as answer:
            if answer.status_code != 200:
                load.errors.append(f"HTTP {answer.status_code}")
                return
            async for line in answer.aiter_lines():
                if not line.startswith("data: "):
                    continue
                told = json.loads(line[6:])
                if "error" in told:
                    load.errors.append(told["error"])
                elif told["done"]:
                    load.tokens[index] += told["tokens_generated"]
                elif first:
                    first = False
                    load.first.append(time.perf_counter() - begin)
                seen += 1
                if seen == stays:
                    load.left += 1
                    return
    except httpx.HTTPError as error:
        load.errors.append(type(error).__name__)


def figure(url: str, name: str) -> float | None:
    """A figure of ``/metrics``, None where there is none of this name."""
    lines = httpx.get(f"{url}/metrics", timeout=60, trust_env=False).text.splitlines()
    found = [line.rpartition(" ")[2] for line in lines if line.startswith(f"{name} ")]
    return float(found[0]) if found else None


def wait_until_idle(url: str, cancel: threading.Event, seconds: float = 60.0) -> bool:
    """Whether the server ends all replies within so long."""
    end = time.monotonic() + seconds
    while time.monotonic() < end and not cancel.is_set():
        if figure(url, "helix_replies_running") == 0 and figure(url, _USED) == 0:
            return True
        time.sleep(_POLL_SECONDS)
    return False
