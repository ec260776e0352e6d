"""Which form of a product is fastest here: a job of ``machine/jobs.py``, for processors that have more than AVX2.

Every form has the bits of the reference, so that the choice changes no reply. Which one is fastest depends on what a
processor makes of wide registers, and of a format's share of other work.
"""

from __future__ import annotations

import ctypes
import math
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from helix_app.engine.kernels.packed.formats import FORMATS, RECORD_BYTES
from helix_app.engine.kernels.packed.library import Library
from helix_app.engine.kernels.packed.trials import check
from helix_app.engine.kernels.packed.trials.samples import made_up

GAIN = 0.97  # of the time of the form before it is the most that one may take to be preferred
_ROWS = (1, 4, 8)
_OUT, _COLUMNS = 256, 2048  # of weights, which stay in the cache
_ROUNDS = 15


def run(folder: str, *names: str) -> dict[str, Any]:
    """The job: see ``choose``. A name is a part and a form of it that is not the first, with a colon between."""
    wanted: dict[str, list[str]] = {}
    for name in names:
        part, _, form = name.partition(":")
        wanted.setdefault(part, []).append(form)
    return choose(Library(folder=Path(folder)), wanted)


def kept(folder: str = "") -> dict[str, Any]:
    """A job for ``doctor``: ``first`` and ``others`` of this processor's forms, and what is kept of products'."""
    library = Library(folder=Path(folder) if folder else None)
    choices = {part: library.chosen(part) for part in FORMATS}
    return {
        "first": library.processor.form,
        "others": library.processor.others,
        "chosen": {part: choice for part, choice in choices.items() if choice is not None},
    }


def choose(library: Library, wanted: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    """Compare further forms of products with references, and their times with that of the first form.

    Returns:
        ``chosen``: of each part the ``form`` to take, and each form's ``shares`` of the first one's time; ``wrong``:
        forms and names of products that compute something else than their references.
    """
    chosen: dict[str, Any] = {}
    wrong: list[str] = []
    for part, forms in wanted.items():
        first = library.processor.form
        works = {first: _works(_loaded(library, part, first), part)}
        for form in forms:
            made = _loaded(library, part, form)
            found = list(check.wrong_in(made, part))
            wrong += [f"{form} {name}" for name in found]
            if not found:
                works[form] = _works(made, part)
        found_shares = shares(_timed(works))
        chosen[part] = {"form": fastest(found_shares), "shares": {f: round(s, 3) for f, s in found_shares.items()}}
    return {"chosen": chosen, "wrong": wrong}


def _loaded(library: Library, part: str, form: str) -> Library:
    made = library.in_form(form)
    made.load_trial((part,))
    return made


def fastest(parts: Mapping[str, float]) -> str:
    """The form to take by shares of the first one's time: a later one only where it is clearly faster than the one
    before it."""
    taken = ""
    for form, share in parts.items():
        if not taken or share < GAIN * parts[taken]:
            taken = form
    return taken


def shares(seconds: Mapping[str, Sequence[float]]) -> dict[str, float]:
    """The geometric mean of each form's times, for so many numbers of rows, over those of the first."""
    first = next(iter(seconds.values()))
    return {
        form: math.exp(sum(math.log(own / other) for own, other in zip(times, first)) / len(first))
        for form, times in seconds.items()
    }


def _timed(works: Mapping[str, Sequence[Callable[[], None]]]) -> dict[str, list[float]]:
    """The least seconds of each, in turns, so that what else runs here slows all of them alike."""
    least = {form: [math.inf] * len(_ROWS) for form in works}
    for _ in range(_ROUNDS):
        for i in range(len(_ROWS)):
            for form, made in works.items():
                begin = time.perf_counter()
                made[i]()
                least[form][i] = min(least[form][i], time.perf_counter() - begin)
    return least


def _works(library: Library, part: str) -> list[Callable[[], None]]:
    return [_Work(library, part, rows) for rows in _ROWS]


class _Work:
    """A product of made-up weights with so many rows; runs when it is called."""

    def __init__(self, library: Library, part: str, rows: int) -> None:
        form = FORMATS[part]
        blocks = _COLUMNS // form.columns
        raw = made_up(np.random.default_rng(3), part, _OUT, blocks)
        step = blocks * RECORD_BYTES[form.columns]
        records = np.zeros((8, step), dtype=np.uint8)  # whose values change no time
        out, base = np.empty((rows, _OUT), dtype=np.float32), np.zeros(_OUT, dtype=np.float32)
        count = np.array([rows], dtype=np.int64)
        self._held = (library, raw, records, out, base, count)  # the code, and what the arguments point at
        at = [int(array.ctypes.data) for array in (raw, records, out, base, count)]
        args = [at[0], raw.shape[1], at[1], step, blocks, at[2], 4 * _OUT, at[3], 0, at[4], 2]
        self._args = np.array(args, dtype=np.int64)
        self._function = ctypes.CFUNCTYPE(None, *[ctypes.c_int64] * 3)(library.address(f"product_{part}"))

    def __call__(self) -> None:
        self._function(self._args.ctypes.data, 0, _OUT)
