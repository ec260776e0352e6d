"""``bench window``: what the window costs, and how smoothly it runs.

The same replies three ways: ``generate`` in a terminal, the window with its live panel (three plots and a map of 4,096
blocks), and the window that also shows where each token came from. Every reply is written by a program of its own
that was just started, the arms in a new order for each prompt; settings, seed and cache folder are the same. The
window times its own frames, as Help > Diagnostics shows them.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import tempfile
import threading
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from helix_app import paths, settings as settings_store
from helix_app.bench.config import BenchConfig
from helix_app.bench.experiment import Experiment, Speeds, Table, Told, median, ratio, ratio_text, spread
from helix_app.bench.workloads import Prompt, built_in
from helix_app.errors import HelixError
from helix_app.settings import Settings

TERMINAL, WINDOW, ORIGINS = "terminal", "window", "window, origins shown"
ARMS = (TERMINAL, WINDOW, ORIGINS)
KINDS = ("chat", "story", "code", "rewrite")
BLOCKS = 4096
SECONDS = 300  # longer than any reply takes
POLL_SECONDS = 0.1


@dataclass(frozen=True)
class Reply:
    """One reply of an arm; ``frames`` and ``shown`` are the window's."""

    text: str
    decode_tokens_per_second: float | None
    frames: Mapping[str, float] | None = None
    shown: Mapping[str, str] | None = None
    platform: str = ""


def run(config: BenchConfig, told: Told, cancel: threading.Event) -> Experiment:
    """Measure.

    Raises:
        HelixError: a program could not write its reply.
    """
    kinds = config.kinds or KINDS
    order = random.Random(config.seed)
    replies: dict[str, dict[str, dict[int, Reply]]] = {arm: defaultdict(dict) for arm in ARMS}
    prompts = list(built_in(kinds, config.prompts_per_kind))
    with _surroundings(config) as environment:
        for repeat in range(config.repeats):
            order.shuffle(prompts)
            for prompt in prompts:
                for arm in order.sample(ARMS, len(ARMS)):
                    told(f"{prompt.id}, {arm}, round {repeat + 1}")
                    reply = _write(arm, prompt, config, environment, cancel)
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
        dtype=config.dtype,
        k=config.k,
        learn=False,
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


def _write(
    arm: str, prompt: Prompt, config: BenchConfig, environment: Mapping[str, str], cancel: threading.Event
) -> Reply | None:
    """One reply; None when it was stopped."""
    if arm == TERMINAL:
        said = _ask(_terminal(prompt, config), "", environment, cancel)
        return said and Reply(said["generated_text"], said["decode_tokens_per_second"])
    asked = {"prompt": prompt.text, "seed": config.seed, "blocks": BLOCKS, "origins": arm == ORIGINS}
    command = [sys.executable, "-m", "helix_app.trial"]
    said = _ask(command, json.dumps(asked), environment, cancel)
    return said and Reply(
        said["text"], said["metrics"]["decode_tokens_per_second"], said["frames"], said["shown"], said["platform"]
    )


def _terminal(prompt: Prompt, config: BenchConfig) -> list[str]:
    options = {
        "target": config.target,
        "draft": config.draft,
        "k": config.k,
        "device": config.device,
        "dtype": config.dtype,
        "max-tokens": config.max_tokens,
        "temperature": config.temperature,
        "seed": config.seed,
        "prompt": prompt.text,
    }
    flags = [f"--{name}={value}" for name, value in options.items()]
    return [sys.executable, "-m", "helix_app", "generate", "--json", *flags]


def _ask(command: Sequence[str], said: str, environment: Mapping[str, str], cancel: threading.Event) -> Any:
    """The JSON object that a program prints; None when it was stopped."""
    kept = Path(environment["HELIX_HOME"]) / "errors.txt"
    with kept.open("w+", encoding="utf-8", errors="replace") as errors:
        child = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, env=dict(environment)
        )
        stop = threading.Event()
        watch = threading.Thread(target=_watch, args=(child, cancel, stop), daemon=True)
        watch.start()
        out, _ = child.communicate(said.encode())
        stop.set()
        watch.join()
        if cancel.is_set():
            return None
        errors.seek(0)
        lines = out.decode("utf-8", "replace").strip().splitlines()
        try:
            answer = json.loads(lines[-1])
        except (ValueError, IndexError):
            detail = errors.read().strip()[-2000:] or f"exit code {child.returncode}"
            raise HelixError("bench_program", reason=detail.splitlines()[-1], detail=detail) from None
        if "error" in answer:
            raise HelixError("bench_program", reason=answer["error"])
        return answer


def _watch(child: subprocess.Popen[bytes], cancel: threading.Event, stop: threading.Event) -> None:
    """End a program that is stopped or takes far too long."""
    waited = 0.0
    while not stop.wait(POLL_SECONDS):
        waited += POLL_SECONDS
        if cancel.is_set() or waited > SECONDS:
            child.kill()
            return


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
        base = median([speed for by_repeat in speeds[arm].values() for speed in by_repeat.values()])
        over = "" if arm == TERMINAL else ratio_text(ratio(speeds[arm], speeds[TERMINAL], config.seed))
        found.rows.append((arm, f"{base:.1f}" if base else "–", over))
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
    found.notes.append(f"At most {config.max_tokens} tokens each, every reply by a program just started.")
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
