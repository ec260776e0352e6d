"""``bench window``: what the window costs, and how smoothly it runs.

The same replies three ways: ``generate`` in a terminal, the window with its live panel (three plots and a map of 4,096
blocks), and the window that also shows where each token came from. For each repetition three programs are started and
stay open (``helix_app.cli.benching.trial``: ``generate`` as the command has it; the window, sent messages as a person
would), and each prompt is written by all three, one right after the other in an order drawn anew: on a computer whose
speed wanders from minute to minute, programs that each wrote one reply told more of that than of the window. The first
reply of a program does not count. Settings, seed, cache and its folder are the same. The window times its own frames,
as Help > Diagnostics shows them.
"""

from __future__ import annotations

import os
import random
import sys
import tempfile
import threading
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from helix_app.base import settings as settings_store
from helix_app.base.messages import fill
from helix_app.base.process import paths
from helix_app.base.process.program import module_command
from helix_app.base.settings import Settings
from helix_app.bench.config import BenchConfig
from helix_app.bench.experiments.experiment import (
    Experiment,
    OnProgress,
    Speeds,
    Table,
    middle,
    ratio,
    ratio_text,
    spread,
)
from helix_app.bench.processes.programs import Program, generate_options

TERMINAL, WINDOW, ORIGINS = "terminal", "window", "window, origins shown"
ARMS = (TERMINAL, WINDOW, ORIGINS)
KINDS = ("chat", "story", "code", "rewrite")
BLOCKS = 4096
WARM_UP = "Say hello."


@dataclass(frozen=True)
class Reply:
    """One reply of an arm; ``frames`` and ``shown`` are the window's."""

    text: str
    decode_tokens_per_second: float | None
    frames: Mapping[str, float] | None = None
    shown: Mapping[str, str] | None = None
    platform: str = ""


def run(config: BenchConfig, on_progress: OnProgress, cancel: threading.Event) -> Experiment:
    """Measure.

    Raises:
        InputError: a file of prompts that cannot be used.
        HelixError: a program could not write its reply.
    """
    order = random.Random(config.seed)
    replies: dict[str, dict[str, dict[int, Reply]]] = {arm: defaultdict(dict) for arm in ARMS}
    prompts = list(config.chosen_prompts(KINDS))
    with _surroundings(config) as environment:
        for repeat in range(config.repeats):
            order.shuffle(prompts)
            with ExitStack() as stack:
                programs: dict[str, Program] = {}
                for arm in ARMS:
                    on_progress(f"{arm} starts, round {repeat + 1}")
                    programs[arm] = stack.enter_context(_start(arm, environment, cancel))
                    if programs[arm].ask(_opening(arm, config)) is None or _write(programs[arm], WARM_UP) is None:
                        return _report(config, replies)
                for prompt in prompts:
                    for arm in order.sample(ARMS, len(ARMS)):
                        on_progress(f"{prompt.id}, {arm}, round {repeat + 1}")
                        reply = _write(programs[arm], prompt.text)
                        if reply is None:
                            return _report(config, replies)
                        replies[arm][prompt.id][repeat] = reply
    return _report(config, replies)


