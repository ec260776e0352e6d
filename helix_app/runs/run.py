"""A run: one reply with every event of it, as it can be saved, opened without the model, and inspected.

The file is gzip of JSON lines. The first is a header ``{"format": "helix-run", "version": 1, "helix": "0.1.0"}``, then
comes one line an event: ``{"type": "RoundDone", "t": 1.25, "event": {…}}``, ``t`` in seconds since the request. The
first event is the request itself. What is read makes objects of ``KINDS`` only, of values with the types that they
declare; nothing is ever executed. Reading is a generator, so that a long run can be shown as it comes.
"""

from __future__ import annotations

import gzip
import io
import json
import os
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, NoReturn, Union

import helix_app
from helix_app.base import typed
from helix_app.base.errors import RunFileError
from helix_app.base.files import replacing
from helix_app.protocol.events import (
    CACHE_CELL,
    CacheSnapshot,
    Failed,
    Finished,
    Notice,
    PrefillDone,
    RoundDone,
    TextDelta,
)
from helix_app.protocol.models.loading import ModelReady
from helix_app.protocol.requests import GenerateRequest

FORMAT, VERSION = "helix-run", 1
SUFFIX = ".helixrun"

RunEvent = Union[
    GenerateRequest, ModelReady, PrefillDone, RoundDone, TextDelta, CacheSnapshot, Notice, Finished, Failed
]
KINDS: dict[str, type] = {
    kind.__name__: kind
    for kind in (
        GenerateRequest,
        ModelReady,
        PrefillDone,
        RoundDone,
        TextDelta,
        CacheSnapshot,
        Notice,
        Finished,
        Failed,
    )
}
_LONGEST_LINE = 64 * 2**20  # bytes; a full snapshot of a million blocks has 11 million
_MOST_BYTES = 4 * 2**30  # of all lines, unpacked
_MOST_BLOCKS = 2**24
_LARGEST = 2**53
_CELL_BYTES = sum(int(kind[-1]) for _name, kind in CACHE_CELL)


@dataclass(frozen=True)
class RunItem:
    """An event and the seconds since the request at which it came."""

    seconds: float
    event: RunEvent


@dataclass
class Run:
    """One reply from its request to its end.

    Attributes:
        items: the request, what was loaded (if known), then every event in order.
        complete: False when events were left out for lack of memory, or the reply still runs.
    """

    items: list[RunItem] = field(default_factory=list)
    complete: bool = False

    @property
    def request(self) -> GenerateRequest | None:
        """What was asked."""
        first = self.items[0].event if self.items else None
        return first if isinstance(first, GenerateRequest) else None

    @property
    def ready(self) -> ModelReady | None:
        """What it ran on."""
        return next((i.event for i in self.items[:2] if isinstance(i.event, ModelReady)), None)

    def save(self, path: Path) -> None:
        """See ``save``."""
        save(self.items, path)


# --------------------------------------------------------------------------- writing


def save(items: Iterable[RunItem], path: Path) -> None:
    """Write a run whole or not at all.

    Raises:
        RunFileError: ``run_not_saved``.
    """
    name = ""
    try:
        fd, name = replacing.new_file(path.parent, ".run-", ".part")
        with os.fdopen(fd, "wb") as raw:
            _write(items, raw)
        replacing.replace(name, path)
    except OSError as error:
        raise RunFileError("run_not_saved", file=path, detail=str(error)) from error
    finally:
        if name and os.path.exists(name):
            os.unlink(name)


def dumps(items: Iterable[RunItem]) -> bytes:
    """A run as the bytes of its file."""
    raw = io.BytesIO()
    _write(items, raw)
    return raw.getvalue()


def _write(items: Iterable[RunItem], raw: IO[bytes]) -> None:
    with gzip.GzipFile(fileobj=raw, mode="wb", compresslevel=6, filename="") as file:
        file.write(_line({"format": FORMAT, "version": VERSION, "helix": helix_app.__version__}))
        for item in items:
            kind = type(item.event).__name__
            file.write(_line({"type": kind, "t": item.seconds, "event": typed.plain(item.event)}))


def _line(value: dict[str, Any]) -> bytes:
    return (json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":")) + "\n").encode(
        "utf-8", "surrogatepass"
    )


# --------------------------------------------------------------------------- reading


def load(path: Path) -> Run:
    """Read a whole run. Raises RunFileError as ``read`` does."""
    run = Run(list(read(path)))
    run.complete = isinstance(run.items[-1].event, (Finished, Failed))
    return run


def read(path: Path) -> Iterator[RunItem]:
    """The items of a run file, one at a time; the first is the request.

    Raises:
        RunFileError: ``run_missing`` when there is no such file, ``run_file`` for anything that is no run, or only part
            of one, with the line and what is wrong with it as detail.
    """
    return _read(lambda: gzip.GzipFile(path, "rb"), path)


def loads(data: bytes, name: str = "") -> Run:
    """A run from the bytes of its file; ``name`` is what errors call it. Raises RunFileError as ``read`` does."""
    run = Run(list(_read(lambda: gzip.GzipFile(fileobj=io.BytesIO(data)), Path(name))))
    run.complete = isinstance(run.items[-1].event, (Finished, Failed))
    return run


