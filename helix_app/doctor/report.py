"""What is here, what is wrong and what to do, for a person and for an issue.

The command ``doctor`` prints it, the window shows it. Nothing that is broken may end it before its report.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from helix_app.base import messages
from helix_app.base.process import paths
from helix_app.base.redacted import without_person
from helix_app.base.sizes import percent_text, size_text
from helix_app.doctor.checkup import Facts, LibraryFacts, ModelFact, PackedFacts, SelfTest, attempt, gather
from helix_app.doctor.findings import Finding, findings, state_of
from helix_app.engine.machine.devices.adapters import Adapter, best_first
from helix_app.engine.machine.measured_file import DAYS, REFERENCE

_LIBRARIES = {"directml": "DirectML", "cuda": "CUDA"}
_FORMS = {  # of packed products
    "avx2": "AVX2",
    "vnni256": "VNNI in 256 bits",
    "vnni512": "VNNI in 512 bits",
    "generic": "instructions of any processor",
}
_BYTES_PER_WEIGHT, _OVERHEAD = 4, 700 * 10**6  # float32 in the worst case; PyTorch, tokenizer and cache


def examine(
    cancel: threading.Event, on_progress: Callable[[str], None], *, self_test: bool = True
) -> tuple[Facts, tuple[Finding, ...]]:
    """Look at everything and judge it. Takes up to a minute; ``on_progress`` gets a line before each part of it."""
    words = {"torch": "Looking at PyTorch…", "directml": "Looking for graphics cards…"}
    nothing: tuple[tuple[ModelFact, ...], int] = ((), 0)
    models, needs = attempt(_models, nothing)
    facts = gather(
        models,
        needs,
        self_test=self_test,
        cancel=cancel,
        on_progress=lambda what: on_progress(words.get(what, f"Testing {what}…")),
    )
    return facts, findings(facts)


def _models() -> tuple[tuple[ModelFact, ...], int]:
    """The models on this computer, and the bytes of memory that the catalog's first one takes."""
    from helix_app.hub import store
    from helix_app.hub.registry import known_catalog

    catalog = known_catalog()
    here = []
    for entry in catalog.entries:
        path = attempt(lambda entry=entry: store.find(entry), None)  # type: ignore[misc]
        if path is not None:
            here.append(ModelFact(entry.id, store.size_of(path), store.is_verified(entry, path), entry.name))
    own = {place for entry in catalog.entries for place in store.places(entry)}
    others: tuple[Path, ...] = attempt(_others, ())
    for path in others:
        if path not in own:
            here.append(ModelFact(path.name, store.size_of(path), None))
    return tuple(here), catalog.entries[0].parameters * _BYTES_PER_WEIGHT + _OVERHEAD


def _others() -> tuple[Path, ...]:
    """Models that the person added, and all in the folder of models."""
    from helix_app.hub import registry
    from helix_app.hub.library import programs

    added = (Path(text) for text in registry.read().added if os.path.exists(text))
    return tuple(dict.fromkeys([*added, *programs.models_below(paths.models_dir())]))


# -------------------------------------------------------------------------- the report


def as_object(facts: Facts, found: tuple[Finding, ...]) -> dict[str, Any]:
    """The report as one JSON object, without the person's home folder."""
    content = asdict(facts)
    content |= {"auto": facts.auto, "can_run": facts.can_run}
    content["findings"] = [{**asdict(f), "fields": dict(f.fields), "text": finding_text(f)} for f in found]
    return _redacted(content)  # type: ignore[no-any-return]


