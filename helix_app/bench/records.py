"""What a run leaves behind: one record a reply, and the whole as a JSON document.

Units: seconds unless a name says ``_ms``; bytes; tokens. ``SCHEMA_VERSION`` rises when a reader must change.
"""

from __future__ import annotations

import json
import sys
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Annotated, Any

from msgspec import Meta

from helix_app.base import texts, typed
from helix_app.base.errors import InputError

SCHEMA, SCHEMA_VERSION = "helix.bench", 1
Number = Annotated[float, Meta(ge=-sys.float_info.max, le=sys.float_info.max)]  # neither infinite nor none


@dataclass(frozen=True)
class RunRecord:
    """One measured reply. The figures are those of ``events.RunMetrics``; None means undefined.

    Attributes:
        index: when it ran, 0 for the first measured reply.
        repeat: which round over the prompts, from 0.
        reached_by_position: rounds in which draft position j (from 0) was scored and all before it were accepted.
        accepted_by_position: how often the token at position j then stood.
        draft_ms, verify_ms: median over rounds that drafted. ``plain_ms``: the target pass of rounds that did not.
        k_counts: (k, rounds) in rising k.
        peak_memory_bytes: of the whole process while this reply was written (see ``machine.peak_memory``).
        timeline: (seconds since the request, tokens so far); kept for the first repeat only.
    """

    index: int
    arm: str
    kind: str
    prompt_id: str
    repeat: int
    seed: int
    prompt_tokens: int
    tokens: int
    finish_reason: str
    time_seconds: Number
    time_to_first_token: Number | None
    tokens_per_second: Number | None
    decode_tokens_per_second: Number | None
    acceptance_rate: Number | None = None
    mean_accepted_length: Number | None = None
    target_passes: int = 0
    drafted_tokens: int = 0
    accepted_tokens: int = 0
    cached_tokens: int = 0
    reached_by_position: tuple[int, ...] = ()
    accepted_by_position: tuple[int, ...] = ()
    draft_ms: Number | None = None
    verify_ms: Number | None = None
    plain_ms: Number | None = None
    k_mean: Number | None = None
    k_counts: tuple[tuple[int, int], ...] = ()
    peak_memory_bytes: int | None = None
    token_ids: tuple[int, ...] = ()
    timeline: tuple[tuple[Number, int], ...] = ()


@dataclass(frozen=True)
class ReferenceRun:
    """The fixed reference reply, run between measured ones to see whether the machine's speed moved."""

    before_index: int
    decode_tokens_per_second: Number


@dataclass(frozen=True)
class Divergence:
    """Where two greedy arms first differ on a prompt.

    Attributes:
        position: index of the first differing token in the reply.
        token_a, token_b: the tokens there, None where that reply had ended.
        logit_gap: target logit of arm a's token minus that of arm b's, from a plain forward pass over the common
            tokens; near 0 means rounding decided. None where a reply had ended.
        top_two_gap: between the two largest logits of that pass.
    """

    kind: str
    prompt_id: str
    arm_a: str
    arm_b: str
    position: int
    token_a: int | None
    token_b: int | None
    text_a: str
    text_b: str
    logit_gap: Number | None
    top_two_gap: Number | None


@dataclass(frozen=True)
class BenchNotice:
    """Something the reader must know; ``messages.notice_text(code, fields)`` makes a sentence of it."""

    code: str
    fields: tuple[tuple[str, str], ...] = ()
    detail: str = ""


@dataclass(frozen=True)
class PromptRecord:
    """A prompt as it was run; ``tokens`` with the chat template."""

    id: str
    kind: str
    text: str
    sha256: str
    tokens: int


@dataclass(frozen=True)
class BenchResult:
    """A whole run.

    Attributes:
        complete: every planned reply was measured.
        command: a shell line that runs it again.
        settings: the config by name.
        machine, versions: of where it ran.
        models: by role (``target``, ``draft``): name, architecture, files with size and sha256.
        model: what ``loading.ModelReady`` said.
        arms: names in the order of the tables.
    """

    created: str
    complete: bool
    command: str
    settings: dict[str, Any]
    machine: dict[str, Any]
    versions: dict[str, str]
    models: dict[str, dict[str, Any]]
    model: dict[str, Any]
    arms: tuple[str, ...]
    prompts: tuple[PromptRecord, ...]
    runs: tuple[RunRecord, ...]
    reference: tuple[ReferenceRun, ...] = ()
    divergences: tuple[Divergence, ...] = ()
    notices: tuple[BenchNotice, ...] = ()
    planned: int = 0
    seconds: Number = 0.0
    name: str = field(default="", compare=False)

    @property
    def kinds(self) -> tuple[str, ...]:
        """Kinds with at least one reply, in the order of the prompts."""
        present = {run.kind for run in self.runs}
        return tuple(kind for kind in dict.fromkeys(p.kind for p in self.prompts) if kind in present)

    @property
    def greedy(self) -> bool:
        """Whether replies were greedy, so that arms must agree."""
        return float(self.settings.get("temperature", 0.0)) == 0.0


def to_json(result: BenchResult, summary: dict[str, Any] | None = None) -> str:
    """The JSON document; ``summary`` adds computed figures for readers that do not want to compute."""
    document = {"schema": SCHEMA, "schema_version": SCHEMA_VERSION, **asdict(result), "summary": summary or {}}
    document.pop("name")
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")) + "\n"


def read_json(path: Path | str) -> BenchResult:
    """A result written by ``to_json``. Unknown keys are passed over, the types of known ones checked.

    Raises:
        InputError: ``file_failed`` when it cannot be opened, ``bench_file`` when it cannot be read as one.
    """
    path = Path(path)
    try:
        text = texts.read(path)
    except OSError as exc:
        raise InputError("file_failed", path=path, reason=texts.why(exc)) from exc
    except ValueError as exc:
        raise InputError("bench_file", path=path, detail=f"{type(exc).__name__}: {exc}") from exc
    return parse_json(text, path.name, path)


def parse_json(text: str, name: str, path: Path | str = "") -> BenchResult:
    """A result from its JSON, called ``name`` in comparisons.

    Raises:
        InputError: ``bench_file`` when it cannot be read as one.
    """
    try:
        raw = json.loads(text)
        if raw["schema"] != SCHEMA or int(raw["schema_version"]) != SCHEMA_VERSION:
            raise ValueError(f"schema {raw['schema']} {raw['schema_version']}")
        result = typed.read(BenchResult, {**_frozen(raw), "name": name})
        int(result.settings.get("seed", 0)), float(result.settings.get("temperature", 0.0))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, OverflowError) as exc:
        raise InputError("bench_file", path=path or name, detail=f"{type(exc).__name__}: {exc}") from exc
    return result


def _frozen(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _frozen(item) for key, item in value.items()}
    return tuple(_frozen(item) for item in value) if isinstance(value, list) else value