def _read(opened: Callable[[], gzip.GzipFile], path: Path) -> Iterator[RunItem]:
    number = 0
    try:
        with opened() as file:
            lines = _lines(file)
            number = 1
            _check_header(next(lines, b""))
            for number, line in enumerate(lines, 2):
                item = _item(line)
                if (number == 2) != isinstance(item.event, GenerateRequest):
                    raise ValueError("the request comes first, and once")
                yield item
        if number < 2:
            raise ValueError("no request")
    except gzip.BadGzipFile as error:
        _refuse(path, number, error)
    except OSError as error:
        raise RunFileError("run_missing", file=path, detail=str(error)) from error
    except (ValueError, EOFError, zlib.error, RecursionError) as error:
        _refuse(path, number, error)


def _refuse(path: Path, number: int, error: Exception) -> NoReturn:
    raise RunFileError("run_file", file=path, detail=f"line {number}: {error}") from error


def _lines(file: io.BufferedIOBase | gzip.GzipFile) -> Iterator[bytes]:
    total = 0
    while line := file.readline(_LONGEST_LINE + 1):
        total += len(line)
        if len(line) > _LONGEST_LINE or total > _MOST_BYTES:
            raise ValueError("too long")
        if not line.endswith(b"\n"):
            raise ValueError("cut off")
        yield line


def _parse(line: bytes) -> dict[str, Any]:
    value = json.loads(
        line.decode("utf-8", "surrogatepass"), parse_constant=_no_constant, parse_int=_whole, parse_float=_real
    )
    if not isinstance(value, dict):
        raise ValueError("no object")
    return value


class _TooLarge:
    """Stands for a number beyond what anything here counts: no field takes it, but one that nobody knows may be it."""


def _no_constant(word: str) -> NoReturn:
    raise ValueError(f"{word} is no number")


def _whole(digits: str) -> int | _TooLarge:
    if len(digits) > 20:
        raise ValueError("a number is too large")
    number = int(digits)
    return number if abs(number) <= _LARGEST else _TooLarge()


def _real(digits: str) -> float | _TooLarge:
    number = float(digits)
    return number if abs(number) <= _LARGEST else _TooLarge()


def _check_header(line: bytes) -> None:
    header = _parse(line)
    if header.get("format") != FORMAT:
        raise ValueError("another format")
    if type(header.get("version")) is not int or header["version"] != VERSION:
        raise ValueError(f"version {header.get('version')!r}, this Helix reads {VERSION}")


@dataclass(frozen=True)
class _Line:
    type: str
    t: float
    event: Any = None


def _item(line: bytes) -> RunItem:
    told = typed.read(_Line, _parse(line))
    if told.type not in KINDS:
        raise ValueError(f"unknown event {told.type!r}"[:80])
    try:
        event: Any = typed.read(KINDS[told.type], told.event)
    except ValueError as error:
        raise ValueError(f"{told.type}: {error}") from None
    if isinstance(event, CacheSnapshot):
        _check_snapshot(event)
    elif isinstance(event, RoundDone):
        _check_round(event)
    elif isinstance(event, ModelReady):
        _check_ready(event)
    return RunItem(told.t, event)


def _check(holds: bool, what: str) -> None:
    if not holds:
        raise ValueError(what)


def _check_snapshot(event: CacheSnapshot) -> None:
    cells, odd = divmod(len(event.cells), _CELL_BYTES)
    _check(not odd and 0 <= event.num_blocks <= _MOST_BLOCKS, "blocks")
    _check(1 <= event.block_size <= 4096, "block size")
    _check(cells == event.num_blocks if event.full else 4 * cells == len(event.indices), "cells")
    groups = len(event.windows)
    _check(1 <= groups <= 255 and min(event.windows) >= 0 and event.passed_blocks >= 0, "windows")
    _check(min(event.used_states, event.kept_states) >= 0, "states")
    _check(event.used_states + event.kept_states <= event.states, "states")
    _check(len(event.readers) in (0, groups) and min(event.readers, default=0) >= 0, "readers")
    _check(all(len(blocks) % (4 * groups) == 0 for _name, blocks in event.tables), "block tables")


def _check_round(event: RoundDone) -> None:
    _check(0 <= event.accepted <= len(event.emitted), "accepted")
    _check(0 <= event.k <= 4096 and event.accepted <= event.k, "k")
    _check(min(event.draft_seconds, event.verify_seconds, event.overhead_seconds) >= 0, "seconds")
    _check(event.index >= 0 and event.context_tokens >= 0 and event.tokens_generated >= 0, "counts")


def _check_ready(event: ModelReady) -> None:
    counts = (event.context_length, event.target_blocks, event.draft_blocks, event.target_block_bytes)
    bytes_ = (event.draft_block_bytes, event.target_state_bytes, event.draft_state_bytes)
    _check(min(*counts, *bytes_) >= 0 and event.block_size >= 1, "counts")
