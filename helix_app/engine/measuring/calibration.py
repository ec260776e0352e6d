"""What a pass over several rows costs, known before the first reply.

On a CPU it is the proportion to a single row that is measured, the two in turn, and remembered for this machine and
shape (``measured.py``): proportions hold while the machine is slower or faster. What a single row takes is remembered
as well, as a first guess that a few replies outweigh, so that a load which knows both measures nothing, and on packed
weights runs no pass at all. On other devices, whose passes are short, all row counts are timed at each load.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Sequence

from helix_app.engine.control.costs import CostTable
from helix_app.engine.machine import measured, quiet
from helix_app.engine.machine.devices.device import PACKED
from helix_app.engine.measuring import formats
from helix_app.engine.models.runner import ModelRunner
from helix_app.engine.models.step_graphs import USES

ROWS = (5, 2, 9, 3)  # beside a single one: what verification asks for, the most telling first
_SINGLES = 3  # passes of one row that are timed
_SECONDS, _TURNS = 1.2, 5  # of measuring proportions; each is taken twice at least
_DEVICE_ROWS, _DEVICE_SECONDS = (1, 5, 9, 2, 3), 0.6
_HOPELESS = 0.95  # of as many single passes: rows beyond so costly ones need not be measured
_SURE = 8  # plain steps after which their cost is known
_ANOTHER = 1.6  # between a single row as remembered and as it is now, either way
_SURPRISE = 1.25  # between a proportion as remembered and as it is now, either way


def calibrate(runner: ModelRunner, rows: Sequence[int] = ROWS) -> None:
    """Fill ``runner.costs``: a single row, and these row counts beside it.

    Raises:
        RuntimeError: the device's own errors.
    """
    if not runner.is_synchronous or runner.decoder.graphs is not None:
        _time_all(runner, (1, *(count for count in _DEVICE_ROWS if count in rows)))
        return
    rows = [count for count in rows if count <= runner.max_tokens]
    known = measured.remembered(_name(runner), lambda: _proportions(runner, rows), meanwhile=True) if rows else {}
    if runner.decoder.format != PACKED:  # whose library was tried when it was made
        runner.try_rows(1)  # what cannot run is to fail while it loads
    single = measured.remembered(_single_name(runner), lambda: _single(runner), meanwhile=True)
    runner.costs = CostTable()
    runner.costs.add(1, 0, float(single))
    runner.costs.relate({int(count): float(times) for count, times in known.items()})


def proportion_now(runner: ModelRunner, rows: int) -> float:
    """Passes of one row that a pass over so many takes just now; takes three passes."""
    before, many, after = (_seconds(runner, count) for count in (1, rows, 1))
    return many / max(min(before, after), 1e-9)


def doubtful(runner: ModelRunner, costs: CostTable, rows: int, proportion: float) -> bool:
    """Whether this proportion, seen in use, is not the one of ``costs``; what is remembered of it is dropped then.

    Beside other programs nothing is doubted: their work makes any pass look costly.
    """
    expected, single = costs.expect(rows, 0), costs.expect(1, 0)
    if expected and single and 1 / _SURPRISE < proportion * single / expected < _SURPRISE:
        return False
    if runner.is_synchronous:
        if measured.busyness() >= quiet.BUSY:
            return False
        measured.drop(_name(runner))
    return True


def check_step(runner: ModelRunner, costs: CostTable) -> None:
    """Compare plain steps in use with what the trial of formats said of them; drop what it said if it was wrong."""
    single, decoder = costs.expect(1, 0), runner.decoder
    if single is None or costs.samples(1, 0) < _SURE or not runner.is_synchronous:
        return
    guess = measured.known(_single_name(runner))
    if guess is not None and not 1 / _ANOTHER < single / guess < _ANOTHER and measured.busyness() < quiet.BUSY:
        measured.drop(_single_name(runner))
    if formats.contradicts(decoder.config, decoder.format, single) and measured.busyness() < quiet.BUSY:
        formats.forget(decoder.config)


def _name(runner: ModelRunner) -> str:
    c, decoder = runner.decoder.config, runner.decoder
    shape = f"{c.num_layers} layers of {c.hidden_size} and {c.intermediate_size}"
    if c.experts is not None:
        shape += f", {c.experts.used} of {c.experts.count} experts of {c.experts.size}"
    heads = f"{c.num_heads}/{c.num_kv_heads} heads of {c.head_dim}, {c.vocab_size} tokens"
    return f"rows over one: {c.architecture}, {shape}, {heads}, {decoder.format}, {' '.join(decoder.kernels)}"


def _single_name(runner: ModelRunner) -> str:
    return f"seconds of a row: {_name(runner)}"


def _single(runner: ModelRunner) -> float:
    """Seconds of a pass of one row, at best."""
    runner.try_rows(1)
    return min(_seconds(runner, 1) for _ in range(_SINGLES))


def _proportions(runner: ModelRunner, rows: Sequence[int]) -> dict[str, float]:
    """Median over turns of each row count's time over the single row's beside it."""
    found: dict[int, list[float]] = {}
    end = time.perf_counter() + _SECONDS
    runner.try_rows(1)
    for turn in range(_TURNS):
        for count in rows:
            if turn == 0:
                if any(_costs_all(found, other) for other in found if other < count):
                    continue
                runner.try_rows(count)  # the first run of a shape is slow
                found[count] = [proportion_now(runner, count)]
            elif count in found and (len(found[count]) < 2 or time.perf_counter() < end):
                found[count].append(proportion_now(runner, count))
    return {str(count): statistics.median(times) for count, times in found.items()}


def _costs_all(found: dict[int, list[float]], rows: int) -> bool:
    return min(found[rows]) >= _HOPELESS * rows


def _seconds(runner: ModelRunner, rows: int) -> float:
    begin = time.perf_counter()
    runner.try_rows(rows)
    return time.perf_counter() - begin


def _time_all(runner: ModelRunner, row_counts: Sequence[int]) -> None:
    """Each row count a few times: the first run of a shape is slow, the next ones are what it costs."""
    records = runner.decoder.graphs is not None
    first = USES if records else 1  # turns that only warm up, and record
    end = time.perf_counter() + _DEVICE_SECONDS
    for turn in range(first + 4):
        if turn == first:
            runner.costs = CostTable()
            end = time.perf_counter() + _DEVICE_SECONDS if records else end
        if turn > first and time.perf_counter() > end:
            return
        for rows in (min(rows, runner.max_tokens) for rows in row_counts):
            runner.try_rows(rows)
