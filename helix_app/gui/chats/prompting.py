"""What a conversation changes of the person's settings, as it is kept. No widgets."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from helix_app.base.settings import Settings, changed, valid
from helix_app.protocol.requests import Grammar

NAMES = ("system_prompt", "temperature", "top_k", "top_p", "min_p", "repetition_penalty", "max_tokens", "on_full")
MOST_STOPS = 16  # stop texts of one conversation
LONGEST_STOP = 200  # characters of each
LONGEST_TEMPLATE = 100_000
LONGEST_SCHEMA = 100_000
FORMAT = "helix-presets"  # what a file of presets says it is


@dataclass(frozen=True)
class Prompting:
    """Prompt and sampling of one conversation; what it does not name follows the settings.

    Attributes:
        values: settings by name (``NAMES``).
        seed: of its replies; None draws one for each.
        stop: texts at which a reply ends.
        thinking: whether the model is to think before it answers, where it knows such a switch; None as it is made.
        template: a chat template in place of the model's own; empty for that one.
        plain: its replies continue the text that stands there, without a chat template.
        form: what its replies must look like: any JSON object, or one by a schema; None leaves them free.
    """

    values: Mapping[str, Any] = field(default_factory=dict)
    seed: int | None = None
    stop: tuple[str, ...] = ()
    thinking: bool | None = None
    template: str = ""
    plain: bool = False
    form: Grammar | None = None

    def __bool__(self) -> bool:
        chosen = self.seed is not None or self.thinking is not None or self.plain or self.form is not None
        return chosen or bool(self.values) or bool(self.stop) or bool(self.template)

    def applied(self, settings: Settings) -> Settings:
        """The settings that its replies are written with."""
        return changed(settings, **self.values)


def to_text(prompting: Prompting) -> str:
    """As JSON; empty for one that changes nothing."""
    if not prompting:
        return ""
    out: dict[str, Any] = dict(prompting.values)
    if prompting.seed is not None:
        out["seed"] = prompting.seed
    if prompting.stop:
        out["stop"] = list(prompting.stop)
    if prompting.thinking is not None:
        out["thinking"] = prompting.thinking
    if prompting.template:
        out["template"] = prompting.template
    if prompting.plain:
        out["plain"] = True
    if prompting.form is not None:
        out["schema"] = prompting.form.text  # empty for any object
    return json.dumps(out, ensure_ascii=False)


def from_text(text: str) -> Prompting:
    """What JSON says; whatever in it is not known or not valid is left out."""
    try:
        raw = json.loads(text) if text else {}
    except ValueError:
        raw = {}
    if not isinstance(raw, dict):
        return Prompting()
    values = {name: raw[name] for name in NAMES if name in raw and valid(name, raw[name])}
    seed = raw.get("seed")
    whole = isinstance(seed, int) and not isinstance(seed, bool) and 0 <= seed < 2**31
    stops, thinking = raw.get("stop"), raw.get("thinking")
    thinking = thinking if isinstance(thinking, bool) else None
    template = raw.get("template")
    known = isinstance(template, str) and bool(template.strip()) and len(template) <= LONGEST_TEMPLATE
    stop = stops_of(stops if isinstance(stops, list) else ())
    text = str(template) if known else ""
    plain, form = raw.get("plain") is True, form_of(raw.get("schema"))
    return Prompting(values, seed if whole else None, stop, thinking, text, plain, form)


def form_of(schema: object) -> Grammar | None:
    """The form of replies by this schema, an empty one for any JSON object; None for what is none."""
    if not isinstance(schema, str) or len(schema) > LONGEST_SCHEMA:
        return None
    return Grammar("json_schema", schema) if schema.strip() else Grammar("json_object")


def stops_of(texts: object) -> tuple[str, ...]:
    """Those that can be stop texts, each once."""
    kept: list[str] = []
    for text in texts if isinstance(texts, (list, tuple)) else ():
        if isinstance(text, str) and 0 < len(text) <= LONGEST_STOP and text not in kept:
            kept.append(text)
    return tuple(kept[:MOST_STOPS])


def presets_to_text(presets: Mapping[str, str]) -> str:
    """A file of presets."""
    named = {name: json.loads(text or "{}") for name, text in presets.items()}
    return json.dumps({"format": FORMAT, "version": 1, "presets": named}, indent=2, ensure_ascii=False) + "\n"


def presets_from_text(text: str) -> dict[str, str]:
    """The presets in a file, by name. Raises ValueError where it holds none."""
    raw = json.loads(text)
    presets = raw.get("presets") if isinstance(raw, dict) and raw.get("format") == FORMAT else None
    if not isinstance(presets, dict):
        raise ValueError("it holds no presets")
    return {str(name)[:60]: to_text(from_text(json.dumps(own))) for name, own in presets.items() if str(name).strip()}