def as_text(facts: Facts, found: tuple[Finding, ...]) -> list[str]:
    """The report as lines of plain text, without the person's home folder."""
    lines: list[str] = []
    for title, rows in (
        ("Versions", _versions(facts)),
        ("Computer", _computer(facts)),
        ("Devices", _devices(facts)),
        ("Self-test (float32, against plain decoding on the CPU)", _self_tests(facts)),
        ("Models on this computer", _model_rows(facts)),
        ("Measured on this computer (`doctor --forget-measured` measures again)", _measured(facts)),
        ("Folders", _folders(facts)),
        ("Settings in the environment", iter(facts.environment.items())),
    ):
        section = list(rows)
        if section:
            width = max(len(name) for name, _ in section)
            lines += [title, *(f"  {name:<{width}}  {text}".rstrip() for name, text in section), ""]
    if facts.crash:
        lines += ["Last lines of engine-crash.log", *(f"  {line}" for line in facts.crash), ""]
    lines.append("What is wrong and what to do")
    lines += [f"  - {finding_text(f)}" for f in found] or ["  Nothing is wrong."]
    if not facts.can_run:
        lines.append("  The engine cannot run here until that is put right.")
    return [str(_redacted(line)) for line in lines]


def finding_text(found: Finding) -> str:
    """The sentence of a finding."""
    return messages.finding_text(found.code, found.fields)


def _versions(facts: Facts) -> Iterator[tuple[str, str]]:
    for name, version in facts.versions.items():
        yield name, version or "not installed"
    torch = facts.torch
    if torch.version and torch.version != facts.versions.get("torch"):
        yield "torch itself says", torch.version
    if torch.version:
        cuda = f"CUDA {torch.cuda}" if torch.cuda else "the CPU alone"
        yield "PyTorch is for", f"ROCm {torch.hip}" if torch.hip else cuda
    yield "system", facts.system_name


def _computer(facts: Facts) -> Iterator[tuple[str, str]]:
    torch = facts.torch
    yield "processor", facts.cpu
    threads = "" if torch.threads is None else messages.fill(", PyTorch uses {n:thread|threads}", n=torch.threads)
    yield "cores", f"{facts.cores}{threads}"
    if torch.capability:
        yield "instructions", torch.capability
    yield from _packed(facts.packed)
    yield "memory", f"{size(facts.memory_total)}, {size(facts.memory_free)} free"
    yield "disk of models", f"{size(facts.models_disk_free)} free"
    for card in facts.cards:
        memory = "" if card.memory_bytes is None else f", {memory_size(card.memory_bytes)}"
        yield "graphics card", f"{card.name or card.vendor}{memory}"


def _packed(packed: PackedFacts) -> Iterator[tuple[str, str]]:
    """In which form packed weights are multiplied on the processor."""
    if packed.trouble.problem:
        yield "packed products", f"none: {packed.trouble.reason or packed.trouble.problem}"
    if not packed.first:
        return
    others = " or ".join(_FORMS.get(form, form) for form in packed.others)
    tried = f", or {others} where it is found faster when a model needs it" if others else ""
    yield "packed products", f"{_FORMS.get(packed.first, packed.first)}{tried}"
    for part, form, share in packed.taken:
        faster = "" if form == packed.first else f", {percent_text(share)} of the time of {_FORMS[packed.first]}"
        yield f"  {part}", f"{_FORMS.get(form, form)}{faster}"


def _devices(facts: Facts) -> Iterator[tuple[str, str]]:
    for library in (facts.directml, facts.cuda):
        yield from _library(library, facts)
    if facts.operators is not None:
        ways = ", ".join(f"{count} {way}" for way, count in facts.operators.items())
        yield "DirectML operators", ways
    state = "auto takes this one" if facts.auto == "cpu" else f"not taken by auto: {facts.auto} comes first"
    yield "cpu", f"{facts.cpu}; {state}"


def _library(library: LibraryFacts, facts: Facts) -> Iterator[tuple[str, str]]:
    if library.trouble.problem:
        yield library.kind, f"none: {library.trouble.reason}"
    for adapter in best_first(library.adapters):
        code, fields = state_of(adapter, facts)
        yield (
            adapter.value,
            f"{_LIBRARIES[adapter.kind]}: {describe(adapter)}; {messages.device_state_text(code, fields)}",
        )