@contextmanager
def _surroundings(config: BenchConfig) -> Iterator[dict[str, str]]:
    """An environment with settings of its own; both arms learn nothing, so that no reply helps the next one."""
    settings = Settings(
        target=config.target,
        draft=config.draft,
        device=config.device,
        dtype=config.dtype,  # type: ignore[arg-type]  # checked where the settings are read
        k=config.k,
        learn=False,
        context_length=config.context or 0,
        temperature=config.temperature,
        max_tokens=config.max_tokens,
        theme="light",
    )
    with tempfile.TemporaryDirectory(prefix="helix-window-") as folder:
        environment = {**os.environ, "HELIX_HOME": folder, "HELIX_MODELS": str(paths.models_dir())}
        if sys.platform == "linux" and not any(environment.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY")):
            environment.setdefault("QT_QPA_PLATFORM", "offscreen")
        settings_store.save(settings, Path(folder) / "config" / "settings.json")
        yield environment


def _start(arm: str, environment: Mapping[str, str], cancel: threading.Event) -> Program:
    errors = Path(environment["HELIX_HOME"]) / f"errors {ARMS.index(arm)}.txt"
    return Program(module_command("helix_app.cli.benching.trial"), environment, errors, cancel)


def _opening(arm: str, config: BenchConfig) -> dict[str, Any]:
    """What a program is told first."""
    if arm != TERMINAL:
        return {"blocks": BLOCKS, "window": {"seed": config.seed, "origins": arm == ORIGINS}}
    return {"blocks": BLOCKS, "generate": generate_options(config, WARM_UP)}


def _write(program: Program, prompt: str) -> Reply | None:
    """One reply; None when it was stopped."""
    said = program.ask({"prompt": prompt})
    return said and Reply(
        said["text"],
        said["metrics"]["decode_tokens_per_second"],
        said.get("frames"),
        said.get("shown"),
        said.get("platform", ""),
    )


# ------------------------------------------------------------------------ the report


def _speeds(replies: Mapping[str, Mapping[int, Reply]]) -> Speeds:
    found: Speeds = defaultdict(dict)
    for prompt, by_repeat in replies.items():
        for repeat, reply in by_repeat.items():
            if reply.decode_tokens_per_second:
                found[prompt][repeat] = reply.decode_tokens_per_second
    return found


def _report(config: BenchConfig, replies: Mapping[str, Mapping[str, Mapping[int, Reply]]]) -> Experiment:
    found = Experiment(
        "window",
        "The same replies in the terminal and in the window",
        ("Where", "tok/s", "Over the terminal"),
    )
    speeds = {arm: _speeds(replies[arm]) for arm in ARMS}
    for arm in ARMS:
        over = "" if arm == TERMINAL else ratio_text(ratio(speeds[arm], speeds[TERMINAL], config.seed))
        found.rows.append((arm, middle(speeds[arm]), over))
    smooth = Table(
        "Frame times while writing, ms: median (range) over the replies",
        ("Where", "median", "95 %", "99 %", "longest", "painting 95 %"),
    )
    shown = platform = ""
    for arm in ARMS[1:]:
        written = [reply for by_repeat in replies[arm].values() for reply in by_repeat.values()]
        frames = [reply.frames for reply in written if reply.frames]
        columns = ("median", "p95", "p99", "worst", "paint_p95")
        smooth.rows.append((arm, *(spread([f[name] for f in frames if f[name] is not None]) for name in columns)))
        for reply in written:
            shown, platform = (reply.shown or {}).get("Window", shown), reply.platform or platform
    found.more.append(smooth)
    found.notes.append(_same_text(replies))
    if shown:
        found.notes.append(f"Shown: {shown}; Qt platform {platform}.")
    found.notes.append(
        fill("At most {n:token|tokens} each; ", n=config.max_tokens)
        + "the programs stay open for one round of prompts."
    )
    found.data = {
        arm: {
            prompt: {
                repeat: {"decode_tokens_per_second": reply.decode_tokens_per_second, "frames": reply.frames}
                for repeat, reply in by_repeat.items()
            }
            for prompt, by_repeat in replies[arm].items()
        }
        for arm in ARMS
    }
    return found


def _same_text(replies: Mapping[str, Mapping[str, Mapping[int, Reply]]]) -> str:
    same = all_ = 0
    for arm in ARMS[1:]:
        for prompt, by_repeat in replies[arm].items():
            for repeat, reply in by_repeat.items():
                other = replies[TERMINAL].get(prompt, {}).get(repeat)
                if other is not None:
                    all_ += 1
                    same += other.text == reply.text
    return f"{same} of {all_} replies in the window have the text of the terminal."
