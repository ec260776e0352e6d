"""Runs that look like real ones, without any engine: tokens, rounds, and a pool whose books balance."""

from __future__ import annotations

import random

import numpy as np

from helix_app.engine.cache.pool.block_pool import BlockPool
from helix_app.engine.cache.pool.snapshot import take_snapshot
from helix_app.protocol.events import (
    CACHE_CELL,
    NO_OWNER,
    Alternative,
    CacheSnapshot,
    EmittedToken,
    Finished,
    PrefillDone,
    ProposedToken,
    RoundDone,
    RunMetrics,
    TextDelta,
)
from helix_app.protocol.models.loading import ModelReady
from helix_app.protocol.requests import ChatMessage, GenerateRequest
from helix_app.runs.run import Run, RunItem

WORDS = [" the", " a", " of", " cache", " block", " token", " draft", " and", " is", " to", " each", " model", ",", "."]
WORDS += [" keeps", " when", " reads", "\n", " row", " of", " attention", " which", " shared", " 16", " slots", " pass"]
WORDS += ["\n\n", " target", " fills", " one", " every", " so", " that", " new", " it", " has"]
READY = ModelReady(
    "SmolLM2 135M Instruct",
    "ngram",
    "",
    "cpu",
    "8 threads",
    "bfloat16",
    8192,
    16,
    512,
    0,
    134_515_008,
    49_152,
    1.8,
    target_block_bytes=368_640,
)


def best(chance: random.Random, count: int, first: str) -> tuple[Alternative, ...]:
    """The likeliest tokens of a position."""
    texts = [first, *chance.sample(WORDS, 8)][:count]
    return tuple(Alternative(n, text, 0.6 / (n + 1)) for n, text in enumerate(texts))


def made_run(
    rounds: int,
    *,
    seed: int = 1,
    blocks: int = 512,
    prompt: int = 40,
    alternatives: int = 0,
    k_most: int = 7,
    name: str = "r",
    snapshots: bool = True,
    others: int = 1,
    windows: tuple[int, ...] = (0,),
) -> Run:
    """A finished run of so many rounds after the prompt's pass; ``others`` more sequences are in the pool.

    Args:
        windows: of the groups of layers.
    """
    chance = random.Random(seed)
    pool = BlockPool(blocks, windows=windows)
    for number in range(others):
        ids = list(range(prompt + 60 + 16 * number))
        pool.open(f"other {number}", ids)
        pool.extend(f"other {number}", len(ids))
        pool.commit(f"other {number}", ids)
    message = ChatMessage("user", "How does a paged KV cache work, and why do you share blocks between chats?")
    items = [RunItem(0.0, GenerateRequest(name, (message,), alternatives=alternatives)), RunItem(0.0, READY)]
    now = 0.05
    ids = list(range(prompt))
    if snapshots:
        items.append(RunItem(now, take_snapshot(pool, "target", full=True)))
    pool.open(name, ids)
    pool.extend(name, prompt)
    pool.commit(name, ids)
    text: list[str] = []

    def emit(origin: str, probability: float) -> EmittedToken:
        word = chance.choice(WORDS)
        text.append(word)
        ids.append(chance.randrange(40_000))
        return EmittedToken(ids[-1], word, origin, probability, best(chance, alternatives, word))  # type: ignore[arg-type]

    items.append(RunItem(0.2, PrefillDone(name, prompt, 0, 0.14, (emit("plain", 0.7),))))
    now = 0.2
    drafted = accepted_all = 0
    for index in range(rounds):
        k = 0 if index % 9 == 0 else chance.randint(1, k_most)
        accepted = 0
        while accepted < k and chance.random() < 0.75:
            accepted += 1
        pool.extend(name, len(ids) + k)
        if snapshots and index % 3 == 0:
            items.append(RunItem(now, take_snapshot(pool, "target", full=False)))
        before = len(ids)
        emitted = [emit("accepted", 0.5 + 0.4 * chance.random()) for _ in range(accepted)]
        emitted.append(emit("plain" if k == 0 else "bonus" if accepted == k else "corrected", 0.4))
        proposed = [ProposedToken(t.token_id, t.text, 0.8, t.target_prob) for t in emitted[:accepted]]
        proposed += [
            ProposedToken(chance.randrange(40_000), chance.choice(WORDS), 0.5 * chance.random() + 0.1, 0.02)
            for _ in range(k - accepted)
        ]
        pool.commit(name, ids[: before + accepted])
        pool.truncate(name, before + accepted)
        drafted, accepted_all = drafted + k, accepted_all + accepted
        draft = 0.0 if k == 0 else 0.0004 + 0.0011 * k
        verify = 0.021 + 0.0016 * k + 0.001 * chance.random()
        now += draft + verify + 0.0008
        reason = chance.choice(["best_rate", "probe"]) if k else "measure_plain" if index % 18 else "no_match"
        items.append(
            RunItem(
                now,
                RoundDone(
                    name,
                    index,
                    k,
                    tuple(proposed),
                    accepted,
                    tuple(emitted),
                    draft,
                    verify,
                    0.0008,
                    reason,
                    accepted_all / drafted if drafted else None,
                    accepted_all / drafted if drafted else None,
                    len(text) / now,
                    len(text) / now,
                    44.0,
                    len(text) / (index + 1),
                    len(text),
                    len(ids),
                    now,
                    "" if k == 0 else chance.choice(["ngram:3", "table:2+"]),
                ),
            )
        )
        items.append(RunItem(now, TextDelta(name, "".join(t.text for t in emitted))))
        if snapshots:
            items.append(RunItem(now, take_snapshot(pool, "target", full=False)))
    pool.close(name)
    if snapshots:
        items.append(RunItem(now, take_snapshot(pool, "target", full=False)))
    metrics = RunMetrics(
        len(text), prompt, 0, now, len(text) / now, len(text) / now, 0.2, accepted_all / max(1, drafted),
        len(text) / max(1, rounds), rounds, drafted, accepted_all, 3.0, 0, k_most, 44.0, 7,
    )  # fmt: skip
    items.append(RunItem(now, Finished(name, "eos", "".join(text), tuple(ids[prompt:]), metrics)))
    return Run(items, complete=True)


def delta(
    fills: dict[int, int], *, blocks: int = 6, owners: tuple[str, ...] = (), owner: int = NO_OWNER
) -> CacheSnapshot:
    """A change of some blocks of a pool: how full they are now, all of one owner."""
    cells = np.zeros(len(fills), CACHE_CELL)
    cells["fill"] = list(fills.values())
    cells["owner"] = owner
    indices = np.array(list(fills), "<u4").tobytes()
    return CacheSnapshot("target", blocks, 16, False, indices, cells.tobytes(), owners, 0, 0, blocks)
