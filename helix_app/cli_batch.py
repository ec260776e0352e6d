"""``generate --batch``: many prompts at once, one JSON object a line as each reply ends."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from helix_app import messages, settings
from helix_app.cli_common import ctrl_c_cancels, say
from helix_app.errors import InputError
from helix_app.events import (
    EngineClient,
    Event,
    Failed,
    Finished,
    GenerateRequest,
    LoadChoice,
    ModelReady,
    Notice,
    RoundDone,
    TextDelta,
)

_MOST_AT_ONCE = 64
_PROMPT_ROOM = 256  # cache tokens a reply gets beside its own length, when the cache is sized
_OPTIONS = {  # what a JSON line may set for itself
    "max_tokens": int,
    "temperature": float,
    "top_p": float,
    "top_k": int,
    "min_p": float,
    "repetition_penalty": float,
    "seed": int,
    "system": str,
    "stop": list,
}


@dataclass(frozen=True)
class Item:
    """One prompt of a batch.

    Attributes:
        number: line in the file, from 1.
        name: its ``id``, empty for none.
        changes: options of its own.
    """

    number: int
    prompt: str
    name: str = ""
    changes: dict[str, Any] = field(default_factory=dict)


def read_batch(path: Path) -> list[Item]:
    """Prompts of a file: one a line, or a JSON object a line with ``prompt`` and options. Empty lines are skipped.

    Raises:
        InputError: a file that cannot be read or used; the line is named.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as exc:
        raise InputError("batch_file", path=path, reason=getattr(exc, "strerror", None) or "it is not UTF-8") from exc
    items = []
    for number, line in enumerate(text.split("\n"), 1):
        line = line.strip()
        if line.startswith("{"):
            items.append(_json_item(path, number, line))
        elif line:
            items.append(Item(number, line))
    if not items:
        raise InputError("batch_file", path=path, reason="it holds no prompt")
    return items


def _json_item(path: Path, number: int, line: str) -> Item:
    def bad(why: str) -> InputError:
        return InputError("batch_line", path=path, line=number, reason=why)

    try:
        value = json.loads(line)
    except ValueError as exc:
        raise bad(f"not valid JSON, {exc}") from exc
    prompt = value.pop("prompt", None)
    if not isinstance(prompt, str) or not prompt.strip():
        raise bad('it needs a "prompt" with some text')
    name = str(value.pop("id", ""))
    for key, given in value.items():
        wanted = _OPTIONS.get(key)
        if wanted is None:
            raise bad(f'"{key}" is no option; known are id, prompt, {", ".join(_OPTIONS)}')
        number_like = wanted is float and isinstance(given, int) and not isinstance(given, bool)
        if not number_like and (not isinstance(given, wanted) or isinstance(given, bool)):
            raise bad(f'"{key}" cannot be {json.dumps(given)}')
    return Item(number, prompt, name, value)


def run(args: argparse.Namespace, *, engine: EngineClient | None = None) -> int:
    """Write all replies; 0 when every one is complete, else 1.

    Raises:
        HelixError: nothing can be written: a bad file, options, or a model that cannot be loaded.
    """
    from helix_app.cli_generate import load_events, request_of

    if args.certify:
        raise InputError("option_invalid", option="certify", value="used with --batch", hint="Give one --prompt.")
    items = read_batch(Path(args.batch))
    requests = []
    for item in items:
        try:
            requests.append(request_of(args, item.prompt, str(item.number), **item.changes))
        except InputError as exc:
            reason = messages.error_text(exc.code, exc.fields)
            raise InputError("batch_line", path=args.batch, line=item.number, reason=reason) from exc
    from helix_app.engine.engine import Engine
    from helix_app.hub.resolve import to_load_request

    load = to_load_request(LoadChoice(args.target, args.draft, args.device, args.dtype, learn=settings.load().learn))
    with ctrl_c_cancels() as cancel:
        engine = engine or Engine()
        assert isinstance(engine, Engine)
        ready = load_events(engine.stream(replace_cache(load, requests), cancel))
        done = _Progress(items, requests, ready)
        try:
            for event in engine.stream_many(requests, cancel, _MOST_AT_ONCE):
                done.on(event)
        finally:
            done.close()
    return done.exit_code


def replace_cache(load: Any, requests: Sequence[GenerateRequest]) -> Any:
    """A load request whose cache has room for these replies at once."""
    from dataclasses import replace

    largest = sorted((r.max_tokens for r in requests), reverse=True)[:_MOST_AT_ONCE]
    return replace(load, cache_tokens=sum(largest) + _PROMPT_ROOM * len(largest))


class _Progress:
    """Prints a line for each reply that ends, and a bar."""

    def __init__(self, items: Sequence[Item], requests: Sequence[GenerateRequest], ready: Any) -> None:
        from tqdm import tqdm

        self._items = {str(item.number): (item, request) for item, request in zip(items, requests)}
        self._ready = ready
        self._tokens = 0
        self.failed = self.cancelled = 0
        live = sys.stderr is not None and sys.stderr.isatty()
        self._bar: Any = tqdm(
            total=len(items),
            disable=sys.stderr is None,
            file=sys.stderr,
            unit="reply",
            mininterval=0.2 if live else 15.0,
            dynamic_ncols=True,
        )

    @property
    def exit_code(self) -> int:
        """0 when every reply is complete."""
        return 1 if self.failed or self.cancelled else 0

    def on(self, event: Event) -> None:
        """Take an event of any reply."""
        if isinstance(event, RoundDone):
            self._tokens += len(event.emitted)
            seconds = self._bar.format_dict["elapsed"]
            if seconds:
                self._bar.set_postfix_str(f"{self._tokens / seconds:.0f} tok/s", refresh=False)
        elif isinstance(event, ModelReady):  # it moved to another device
            self._ready = event
        elif isinstance(event, Notice):
            self._bar.clear()
            say(messages.notice_text(event.code, event.fields))
        elif isinstance(event, Finished):
            self.cancelled += event.reason == "cancelled"
            self._write(event.request_id, event)
        elif isinstance(event, Failed):
            self.failed += 1
            self._write(event.request_id, event)
        if isinstance(event, (RoundDone, TextDelta)):
            self._bar.update(0)

    def _write(self, request_id: str, event: Finished | Failed) -> None:
        from helix_app.cli_generate import result

        item, request = self._items[request_id]
        told: dict[str, Any] = {"line": item.number, **({"id": item.name} if item.name else {}), "prompt": item.prompt}
        if isinstance(event, Finished):
            told |= result(request, self._ready, event)
        else:
            told |= {"error": messages.error_text(event.code, dict(event.fields)), "error_code": event.code}
        self._bar.clear()
        sys.stdout.write(json.dumps(told, ensure_ascii=False) + "\n")
        sys.stdout.flush()
        self._bar.update(1)

    def close(self) -> None:
        """End the bar and say what is missing."""
        self._bar.close()
        if self.failed:
            say(messages.plural(self.failed, "{n} prompt failed.", "{n} prompts failed."))
        if self.cancelled:
            say(messages.plural(self.cancelled, "{n} reply was stopped.", "{n} replies were stopped."))
