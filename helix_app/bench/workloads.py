"""The prompts: built-in ones by kind from ``resources/workloads``, or a person's own file."""

from __future__ import annotations

import hashlib
import json
import logging
import sys
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from helix_app.base.errors import InputError
from helix_app.base.messages import notice_text
from helix_app.base.process.paths import resource
from helix_app.base.texts import decode

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

log = logging.getLogger(__name__)

KINDS = ("chat", "story", "code", "list", "rewrite", "summarise", "long_context", "adversarial")
SCHEMA = "schema"  # kind of prompts whose replies keep to a schema, which only ``bench drafts`` has written
OWN = "own"  # kind of prompts from a file that names none


@dataclass(frozen=True)
class Prompt:
    """One prompt. ``id`` is unique in a run and the same in every run of the same prompt.

    ``schema`` is the JSON schema that its replies keep to, empty for none.
    """

    kind: str
    id: str
    text: str
    schema: str = ""

    @property
    def sha256(self) -> str:
        """Of the text; two results are compared on prompts whose texts agree."""
        return hashlib.sha256(self.text.encode()).hexdigest()


def built_in(kinds: Iterable[str] = (), per_kind: int | None = None) -> tuple[Prompt, ...]:
    """The built-in prompts of these kinds (all by default), the first ``per_kind`` of each.

    A prompt's ``sections`` name texts of ``texts.toml`` that come before its own words.
    """
    texts: dict[str, str] = _read_toml(resource("workloads", "texts.toml"))["texts"]
    prompts = []
    for kind in tuple(kinds) or KINDS:
        entries = _read_toml(resource("workloads", f"{kind}.toml"))["prompt"]
        for entry in entries[:per_kind]:
            parts = [*(texts[name].strip() for name in entry.get("sections", ())), entry["text"].strip()]
            prompts.append(Prompt(kind, entry["id"], "\n\n".join(parts), entry.get("schema", "")))
    return tuple(prompts)


def from_file(path: Path | str, kinds: Iterable[str] = ()) -> tuple[Prompt, ...]:
    """Prompts of a file: one a line, or JSON lines with ``prompt`` and, if wanted, ``kind`` and ``id``.

    Raises:
        InputError: the file cannot be read, a JSON line is wrong, or no prompt is left.
    """
    path, wanted = Path(path), tuple(kinds)
    try:
        text, guessed = decode(path.read_bytes())
        lines = text.split("\n")  # not splitlines(): JSON may hold other line ends
    except (OSError, ValueError) as exc:
        raise _invalid(path, "Give a UTF-8 text file with one prompt a line.", detail=str(exc)) from exc
    if guessed:
        log.warning(notice_text("encoding_guessed", {"path": str(path), "encoding": guessed}))
    prompts = [_of_line(line.strip(), number, path) for number, line in enumerate(lines, 1) if line.strip()]
    prompts = [prompt for prompt in prompts if not wanted or prompt.kind in wanted]
    if not prompts:
        raise _invalid(path, "It holds no prompt" + (f" of the kinds {', '.join(wanted)}." if wanted else "."))
    name, count = Counter(prompt.id for prompt in prompts).most_common(1)[0]
    if count > 1:
        raise _invalid(path, f"Two of its prompts are called {name}.")
    return tuple(prompts)


def _of_line(line: str, number: int, path: Path) -> Prompt:
    if not line.startswith("{"):
        return Prompt(OWN, f"{OWN}-{number}", line)
    try:
        entry = json.loads(line)
        kind, text = str(entry.get("kind") or OWN), entry["prompt"]
    except (ValueError, KeyError, RecursionError) as exc:
        hint = f'Line {number} should read like {{"kind": "chat", "prompt": "..."}}.'
        raise _invalid(path, hint, detail=repr(exc)) from exc
    if not isinstance(text, str) or not text.strip():
        raise _invalid(path, f"The prompt in line {number} is empty.")
    prompt = Prompt(kind, str(entry.get("id") or f"{kind}-{number}"), text)
    if not (prompt.kind.isprintable() and prompt.id.isprintable()) or any("\ud800" <= c <= "\udfff" for c in text):
        raise _invalid(path, f"Line {number} holds characters that cannot be shown.")
    return prompt


def _invalid(path: Path, hint: str, detail: str = "") -> InputError:
    return InputError("option_invalid", option="prompts", value=path, hint=hint, detail=detail)


def _read_toml(path: Path) -> dict[str, Any]:
    with path.open("rb") as file:
        return tomllib.load(file)
