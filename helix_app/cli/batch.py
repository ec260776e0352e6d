"""``generate --batch``: many prompts at once, one JSON object a line as each reply ends.

For a line that cannot be used, or a reply that fails, the object has ``error`` (a sentence) and ``error_code``.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from helix_app.base import messages, texts
from helix_app.base.errors import InputError
from helix_app.cli.common import ctrl_c_cancels, put, read_input, say
from helix_app.cli.replies import context_full, load_events, result
from helix_app.cli.requests import load_request_of, request_of
from helix_app.engine.machine import torch_import
from helix_app.protocol.events import EngineClient, Event, Failed, Finished, Notice, RoundDone, TextDelta
from helix_app.protocol.models.loading import ModelReady
from helix_app.protocol.requests import GenerateRequest, LoadRequest

_MAX_AT_ONCE = 64
_PROMPT_ROOM = 256  # cache tokens a reply gets beside its own length, when the cache is sized


def _number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


_OPTIONS: dict[str, Callable[[Any], bool]] = {  # what a JSON line may set for itself, and of which type
    "max_tokens": lambda value: type(value) is int,
    "temperature": _number,
    "top_p": _number,
    "top_k": lambda value: type(value) is int,
    "min_p": _number,
    "repetition_penalty": _number,
    "presence_penalty": _number,
    "frequency_penalty": _number,
    "seed": lambda value: type(value) is int,
    "system": lambda value: isinstance(value, str),
    "stop": lambda value: isinstance(value, list) and all(isinstance(text, str) for text in value),
}


@dataclass(frozen=True)
class Item:
    """One line of a batch.

    Attributes:
        number: line in the file, from 1.
        name: its ``id``, empty for none.
        changes: options of its own.
        wrong: why it cannot be used; None where it can.
    """

    number: int
    prompt: str
    name: str = ""
    changes: dict[str, Any] = field(default_factory=dict)
    wrong: InputError | None = None


def read_batch(path: Path | str) -> list[Item]:
    """Prompts of a file: one a line, or a JSON object a line with ``prompt`` and options. Empty lines are skipped.

    ``-`` is standard input. A line that cannot be used says so itself.

    Raises:
        InputError: a file that cannot be read, or that holds no prompt.
    """
    text = read_input("batch_file", path)
    lines = ((number, line.strip()) for number, line in enumerate(text.split("\n"), 1))
    items = [_item(path, number, line) for number, line in lines if line]
    if not items:
        raise InputError("batch_file", path=path, reason="it holds no prompt")
    return items


def _item(path: Path | str, number: int, line: str) -> Item:
    if not line.startswith("{"):
        return Item(number, line)
    value: dict[str, Any] = {}
    try:
        value = texts.parse_json(line)
        problem = _problem(value)
    except ValueError as exc:
        problem = f"not valid JSON, {exc}"
    prompt, name = value.pop("prompt", ""), str(value.pop("id", ""))
    if problem:
        return Item(number, prompt if isinstance(prompt, str) else "", name, wrong=_bad_line(path, number, problem))
    return Item(number, texts.whole(prompt), texts.whole(name), value)


def _problem(value: dict[str, Any]) -> str:
    """What is wrong with a JSON line; empty for nothing."""
    prompt = value.get("prompt")
    if not isinstance(prompt, str) or not prompt.strip():
        return 'it needs a "prompt" with some text'
    for key, given in value.items():
        if key in ("prompt", "id"):
            continue
        if key not in _OPTIONS:
            return f'"{key}" is no option; known are id, prompt, {", ".join(_OPTIONS)}'
        if not _OPTIONS[key](given):
            return f'"{key}" cannot be {json.dumps(given)}'
    return ""


def _bad_line(path: Path | str, number: int, reason: str) -> InputError:
    return InputError("batch_line", path=path, line=number, reason=reason.rstrip("."))


def run(args: argparse.Namespace, *, engine: EngineClient | None = None) -> int:
    """Write all replies; 0 when every one is complete, else 1.

    Raises:
        HelixError: nothing can be written: a bad file, options, or a model that cannot be loaded.
    """
    if args.certify:
        raise InputError("option_invalid", option="certify", value="used with --batch", hint="Give one --prompt.")
    asked = [_asked(args, item) for item in read_batch(args.batch)]
    requests = [request for _, request in asked if request is not None]
    if not requests:  # nothing to load a model for
        raise asked[0][0].wrong or InputError("prompt_empty")
    from helix_app.engine.engine import Engine

    torch_import.settle()
    load = load_request_of(args)
    with ctrl_c_cancels() as cancel:
        engine = engine or Engine()
        assert isinstance(engine, Engine)
        ready = load_events(engine.stream(replace_cache(load, requests), cancel))
        done = _Progress(asked, ready)
        try:
            for event in engine.stream_many(done.taken(), cancel, _MAX_AT_ONCE):
                done.on(event)
        finally:
            done.close()
    return done.exit_code


def _asked(args: argparse.Namespace, item: Item) -> tuple[Item, GenerateRequest | None]:
    """A line with its request; without one it says why it cannot be used."""
    if item.wrong is not None:
        return item, None
    try:
        return item, request_of(args, item.prompt, str(item.number), **item.changes)
    except InputError as exc:
        reason = messages.error_text(exc.code, exc.fields)
        return replace(item, wrong=_bad_line(args.batch, item.number, reason)), None


def replace_cache(load: LoadRequest, requests: Sequence[GenerateRequest]) -> LoadRequest:
    """A load request whose cache has room for these replies at once."""
    largest = sorted((r.max_tokens for r in requests), reverse=True)[:_MAX_AT_ONCE]
    return replace(load, cache_tokens=sum(largest) + _PROMPT_ROOM * len(largest))


class _Progress:
    """Prints a line for each reply that ends and each line that cannot be used, and a bar."""

    def __init__(self, asked: Sequence[tuple[Item, GenerateRequest | None]], ready: ModelReady) -> None:
        from tqdm import tqdm

        self._asked = asked
        self._running: dict[str, tuple[Item, GenerateRequest]] = {}
        self._texts: dict[str, str] = {}  # of those, as far as they are written
        self._ready = ready
        self._tokens = self._told = 0
        self.failed = self.cancelled = self.full = 0
        live = sys.stderr is not None and sys.stderr.isatty()
        self._bar: Any = tqdm(
            total=len(asked),
            disable=sys.stderr is None,
            file=sys.stderr,
            unit="reply",
            mininterval=0.2 if live else 15.0,
            dynamic_ncols=True,
        )

    @property
    def exit_code(self) -> int:
        """0 when every reply is complete."""
        return 1 if self.failed or self.cancelled or self._told < len(self._asked) else 0

    def taken(self) -> Iterator[GenerateRequest]:
        """The requests one by one, as the engine has room for them; what cannot be used is told in its place."""
        for item, request in self._asked:
            if request is None:
                assert item.wrong is not None
                self.on(item.wrong.as_event(), item)
            else:
                self._running[request.request_id] = item, request
                yield request

    def on(self, event: Event, item: Item | None = None) -> None:
        """Take an event of any reply, or a failure of a line that has none."""
        if isinstance(event, TextDelta):
            self._texts[event.request_id] = self._texts.get(event.request_id, "") + event.text
        elif isinstance(event, RoundDone):
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
            self.full += event.reason == "context_full"
            item, request = self._running.pop(event.request_id)
            self._texts.pop(event.request_id, None)
            self._write(item, result(request, self._ready, event))
        elif isinstance(event, Failed):
            self.failed += 1
            item = item or self._running.pop(event.request_id)[0]
            told = {"error": messages.error_text(event.code, event.fields), "error_code": event.code}
            written = self._texts.pop(event.request_id, "")  # what there is of it is not lost
            self._write(item, {**told, "generated_text": written} if written else told)
        if isinstance(event, (RoundDone, TextDelta)):
            self._bar.update(0)

    def _write(self, item: Item, told: dict[str, Any]) -> None:
        head = {"line": item.number, **({"id": item.name} if item.name else {}), "prompt": item.prompt}
        self._bar.clear()
        put(json.dumps({**head, **told}, ensure_ascii=False) + "\n")
        self._told += 1
        self._bar.update(1)

    def close(self) -> None:
        """End the bar and say what is missing."""
        self._bar.close()
        if self.failed:
            say(messages.plural(self.failed, "{n} prompt failed.", "{n} prompts failed."))
        if self.full:
            say(messages.plural(self.full, "{n} reply ended early.", "{n} replies ended early."))
            say(context_full(self._ready))
        if self.cancelled:
            say(messages.plural(self.cancelled, "{n} reply was stopped.", "{n} replies were stopped."))
        left = len(self._asked) - self._told
        if left:
            say(messages.plural(left, "{n} prompt has no reply.", "{n} prompts have no reply."))
