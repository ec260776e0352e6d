"""A synthetic study of the policies: simulated costs and acceptance, thousands of seeded traces, no model.

    python -m tests.engine.control.policy_study [--traces N] [--seed N]

Each trace has a world (cost of extra rows, of a drafted token and of noise, acceptance by position, changes in the
middle of the reply) and every policy writes the same number of tokens in it. Reported by world: time against the best
fixed K in hindsight (regret) and against plain decoding, and the largest loss against what the ledger allows.
"""

from __future__ import annotations

import argparse
import math
import random
import statistics
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace

from helix_app.engine.control.ledger import SHARE, START_STEPS
from helix_app.engine.control.policy import AdditiveK, FixedK, KPolicy, Offer, Outcome
from helix_app.engine.control.throughput import ThroughputK
from helix_app.runs.additive import K_MAX

PLAIN_SECONDS = 0.02
CALIBRATED_ROWS = (1, 2, 3, 5, 9)
TOKENS = 256


@dataclass(frozen=True)
class World:
    """How a simulated machine and draft behave.

    Attributes:
        row: cost of each further row of the target's pass, in plain steps.
        draft: cost of a drafted token, in plain steps.
        acceptance: probability that a drafted token stands, in each of equally long phases of the reply.
        decay: what is left of it at each further position.
        matched: share of rounds in which the draft has something to offer.
        noise: standard deviation of the logarithm of each measured time.
    """

    row: float = 0.05
    draft: float = 0.0
    acceptance: tuple[float, ...] = (0.7,)
    decay: float = 1.0
    matched: float = 1.0
    noise: float = 0.0


WORLDS: dict[str, World] = {
    "flat rows, good n-gram": World(0.01, 0.002, (0.8,), matched=0.5),
    "flat rows, poor n-gram": World(0.01, 0.002, (0.15,), matched=0.7),
    "steep rows, fair n-gram": World(0.35, 0.002, (0.6,), matched=0.6),
    "dear rows, good draft": World(0.9, 0.1, (0.8,)),
    "cheap draft model": World(0.05, 0.12, (0.8,), 0.97),
    "middling draft model": World(0.15, 0.3, (0.7,), 0.95),
    "draft as dear as target": World(0.05, 1.0, (0.98,)),
    "always wrong": World(0.1, 0.05, (0.0,)),
    "good, then bad": World(0.05, 0.1, (0.9, 0.1)),
    "bad, then good": World(0.05, 0.1, (0.1, 0.9)),
    "changing": World(0.1, 0.1, (0.8, 0.2, 0.9, 0.0, 0.7)),
}


@dataclass(frozen=True)
class Run:
    """One policy's reply in one world. ``seconds`` of it, ``lost`` beyond plain decoding, in true (noiseless) time."""

    seconds: float
    tokens: int
    drafted_rounds: int

    @property
    def lost(self) -> float:
        return self.seconds - self.tokens * PLAIN_SECONDS

    @property
    def bound(self) -> float:
        """What the ledger allows to lose in a run of this length."""
        return START_STEPS * PLAIN_SECONDS + SHARE * self.seconds


def simulate(world: World, policy: KPolicy, seed: int, tokens: int = TOKENS) -> Run:
    """Write ``tokens`` tokens. The policy sees noisy times; the result counts true ones."""
    chance, jitter = random.Random(seed), random.Random(seed + 1)

    def seen(seconds: float) -> float:
        return seconds * math.exp(jitter.gauss(0.0, world.noise)) if world.noise else seconds

    if isinstance(policy, ThroughputK):
        for _ in range(3):
            for rows in CALIBRATED_ROWS:
                policy.table.add(rows, 0, seen(PLAIN_SECONDS * (1 + world.row * (rows - 1))))
    policy.begin()
    emitted = drafted_rounds = 0
    seconds = 0.0
    while emitted < tokens:
        phase = min(len(world.acceptance) - 1, emitted * len(world.acceptance) // tokens)
        offers: tuple[Offer, ...] = (Offer("draft", seconds_per_token=world.draft * PLAIN_SECONDS),)
        if chance.random() >= world.matched:
            offers = ()
        choice = policy.choose(offers, emitted)
        accepted, belief = 0, world.acceptance[phase]
        draws = [chance.random() for _ in range(K_MAX)]
        while accepted < choice.k and draws[accepted] < belief:
            accepted, belief = accepted + 1, belief * world.decay
        draft = world.draft * PLAIN_SECONDS * choice.k
        verify = PLAIN_SECONDS * (1 + world.row * choice.k)
        draft_seen = seen(draft)
        names = tuple(offer.source for offer in offers)
        verify_seen = seen(verify)
        if isinstance(policy, ThroughputK):
            policy.table.add(choice.k + 1, emitted, verify_seen)
        policy.learn(Outcome(choice.source, choice.k, accepted, verify_seen + draft_seen, draft_seen, emitted, names))
        seconds += draft + verify
        emitted += accepted + 1
        drafted_rounds += choice.k > 0
    return Run(seconds, emitted, drafted_rounds)


@dataclass(frozen=True)
class Row:
    """One world's summary over all traces: medians, and the worst trace against its bound.

    ``regret`` is time over the best fixed K's time (in hindsight, on the same trace) minus 1; ``speedup`` is plain
    time over the policy's; ``worst_loss`` is the largest lost / bound.
    """

    world: str
    policy: str
    regret: float
    regret_p95: float
    speedup: float
    worst_loss: float


POLICIES: dict[str, Callable[[], KPolicy]] = {
    "auto": ThroughputK,
    "additive": AdditiveK,
    "fixed:2": lambda: FixedK(2),
    "fixed:4": lambda: FixedK(4),
    "fixed:8": lambda: FixedK(8),
}


def study(traces: int, seed: int = 0, noise: float = 0.0) -> list[Row]:
    """Every policy in every world over ``traces`` traces each."""
    rows = []
    for w, (name, world) in enumerate(WORLDS.items()):
        world = replace(world, noise=noise)
        runs: dict[str, list[Run]] = {policy: [] for policy in POLICIES}
        best = []
        for t in range(traces):
            trace = (seed * 1_000_003 + w) * 1_000_003 + 2 * t
            best.append(min(simulate(world, FixedK(k), trace).seconds for k in range(K_MAX + 1)))
            for policy, make in POLICIES.items():
                runs[policy].append(simulate(world, make(), trace))
        for policy, made in runs.items():
            regrets = sorted(run.seconds / least - 1 for run, least in zip(made, best))
            rows.append(
                Row(
                    name,
                    policy,
                    statistics.median(regrets),
                    regrets[int(0.95 * (len(regrets) - 1))],
                    statistics.median(run.tokens * PLAIN_SECONDS / run.seconds for run in made),
                    max(run.lost / run.bound for run in made),
                )
            )
    return rows


def main() -> int:
    """Print the study as a table."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.engine.control.policy_study", description="Study the policies."
    )
    parser.add_argument("--traces", type=int, default=300, help="traces of each world")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--noise", type=float, default=0.05, help="spread of the measured times")
    args = parser.parse_args()
    out = sys.stdout.write
    out(f"{'world':<26}{'policy':<10}{'speedup':>9}{'regret':>9}{'p95':>8}{'worst loss / bound':>20}\n")
    for row in study(args.traces, args.seed, args.noise):
        out(
            f"{row.world:<26}{row.policy:<10}{row.speedup:>8.2f}x{row.regret:>9.1%}{row.regret_p95:>8.1%}"
            f"{row.worst_loss:>20.2f}\n"
        )
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
