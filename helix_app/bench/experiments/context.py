"""``bench context``: a plain decode step and a verification pass at contexts of growing length."""

from __future__ import annotations

from collections import defaultdict

from helix_app.base.sizes import percent_text
from helix_app.bench.experiments.experiment import Bench, Experiment, spread
from helix_app.bench.figures.statistics import median
from helix_app.bench.profile.passes import Passes, kv_bytes
from helix_app.engine.cache.layout import held_blocks
from helix_app.engine.machine.devices.device import PACKED

CONTEXTS = (256, 512, 1024, 2048, 4096, 8192)
VERIFIED = 5  # rows of a speculative pass: the last token and four drafted ones
_TURNS = 4  # rounds for each repeat asked for
_STEPS = 3  # timed passes of an arm in a round, after one that is not


def contexts_of(limit: int) -> tuple[int, ...]:
    """The lengths that a model with room for ``limit`` tokens reaches; its own where it reaches none."""
    return tuple(c for c in CONTEXTS if c <= limit) or (limit,)


def run(bench: Bench) -> Experiment:
    """Measure; contexts and numbers of rows take turns. A context counts the rows of the pass itself."""
    decoder = bench.session.runner.decoder
    contexts = contexts_of(decoder.max_positions)
    exact = bench.config.temperature == 0
    passes = Passes(decoder, bench.session.runner.pool.block_size, contexts[-1], exact)
    arms = [(context, rows) for context in contexts for rows in (1, VERIFIED)]
    times: dict[tuple[int, int], list[float]] = defaultdict(list)
    for turn in range(_TURNS * bench.config.repeats):
        for context, rows in bench.shuffled(arms):
            if bench.stopped:
                break
            bench.on_progress(f"{context:,} tokens of context, {rows} rows, round {turn + 1}")
            passes.seconds(context, rows)
            times[context, rows].append(1000 * median([passes.seconds(context, rows) for _ in range(_STEPS)]))
    return _report(bench, times, contexts, exact)


def _report(
    bench: Bench, times: dict[tuple[int, int], list[float]], contexts: tuple[int, ...], exact: bool
) -> Experiment:
    decoder = bench.session.runner.decoder
    weights, packed = decoder.weight_bytes, bench.ready.dtype == PACKED  # whose rows never depend on others
    found = Experiment(
        "context",
        "Milliseconds of a pass by context: median (lowest to highest round), and its ratio to the shortest context",
        (
            "Context",
            "Plain step",
            "",
            f"Verifying {VERIFIED} rows",
            "",
            "Pass / step",
            "Cache MB",
            "K/V MB",
            "Share of bytes",
        ),
    )
    first = {rows: median(times[contexts[0], rows]) for rows in (1, VERIFIED)}
    shares = {}
    runner = bench.session.runner
    size, block_bytes = runner.pool.block_size, runner.cache.block_bytes
    state = decoder.config.state_bytes
    held = {context: held_blocks(runner.pool.windows, context, size) * block_bytes + state for context in contexts}
    for context in contexts:
        step, verified = times[context, 1], times[context, VERIFIED]
        if not step or not verified or not all(first.values()):
            continue
        kv = kv_bytes(decoder, context)
        shares[context] = kv / (kv + weights)
        found.rows.append(
            (
                f"{context:,}",
                spread(step, 2),
                f"{median(step) / first[1]:.2f}x",
                spread(verified, 2),
                f"{median(verified) / first[VERIFIED]:.2f}x",
                f"{median(verified) / median(step):.2f}",
                f"{held[context] / 1e6:.1f}",
                f"{kv / 1e6:.1f}",
                percent_text(shares[context], 1),
            )
        )
    found.notes += [
        f"A plain step writes one token. {bench.ready.dtype} on {bench.ready.device_name}, "
        f"{'exact' if decoder.can_be_exact and (exact or packed) else 'folded'} attention. "
        f"{len(times[contexts[0], 1])} rounds of {_STEPS} passes; an arm's figure in a round is their median.",
        "Cache MB: memory of one sequence between passes; what fell out of a window is not held.",
        "K/V MB: keys and values that a plain step reads, and the states of recurrent layers.",
        f"Share of bytes: what K/V MB says, of that and the {weights / 1e6:.1f} MB of weights.",
    ]
    found.data = {
        "pass_ms": {f"{context} {rows}": values for (context, rows), values in times.items()},
        "weight_bytes": weights,
        "kv_bytes": {str(context): kv_bytes(decoder, context) for context in contexts},
        "cache_bytes": {str(context): value for context, value in held.items()},
        "kv_share": {str(context): share for context, share in shares.items()},
    }
    return found
