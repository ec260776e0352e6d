"""``doctor --target``: would a model fit, would a pair work, and what it brings."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from helix_app.base import messages
from helix_app.base.errors import HelixError, InputError
from helix_app.base.message_texts import fit as words
from helix_app.base.process import paths
from helix_app.base.sizes import percent_text
from helix_app.cli.common import CONTEXT_HELP, ctrl_c_cancels, put, say
from helix_app.cli.replies import as_error
from helix_app.protocol.models.fit import Fit
from helix_app.protocol.requests import LoadChoice, LoadRequest

if TYPE_CHECKING:
    from helix_app.doctor.memory import MemoryTrial
    from helix_app.protocol.pairs import PairExamined

_OPTIONS = ("draft", "context", "probe", "measure")  # that need a target
_MEASURE_SECONDS = 3600.0


def add_options(parser: argparse.ArgumentParser) -> None:
    """The options of ``doctor`` that are about a model."""
    group = parser.add_argument_group("about a model, before it is loaded")
    add = group.add_argument
    add("--target", metavar="ID|PATH", help="would it fit into memory, and what would make it fit")
    add(
        "--draft",
        metavar="DRAFT",
        help="with this: auto, none, ngram, mtp, self-int4, self-int8, a draft model or head",
    )
    add("--context", type=int, metavar="N", help="tokens of prompt and reply together; " + CONTEXT_HELP)
    add("--device", default="auto", help="auto, directml, cuda, cpu, or an adapter: directml:1")
    add("--dtype", default="auto", help="number format: auto, packed, float32, bfloat16, float16 or int4")
    add("--probe", action="store_true", help="try the pair for half a minute: what is accepted, and what that brings")
    add("--measure", action="store_true", help="load it, fill its context, and compare the estimate with the peak")


def check(args: argparse.Namespace) -> None:
    """Raise InputError for options that make no sense together."""
    from helix_app.engine.loading.limits import check_context

    if args.target is None:
        for name in _OPTIONS:
            if getattr(args, name):
                raise InputError("option_invalid", option=name, value=getattr(args, name), hint="Give --target, too.")
        return
    if args.context is not None:
        check_context(args.context)
    if args.probe and args.measure:
        raise InputError("option_invalid", option="probe", value="on", hint="Ask for --measure apart from it.")


def run(args: argparse.Namespace) -> int:
    """Say whether it fits. Returns the exit code."""
    from helix_app.hub.resolve import DRAFTS, to_load_request

    choice = LoadChoice(args.target, args.draft or "auto", args.device, args.dtype, context_length=args.context)
    request = replace(to_load_request(choice), context_required=args.context is not None)
    if args.measure:
        return _measure(request, as_json=args.json)
    if args.probe and request.draft in DRAFTS:
        hint = "--probe tries a draft model. Name one."
        raise InputError("option_invalid", option="draft", value=request.draft, hint=hint)
    from helix_app.doctor.memory import fit_of_request

    with ctrl_c_cancels() as cancel:
        if request.draft in DRAFTS:
            fit = fit_of_request(request, cancel)
            put(_json({"fit": as_object(fit)}) if args.json else _lines(fit_lines(fit)))
            return _code(fit)
        from helix_app.doctor.pair import examine
        from helix_app.protocol.pairs import PairAsked

        if args.probe:
            say("Trying the pair for half a minute…")
        asked = PairAsked(
            request.target,
            request.draft,
            request.context_length,
            args.device,
            args.dtype,
            args.probe,
            request.installed,
        )
        found = examine(asked, cancel, lambda _: None)
    if found.failed is not None:
        raise as_error(found.failed)
    put(_json(pair_object(found)) if args.json else _lines(pair_lines(found)))
    assert found.fit is not None
    return _code(found.fit)


def _code(fit: Fit) -> int:
    return 1 if fit.level == "short" else 0


def _measure(request: LoadRequest, *, as_json: bool) -> int:
    """Try the load in a process of its own, and compare."""
    from helix_app.base import typed
    from helix_app.doctor.memory import MemoryTrial
    from helix_app.engine.machine import jobs

    say("Loading the model and filling its context…")
    try:
        answer = jobs.run("memory", json.dumps(typed.plain(request)), seconds=_MEASURE_SECONDS)
    except jobs.JobError as exc:
        raise HelixError("memory_untried", reason=exc.said or exc.how, detail=exc.detail) from exc
    trial = typed.read(MemoryTrial, answer)
    if as_json:
        told = {"fit": as_object(trial.fit), "estimated": trial.estimated, "measured": trial.measured}
        put(_json({**told, "tokens": trial.tokens, "error": round(trial.error, 4)}))
    else:
        put(_lines((*fit_lines(trial.fit), *trial_lines(trial))))
    return _code(trial.fit)


# ------------------------------------------------------------------------ what is said


def fit_lines(fit: Fit) -> Iterable[str]:
    """Whether it fits, what takes how much, and ways to fit."""
    yield f"{fit.target_name}{' + ' + fit.draft_name if fit.draft_name else ''} on {fit.device_name or fit.device}"
    yield from _table(words.fit_rows(fit))
    yield words.level_text(fit)
    if fit.ways:
        yield "What would fit:"
        yield from (f"  - {words.way_text(way)}" for way in fit.ways)


def pair_lines(found: PairExamined) -> Iterable[str]:
    """What is known of a pair."""
    from helix_app.hub.resolve import name_of

    facts = found.facts
    assert facts is not None
    assert found.fit is not None
    yield "The pair"
    yield from _table(words.pair_rows(facts))
    yield words.verdict_text(facts.verdict)
    if facts.verdict.heavy and facts.verdict.differs:
        yield words.heavy_text()
    yield ""
    yield from fit_lines(found.fit)
    if found.probe is not None:
        yield ""
        yield "The trial"
        yield from _table(words.probe_rows(found.probe))
        yield words.advice(found.probe)
    if found.better:
        yield ""
        yield "Installed models that would draft for less:"
        yield from (f"  - {name_of(Path(path))}: {path}" for path in found.better)


def trial_lines(trial: MemoryTrial) -> Iterable[str]:
    """The estimate beside the peak."""
    yield "Peak of the process, with its context full"
    size = words.size_text
    filled = messages.fill("{n:token|tokens}", n=trial.tokens)
    yield from _table(
        (
            ("Estimated", f"{size(trial.estimated, exact=True)} (of which {size(trial.fit.held)} without a model)"),
            ("Measured", f"{size(trial.measured, exact=True)} with {filled}"),
            ("Estimate off by", percent_text(trial.error, 1, signed=True)),
        )
    )


def as_object(fit: Fit) -> dict[str, Any]:
    """For ``--json``: the figures, and the sentences."""
    from dataclasses import asdict

    told = asdict(fit)
    told["need"]["total"] = fit.need.total
    told["text"] = words.level_text(fit)
    for way, entry in zip(fit.ways, told["ways"]):
        entry["text"] = words.way_text(way)
    return told


def pair_object(found: PairExamined) -> dict[str, Any]:
    """For ``--json``."""
    from dataclasses import asdict

    told = asdict(found)
    assert found.facts is not None
    assert found.fit is not None
    verdict = found.facts.verdict
    told["compatible"], told["reencoded"] = not verdict.differs, bool(verdict.differs)
    told["text"] = words.verdict_text(verdict)
    told["fit"] = as_object(found.fit)
    if found.probe is not None:
        told["probe"]["text"] = words.advice(found.probe)
    return told


def _table(rows: Iterable[tuple[str, str]]) -> Iterable[str]:
    listed = list(rows)
    width = max((len(name) for name, _ in listed), default=0)
    return [f"  {name:<{width}}  {text}" for name, text in listed]


def _lines(lines: Iterable[str]) -> str:
    home = paths.home()
    return "\n".join(line.replace(home, "~") if len(home) > 1 else line for line in lines) + "\n"


def _json(told: dict[str, Any]) -> str:
    return json.dumps(told, indent=2, ensure_ascii=False) + "\n"
