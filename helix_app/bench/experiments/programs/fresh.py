"""``bench fresh``: is the first reply of a program that just started ever slower with a draft than without?

Each reply is written by a program of its own, once with drafts and once in plain decoding, one right after the other in
an order drawn anew. Nothing warms up: what the program does not know yet of costs and acceptance is what is measured.
The folder of settings and caches is new as well; what the first programs measure of the machine, the later ones know.
"""

from __future__ import annotations

import os
import random
import tempfile
import threading
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path

from helix_app.base.process import paths
from helix_app.base.process.program import module_command
from helix_app.bench.config import BenchConfig
from helix_app.bench.experiments.experiment import Experiment, OnProgress, Speeds, middle, ratio, ratio_text
from helix_app.bench.experiments.guard import FLOOR
from helix_app.bench.processes.programs import Program, generate_options

MODES = ("speculative", "autoregressive")
BLOCKS = 512


def run(config: BenchConfig, on_progress: OnProgress, cancel: threading.Event) -> Experiment:
    """Measure.

    Raises:
        InputError: a file of prompts that cannot be used.
        HelixError: a program could not write its reply.
    """
    order = random.Random(config.seed)
    speeds: dict[str, Speeds] = {mode: defaultdict(dict) for mode in MODES}
    prompts = list(config.chosen_prompts())
    kinds = {prompt.id: prompt.kind for prompt in prompts}
    with tempfile.TemporaryDirectory(prefix="helix-fresh-") as folder:
        environment = {**os.environ, "HELIX_HOME": folder, "HELIX_MODELS": str(paths.models_dir())}
        for repeat in range(config.repeats):
            order.shuffle(prompts)
            for prompt in prompts:
                for mode in order.sample(MODES, len(MODES)):
                    if cancel.is_set():
                        return _report(config, speeds, kinds)
                    on_progress(f"{prompt.id}, {mode}, round {repeat + 1}")
                    speed = _first_reply(config, environment, mode, prompt.text, cancel)
                    if speed:
                        speeds[mode][prompt.id][repeat] = speed
    return _report(config, speeds, kinds)


def _first_reply(
    config: BenchConfig, environment: Mapping[str, str], mode: str, prompt: str, cancel: threading.Event
) -> float | None:
    """Decode tokens a second of the first reply of a new program; None when it was stopped."""
    opening = {"blocks": BLOCKS, "generate": generate_options(config, prompt, mode=mode)}
    errors = Path(environment["HELIX_HOME"]) / "errors.txt"
    with Program(module_command("helix_app.cli.benching.trial"), environment, errors, cancel) as program:
        if program.ask(opening) is None:
            return None
        said = program.ask({"prompt": prompt})
    return said and said["metrics"]["decode_tokens_per_second"]


def _report(config: BenchConfig, speeds: Mapping[str, Speeds], kinds: Mapping[str, str]) -> Experiment:
    found = Experiment(
        "fresh",
        "The first reply of a program: decode speed with drafts over plain decoding, median [95 % interval]",
        ("Kind", "Plain tok/s", "With drafts", "Over plain"),
    )
    drafted, plain = (speeds[mode] for mode in MODES)
    under = []
    for kind in (*dict.fromkeys(kinds.values()), "all"):
        chosen = [prompt for prompt in kinds if kind in (kinds[prompt], "all")]
        arms = [{prompt: speeds[mode][prompt] for prompt in chosen if speeds[mode].get(prompt)} for mode in MODES]
        over = ratio(arms[0], arms[1], config.seed)
        if over.high is not None and over.high < FLOOR:  # of too few pairs there is no interval, and so no verdict
            under.append(kind)
        found.rows.append((kind, middle(arms[1]), middle(arms[0]), ratio_text(over)))
    found.notes.append(f"Under {FLOOR} beyond its interval: {', '.join(under) or 'none'}.")
    found.notes.append(f"At most {config.max_tokens} tokens each, {config.dtype}; every reply by a program of its own.")
    found.data = {
        mode: {prompt: list(by_repeat.values()) for prompt, by_repeat in arm.items()}
        for mode, arm in zip(MODES, (drafted, plain))
    }
    found.data["under"] = under
    return found
