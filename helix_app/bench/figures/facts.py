"""What a stored run was about: what lists name where runs differ, and how fast plain decoding was."""

from __future__ import annotations

import json
import statistics
from dataclasses import dataclass
from typing import Any

from helix_app.bench.config import BASELINE


@dataclass(frozen=True)
class RunFacts:
    """The set-up of one run.

    Attributes:
        named: (what, in words) of everything that may tell it from another run.
        target, dtype: as they were asked for.
        plain: tokens/s of plain decoding in it, the median reply's; None where none is known.
    """

    named: tuple[tuple[str, str], ...] = ()
    target: str = ""
    dtype: str = ""
    plain: float | None = None


def run_facts(document: str) -> RunFacts:
    """The facts of a document as ``records.to_json`` writes it; none of one that cannot be read."""
    try:
        return _facts(json.loads(document))
    except (ValueError, KeyError, TypeError, AttributeError):
        return RunFacts()


def _facts(raw: dict[str, Any]) -> RunFacts:
    settings, model = raw["settings"], raw["model"]
    draft = model.get("draft_name") or model.get("draft") or settings.get("draft", "")
    kinds = list(dict.fromkeys(str(prompt["kind"]) for prompt in raw["prompts"]))
    temperature = float(settings.get("temperature", 0))
    named = (
        ("model", str(model.get("target_name", ""))),
        ("format", str(model.get("dtype", ""))),
        ("device", str(model.get("device_name") or model.get("device", ""))),
        ("draft", str(draft)),
        ("k", str(settings.get("k", "")).removeprefix("fixed:")),
        ("kinds", ", ".join(kinds)),
        ("prompts", str(len(raw["prompts"]))),
        ("repeats", str(settings.get("repeats", ""))),
        ("tokens", str(settings.get("max_tokens", ""))),
        ("temperature", f"{temperature:g}"),
        ("peers", ", ".join(str(arm) for arm in raw["arms"][2:])),
    )
    speeds = [run["decode_tokens_per_second"] for run in raw["runs"] if run["arm"] == BASELINE]
    known = [float(speed) for speed in speeds if speed]
    plain = statistics.median(known) if known else None
    return RunFacts(named, str(settings.get("target", "")), str(settings.get("dtype", "")), plain)
