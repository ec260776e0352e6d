"""``bench kernels``: where a plain decode step goes, and how near to the machine's limits it is."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from helix_app.base.messages import fill
from helix_app.base.sizes import percent_text
from helix_app.bench.experiments.experiment import Bench, Experiment, Table, spread
from helix_app.bench.figures.statistics import median
from helix_app.bench.profile import bandwidth, layer_times, operators
from helix_app.bench.profile.passes import LINEARS, Passes
from helix_app.engine.machine.threads import in_use
from helix_app.engine.models.decoder import Decoder
from helix_app.engine.models.tensors.weights import open_weights
from helix_app.engine.sampling.filters import check_logits, distribution
from helix_app.engine.sampling.verification import verify
from helix_app.hub.resolve import resolve_target
from helix_app.modelfiles.model_path import inspect
from helix_app.protocol.requests import SamplingParams

CONTEXT = 256
TEMPERATURES = (0.0, 0.8)
_JUDGED = (1, 5)  # rows: a plain token, and a round of four drafted ones
_STEPS = 8  # plain and profiled steps, and judgements, for each repeat
_WALKS = 4  # rounds over the linear layers for each repeat


@dataclass
class _Steps:
    """Times of plain steps in microseconds, and where they go; None where that cannot be told."""

    context: int
    plain: list[float]
    shares: operators.Shares | None
    taken: list[operators.Taken]


def run(bench: Bench) -> Experiment:
    """Measure part after part; a Ctrl-C keeps the ones that are done."""
    found = Experiment(
        "kernels", "Where a plain decode step goes", ("Part", "µs", "Share", "Operator calls", "Calls inside")
    )
    steps = _steps(bench)
    _told_steps(bench, found, steps)
    parts: list[Callable[[], None]] = [lambda: _judging(bench, found)]
    if _kind(bench) == "cpu":
        cache = bandwidth.cache_bytes()
        decoder = bench.session.runner.decoder
        limits: list[Callable[[], None]] = [lambda: _limits(bench, found, steps, cache)]
        if isinstance(decoder, Decoder) and not decoder.config.recurrent_layers:
            limits.append(lambda: _linears(bench, found, decoder, cache))
        elif isinstance(decoder, Decoder):
            found.notes.append("Left out: single linear layers, which are compared where all layers have the same.")
        else:
            found.notes.append("Left out: single linear layers, for packed ones run inside one native program.")
        parts = [*limits, *parts]
    else:
        found.notes.append("Left out on this device: bandwidth and single linear layers, which are timed on the CPU.")
    for part in parts:
        if not bench.stopped:
            part()
    return found


def _kind(bench: Bench) -> str:
    return bench.session.runner.decoder.device.type


# --------------------------------------------------------------------------- a step


def _steps(bench: Bench) -> _Steps:
    """Plain and profiled steps in turn."""
    decoder = bench.session.runner.decoder
    context = min(CONTEXT, decoder.max_positions)
    passes = Passes(decoder, bench.session.runner.pool.block_size, context, bench.config.temperature == 0)
    profiles = _kind(bench) in ("cpu", "cuda")  # DirectML's operators only queue their work
    plain: list[float] = []
    taken: list[operators.Taken] = []
    for turn in range(_STEPS * bench.config.repeats + 2):
        if bench.stopped:
            break
        bench.on_progress(f"decode step {turn + 1}")
        seconds = passes.seconds(context, 1)
        if profiles:
            try:
                profile = operators.profiled(lambda: passes.logits(context, 1), decoder.device)
            except (RuntimeError, AssertionError):  # a build of PyTorch without it
                profiles, taken = False, []
        if turn > 1:
            plain.append(1e6 * seconds)
            if profiles:
                taken.append(profile)
    shares = operators.shares(plain, taken, operators.profiling_cost()) if taken else None
    return _Steps(context, plain, shares, taken)


def _told_steps(bench: Bench, found: Experiment, steps: _Steps) -> None:
    shares = steps.shares
    if shares is not None:
        for part, spent in shares.spent.items():
            counts = [counted.get(part) for counted in (shares.calls, shares.inner)]
            cells = ("–" if count is None else f"{count:,}" for count in counts)
            found.rows.append((part, f"{spent:,.0f}", percent_text(spent / shares.wall, 1), *cells))
        calls, inner = sum(shares.calls.values()), sum(shares.inner.values())
        found.rows.append(("Whole step", f"{shares.wall:,.0f}", percent_text(1, 1), f"{calls:,}", f"{inner:,}"))
    elif steps.plain:
        found.rows.append(("Whole step", f"{min(steps.plain):,.0f}", percent_text(1, 1), "–", "–"))
        found.notes.append("Left out on this device: where a step goes, since its operators only queue their work.")
    if steps.plain:
        decoder, threads = bench.session.runner.decoder, in_use()
        exact = bench.config.temperature == 0 and decoder.can_be_exact
        found.notes.append(
            f"One token at {steps.context} tokens of context, {bench.ready.dtype} on {bench.ready.device_name}, "
            f"{fill('{n:thread|threads}', n=threads)}, {'exact' if exact else 'folded'} attention. The fastest of "
            f"{len(steps.plain)} steps; their median is {median(steps.plain):,.0f} µs."
        )
    if shares is not None:
        found.notes.append(
            f"Shares are those of the fastest profiled step: {shares.total:,.0f} µs, without the {shares.each:.2f} µs "
            f"that profiling adds for each operator. {operators.PYTHON}: what operators leave of the step."
        )
    found.data["step"] = {
        "context": steps.context,
        "plain_us": steps.plain,
        "profiled_us": [taken.wall for taken in steps.taken],
        "parts_us": shares.spent if shares is not None else {},
        "wall_us": shares.wall if shares is not None else min(steps.plain, default=0.0),
        "calls": shares.calls if shares is not None else {},
        "inner_calls": shares.inner if shares is not None else {},
        "profiling_us_a_call": shares.each if shares is not None else 0.0,
        "profiled_total_us": shares.total if shares is not None else 0.0,
    }


# --------------------------------------------------------------------------- the machine's limit


def _limits(bench: Bench, found: Experiment, steps: _Steps, cache: int) -> None:
    bench.on_progress("memory bandwidth")
    rates = bandwidth.read_bandwidth(cache, lambda: bench.stopped)
    weights = bench.session.runner.decoder.weight_bytes
    data: dict[str, Any] = {"read_bytes_per_second": rates, "weight_bytes": weights, "cache_bytes": cache}
    if rates and steps.plain:
        best, reached = max(rates), 1e6 * weights / min(steps.plain)
        data |= {"reached_bytes_per_second": reached, "share": reached / best}
        table = Table("The machine's limit: reading the weights from memory", ("", "Figure"))
        table.rows += [
            ("Read bandwidth, measured", f"{best / 1e9:.1f} GB/s"),
            ("Weights that a step reads", f"{weights / 1e6:.1f} MB"),
            ("That alone would take", f"{1e6 * weights / best:,.0f} µs"),
            ("The step takes", f"{min(steps.plain):,.0f} µs"),
            ("Weight bandwidth of the step", f"{reached / 1e9:.1f} GB/s"),
            ("Share of the read bandwidth", percent_text(reached / best, 1)),
        ]
        found.more.append(table)
        found.notes.append(
            f"Bandwidth: best of {len(rates)} sums over a tensor larger than the last-level cache ({cache / 2**20:.0f} "
            "MiB), which may keep some of a small model's weights from one step to the next."
        )
    found.data["limits"] = data


# --------------------------------------------------------------------------- linear layers


def _linears(bench: Bench, found: Experiment, decoder: Decoder, cache: int) -> None:
    if not decoder.config.is_even:
        found.notes.append("Linear layers are not timed one by one: this model's layers differ in size.")
        return
    order = bench.order
    rounds = _WALKS * bench.config.repeats
    bench.on_progress("linear layers in use")
    timed = layer_times.in_use(decoder, rounds, order, lambda: bench.stopped)
    with open_weights(inspect(resolve_target(bench.config.target).path)) as source:
        for name in (name for name in (*LINEARS, layer_times.HEAD) if name in decoder.shapes):
            if bench.stopped:
                break
            bench.on_progress(f"linear layers, {name}")
            timed += layer_times.others(decoder, source, name, cache, rounds, order, lambda: bench.stopped)
    columns = ("Linear layer", "Weights", "MB", *(f"{rows} row{'s' * (rows > 1)}" for rows in layer_times.ROWS))
    table = Table("Microseconds of a linear layer by rows, median; weights from memory", (*columns, "GB/s, 1 row"))
    order_of = {name: i for i, name in enumerate(decoder.shapes)}
    for one in sorted(timed, key=lambda t: (order_of[t.name], not t.in_use)):
        if any(one.seconds[rows] for rows in layer_times.ROWS):
            cells = (f"{1e6 * median(one.seconds[rows]):,.1f}" for rows in layer_times.ROWS)
            label = f"{one.name} {one.shape[0]:,} x {one.shape[1]:,}"
            kind = f"{one.kind}, in use" if one.in_use else one.kind
            rate = f"{layer_times.rate(one) / 1e9:.1f}"
            table.rows.append((label, kind, f"{one.size / 1e6:.2f}", *cells, rate))
    found.more.append(table)
    found.notes.append(
        f"Linear layers in use run on the model's weights, all layers in turn; the others on copies of the first "
        f"layer's, as many as the cache does not hold. {rounds} rounds."
    )
    found.data["linears"] = [
        {
            "layer": one.name,
            "shape": one.shape,
            "weights": one.kind,
            "in_use": one.in_use,
            "bytes": one.size,
            "seconds": {str(rows): one.seconds[rows] for rows in layer_times.ROWS},
        }
        for one in timed
    ]


# --------------------------------------------------------------------------- judging


def _judging(bench: Bench, found: Experiment) -> None:
    """From logits to the next token: filters, distribution and verdict, as in a reply."""
    bench.on_progress("judging")
    decoder = bench.session.runner.decoder
    most = min(_JUDGED[-1], decoder.max_positions)
    passes = Passes(decoder, bench.session.runner.pool.block_size, most, False)
    logits = passes.logits(most, most)
    drafted = logits[:-1].argmax(dim=-1).tolist()
    times: dict[tuple[float, int], list[float]] = {(t, rows): [] for t in TEMPERATURES for rows in _JUDGED}
    for turn in range(_STEPS * bench.config.repeats + 1):
        for temperature, rows in bench.shuffled(list(times)):
            if bench.stopped:
                break
            params = SamplingParams(temperature=temperature)
            uniforms = [bench.order.random() for _ in range(rows)]
            begin = time.perf_counter()
            check_logits(logits[:rows])
            verify(distribution(logits[:rows], params), drafted[: rows - 1], None, uniforms)
            if turn:
                times[temperature, rows].append(1e6 * (time.perf_counter() - begin))
    table = Table(
        "Microseconds to judge one round: median (lowest to highest)",
        ("", *(f"{rows} row{'s' * (rows > 1)}" for rows in _JUDGED)),
    )
    for temperature in TEMPERATURES:
        cells = (spread(times[temperature, rows], 0) for rows in _JUDGED)
        table.rows.append((f"Temperature {temperature:g}", *cells))
    found.more.append(table)
    found.notes.append("Judging: distribution and verdict of a plain token, and of four drafted ones with the next.")
    found.data["judging_us"] = {f"{t:g} {rows}": values for (t, rows), values in times.items()}
