"""Two models looked at as target and draft: can they be a pair, what do they take, what do they bring.

A job of ``jobs.py`` for the window: trying a pair loads it, and memory that a device holds comes back when its process
ends. The command line does it in its own process.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from helix_app.base import typed
from helix_app.base.errors import HelixError
from helix_app.base.failures import failure
from helix_app.doctor.memory import fit_of_request
from helix_app.doctor.pair_trial import TrialFailed, try_pair
from helix_app.engine.engine import Engine
from helix_app.engine.loading.next_token import takes_head
from helix_app.engine.machine.measured import busyness
from helix_app.engine.machine.quiet import BUSY
from helix_app.engine.measuring import pairs
from helix_app.engine.models.packed.decoder import packed_formats
from helix_app.engine.text.pairing import head_facts, pair_facts, verdicts
from helix_app.hub.resolve import catalog_name, name_of
from helix_app.modelfiles.draft_head import HeadFiles, inspect_head, is_head
from helix_app.modelfiles.model_path import ModelFiles, inspect
from helix_app.modelfiles.parameters import parameter_count
from helix_app.protocol.events import Failed
from helix_app.protocol.models.loading import ModelReady
from helix_app.protocol.pairs import PairAsked, PairExamined, PairFacts, PairProbe
from helix_app.protocol.requests import LoadRequest

_MOST_BETTER = 3


def run(asked: str) -> dict[str, Any]:
    """The job: a ``PairAsked`` as JSON; the answer is a ``PairExamined``."""
    found = examine(typed.read(PairAsked, json.loads(asked)), threading.Event(), lambda _: None)
    return typed.plain(found)  # type: ignore[no-any-return]


def run_verdicts(target: str, drafts: str) -> dict[str, Any]:
    """The job: a target and a JSON list of models; the answer has a list of ``Verdict``."""
    found = verdicts(target, json.loads(drafts), called=name_of(Path(target)))
    return {"verdicts": [typed.plain(verdict) for verdict in found]}


def examine(asked: PairAsked, cancel: threading.Event, on_progress: Callable[[float], None]) -> PairExamined:
    """Look at a pair. Never raises for what can be expected of files and devices: ``failed`` says it."""
    try:
        return _examine(asked, cancel, on_progress)
    except TrialFailed as exc:
        return PairExamined(failed=exc.failed)
    except HelixError as exc:
        return PairExamined(failed=exc.as_event())
    except (OSError, RuntimeError, MemoryError) as exc:
        return PairExamined(failed=failure(exc))


def _examine(asked: PairAsked, cancel: threading.Event, on_progress: Callable[[float], None]) -> PairExamined:
    target = inspect(Path(asked.target))
    draft: ModelFiles | HeadFiles
    if is_head(asked.draft):
        draft = inspect_head(asked.draft)
        facts, size = head_facts(target, draft, catalog_name(target.path)), draft.parameters
    else:
        draft = inspect(Path(asked.draft))
        facts, size = pair_facts(target, draft), parameter_count(draft.config)
    facts = _named(facts, asked)
    request = LoadRequest(
        asked.target,
        facts.target_name,
        asked.draft,
        facts.draft_name,
        device=asked.device,
        dtype=asked.dtype,
        context_length=asked.context,
        installed=asked.installed,
        cache_tokens=asked.cache_tokens,
    )
    fit = fit_of_request(request, cancel)
    probe = None
    if asked.probe and fit.level != "short":
        probe = _tried(request, cancel, on_progress)
        if (probe.by_text or facts.verdict.head) and not cancel.is_set():
            probe = _kept(target, draft, asked, probe)
    return PairExamined(facts, fit, probe, _better(asked, size))


def _named(facts: PairFacts, asked: PairAsked) -> PairFacts:
    """The same with the names that the catalog has for the two."""
    target, draft = catalog_name(Path(asked.target)), catalog_name(Path(asked.draft))
    return replace(facts, target_name=target or facts.target_name, draft_name=draft or facts.draft_name)


def _tried(request: LoadRequest, cancel: threading.Event, on_progress: Callable[[float], None]) -> PairProbe:
    engine = _loaded(request, cancel)
    try:
        return try_pair(engine, cancel, on_progress)
    finally:
        engine.close()


def _kept(target: ModelFiles, draft: ModelFiles | HeadFiles, asked: PairAsked, probe: PairProbe) -> PairProbe:
    """Remember what re-encoded drafts or a head brought, for ``draft auto``, unless other programs were in the way."""
    busy = busyness()
    if busy >= BUSY or (isinstance(draft, HeadFiles) and _unpacks(target, draft)):
        return probe
    pairs.keep(target, draft, pairs.Setting(asked.device, asked.dtype), probe, busy)
    own = target.config.next_token is not None and isinstance(draft, HeadFiles)  # then auto takes the model's layer
    return replace(probe, kept=pairs.pays(probe) and not own)


def _unpacks(target: ModelFiles, head: HeadFiles) -> bool:
    """Whether a target that could run packed was unpacked for this head: what it gained there says nothing here."""
    return bool(packed_formats(target)) and not takes_head(target, head)


def _loaded(request: LoadRequest, cancel: threading.Event) -> Engine:
    """An engine with this loaded. Raises TrialFailed."""
    engine = Engine()
    for event in engine.stream(request, cancel):
        if isinstance(event, Failed):
            raise TrialFailed(event)
        if isinstance(event, ModelReady):
            return engine
    raise TrialFailed(Failed("load_cancelled"))


def _better(asked: PairAsked, parameters: int) -> tuple[str, ...]:
    """Installed models that fit the target's vocabulary and cost less than this draft."""
    others = [path for path in asked.installed if path not in (asked.target, asked.draft)]
    found: list[tuple[int, str]] = []
    for verdict in verdicts(asked.target, others):
        if not (verdict.code or verdict.differs or verdict.heavy or verdict.head):
            size = parameter_count(inspect(Path(verdict.draft)).config)
            found += [(size, verdict.draft)] if size < parameters else []
    return tuple(path for _, path in sorted(found)[:_MOST_BETTER])
