"""Where a pass goes: PyTorch's operators by the part of the model that calls them, and what is left for Python.

The profiler gives each operator's own time. Parts are told apart by the engine's functions in which an operator runs,
where there are such functions, else by the operator's name.
"""

from __future__ import annotations

import contextlib
import functools
import os
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch.autograd.profiler import profile, record_function

from helix_app.engine.cache.kv_cache import KVView
from helix_app.engine.kernels.attention import SpanPath
from helix_app.engine.models import rope
from helix_app.engine.models.parts import part
from helix_app.engine.models.residual import MirroredResidual, Residual

LINEAR, ATTENTION, NORM, ROTARY, CACHE, OTHER = (
    "Linear layers",
    "Attention",
    "Norms",
    "Rotary embeddings",
    "Cache writes",
    "Other operations",
)
GROUPS = (LINEAR, ATTENTION, NORM, ROTARY, CACHE, OTHER)
PYTHON = "Python and dispatch"
os.environ.setdefault("KINETO_LOG_LEVEL", "99")  # else the profiler tells standard error of every start and stop
_MARK = "helix: "
_TRIED, _TRIALS = 200, 8
_FUNCTIONS = (  # owner, name, group
    (part, "run_linear", LINEAR),
    (SpanPath, "__init__", ATTENTION),
    (SpanPath, "attend", ATTENTION),
    (Residual, "normed", NORM),
    (MirroredResidual, "normed", NORM),
    (rope, "rotate_", ROTARY),
    (KVView, "write", CACHE),
)
_NAMES = (  # parts of operators' names
    ("linear", LINEAR),
    ("addmm", LINEAR),
    ("pack_mm", LINEAR),
    ("::mm", LINEAR),
    ("::matmul", LINEAR),
    ("attention", ATTENTION),
    ("norm", NORM),
)


@dataclass(frozen=True)
class Taken:
    """One profiled pass.

    Attributes:
        wall: microseconds of the whole pass, profiled.
        spent: microseconds of the operators of each group, with what profiling adds to them.
        calls: operators called from Python, by group.
        inner: operators called by operators, by group.
    """

    wall: float
    spent: dict[str, float]
    calls: dict[str, int]
    inner: dict[str, int]


@dataclass(frozen=True)
class Shares:
    """Where a plain pass of ``wall`` microseconds goes.

    Attributes:
        spent: microseconds by group, ``PYTHON`` last; they add up to ``wall``.
        calls, inner: as in ``Taken``.
        each: microseconds that profiling adds for each operator, taken off.
        total: microseconds of the profiled pass without them; near ``wall`` on a machine that does nothing else.
    """

    wall: float
    spent: dict[str, float]
    calls: dict[str, int]
    inner: dict[str, int]
    each: float
    total: float


def profiled(run: Callable[[], object], device: torch.device) -> Taken:
    """Profile one pass: on CUDA the time of its kernels, elsewhere that of the operators on the CPU.

    Raises:
        RuntimeError: the profiler does not work here.
    """
    cuda = device.type == "cuda"
    with marked(), profile(use_device="cuda" if cuda else None, use_kineto=True) as found:
        begin = time.perf_counter()
        run()
        wall = time.perf_counter() - begin
    return grouped(found.function_events or (), 1e6 * wall, cuda)


def grouped(events: Sequence[Any], wall: float, cuda: bool = False) -> Taken:
    """The profiler's events of one pass by group."""
    spent = dict.fromkeys(GROUPS, 0.0)
    calls, inner = Counter(dict.fromkeys(GROUPS, 0)), Counter(dict.fromkeys(GROUPS, 0))
    for event in events:
        if event.device_type != torch.autograd.DeviceType.CPU or event.name.startswith(_MARK):
            continue
        group, top = _place(event)
        spent[group] += event.self_device_time_total if cuda else event.self_cpu_time_total
        (calls if top else inner)[group] += 1
    return Taken(wall, spent, dict(calls), dict(inner))


def _place(event: Any) -> tuple[str, bool]:
    """An operator's group, and whether Python called it."""
    top, outer = event, event.cpu_parent
    while outer is not None:
        if outer.name.startswith(_MARK):
            return outer.name.removeprefix(_MARK), top is event
        top, outer = outer, outer.cpu_parent
    return next((group for part, group in _NAMES if part in top.name), OTHER), top is event


def profiling_cost() -> float:
    """Microseconds that profiling adds for each operator, tried on a layer so small that it takes no time."""
    x, weight = torch.ones(1, 8), torch.ones(8, 8)

    def calls() -> float:
        begin = time.perf_counter()
        for _ in range(_TRIED):
            torch.nn.functional.linear(x, weight)
        return time.perf_counter() - begin

    plain, told, events = [], [], 1
    for _ in range(_TRIALS):
        plain.append(calls())
        with profile(use_kineto=True) as found:
            told.append(calls())
        events = len(found.function_events or ()) or 1
    return 1e6 * max(0.0, min(told) - min(plain)) / events


def shares(plain: Sequence[float], taken: Sequence[Taken], each: float) -> Shares:
    """The fastest plain pass divided as the fastest profiled one; other programs' work only ever adds to a time.

    Profiling adds ``each`` for every operator. Of one that Python calls this lies outside of the operator's time; of
    one called by another it lies inside of the caller's. Both are taken off before the parts are compared.
    """
    best = min(taken, key=lambda t: t.wall)
    spent = {group: max(0.0, best.spent[group] - each * best.inner[group]) for group in GROUPS}
    spent[PYTHON] = max(0.0, best.wall - sum(best.spent.values()) - each * sum(best.calls.values()))
    wall, total = min(plain), sum(spent.values()) or 1.0
    return Shares(wall, {part: x * wall / total for part, x in spent.items()}, best.calls, best.inner, each, total)


@contextlib.contextmanager
def marked() -> Iterator[None]:
    """The engine's functions, each told to the profiler by its group while this lasts."""
    with contextlib.ExitStack() as stack:
        for owner, name, group in _FUNCTIONS:
            original = getattr(owner, name)
            setattr(owner, name, _told(original, _MARK + group))
            stack.callback(setattr, owner, name, original)
        yield


def _told(function: Callable[..., Any], mark: str) -> Callable[..., Any]:
    # the one for everybody costs as much as ten operators
    scope: Callable[[str], Any] = getattr(torch._C._profiler, "_RecordFunctionFast", record_function)

    @functools.wraps(function)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        with scope(mark):
            return function(*args, **kwargs)

    return wrapper