def describe(adapter: Adapter) -> str:
    """Name, memory and nature of an adapter."""
    nature = {True: "a card of its own", False: "part of the processor", None: ""}[adapter.discrete]
    memory = "memory not known" if adapter.memory_bytes is None else memory_size(adapter.memory_bytes)
    return ", ".join(part for part in (adapter.title, memory, "" if adapter.software else nature) if part)


def _self_tests(facts: Facts) -> Iterator[tuple[str, str]]:
    for test in facts.self_tests:
        yield test.device, _self_test(test)


def _self_test(test: SelfTest) -> str:
    if test.trouble.problem:
        return f"{test.trouble.problem}: {test.trouble.reason}".rstrip(": ")
    difference = "not a number" if test.difference is None else f"{test.difference:.1g}"
    tokens = "the same tokens" if test.tokens_equal else "other tokens"
    return (
        f"{'passed' if test.whole else 'FAILED'}: logits differ by {difference}, {tokens} with {test.accepted} of "
        f"{test.drafted} drafted accepted; first pass {test.first_ms or 0:.1f} ms, second {test.second_ms or 0:.1f} ms"
    )


def _model_rows(facts: Facts) -> Iterator[tuple[str, str]]:
    for model in facts.models:
        state = {True: "verified", False: "not verified yet", None: "of your own"}[model.verified]
        yield model.id, ", ".join(part for part in (model.name, size(model.bytes), state) if part)
    if not facts.models:
        yield "none", ""


def _measured(facts: Facts) -> Iterator[tuple[str, str]]:
    """What loading decided by, and how much else is kept."""
    others = 0
    for entry in facts.measured:
        kind, _, what = entry.what.partition(": ")
        told = _VALUES.get(kind)
        if told is None or not isinstance(entry.value, dict):
            others += entry.what != REFERENCE
            continue
        values = ", ".join(told(name, float(value)) for name, value in sorted(entry.value.items()))
        quiet = (
            f"{max(0, time.time() - entry.at) / 86400:.0f} days old, other programs took {percent_text(entry.busy - 1)}"
        )
        yield _KINDS[kind], f"{values} ({what}; {quiet})"
    if others:
        comparisons = messages.plural(others, "1 comparison", "{n} comparisons")
        yield "kernels", f"{comparisons}, kept for {DAYS} days"


_KINDS = {
    "seconds a step": "a plain step",
    "rows over one": "more rows",
    "fused attention": "fused attention",
    "packed products": "packed products",
}
_VALUES: dict[str, Callable[[str, float], str]] = {
    "seconds a step": lambda name, value: f"{name} {value * 1e3:.1f} ms",
    "rows over one": lambda rows, times: f"{rows} cost {times:.1f} times one",
    "fused attention": lambda name, works: f"{name} {'works' if works else 'is not used: its trial failed'}",
    "packed products": lambda kind, value: (
        "not used: the trial failed, weights are unpacked" if kind == "wrong" else f"{kind} {value * 1e3:.2f} ms"
    ),
}


def _folders(facts: Facts) -> Iterator[tuple[str, str]]:
    for folder in facts.folders:
        state = "" if folder.writable else ", cannot be written"
        yield folder.name, f"{size(folder.bytes)} in {folder.path}{state}"


def size(count: int | None) -> str:
    """Bytes in decimal units, an en dash for what is not known."""
    if count is None:
        return "–"
    return size_text(count, exact=True)


def memory_size(count: int) -> str:
    """Bytes of a card's memory as makers state them: powers of two."""
    return f"{count / 2**30:.0f} GB" if count >= 2**30 else f"{count / 2**20:.0f} MB"


def _redacted(content: Any) -> Any:
    """The same without the home folder and without the folders of program files in tracebacks."""
    if isinstance(content, dict):
        return {key: _redacted(value) for key, value in content.items()}
    if isinstance(content, (list, tuple)):
        return [_redacted(value) for value in content]
    if not isinstance(content, str):
        return content
    return without_person(content)
