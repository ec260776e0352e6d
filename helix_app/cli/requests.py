"""Options of the command line as requests: what to load, and what to write."""

from __future__ import annotations

import argparse
import json
from dataclasses import replace
from typing import Any

from helix_app.base.errors import InputError
from helix_app.base.texts import whole
from helix_app.cli.common import may_learn, read_input
from helix_app.engine.loading.limits import check_context
from helix_app.protocol.requests import ChatMessage, GenerateRequest, Grammar, LoadChoice, LoadRequest, SamplingParams


def load_request_of(args: argparse.Namespace) -> LoadRequest:
    """The load that options ask for.

    Raises:
        HelixError: a model that is not there, or a context that makes no sense.
    """
    from helix_app.hub.registry import note_use
    from helix_app.hub.resolve import to_load_request

    if args.context is not None:
        check_context(args.context)
    learn = may_learn()
    choice = LoadChoice(args.target, args.draft, args.device, args.dtype, context_length=args.context, learn=learn)
    request = to_load_request(choice)
    note_use(request.target)
    return replace(request, context_required=args.context is not None)


def read_prompt(args: argparse.Namespace) -> str:
    """The prompt, from standard input where it is ``-``. Raises InputError when it is empty."""
    prompt: str = read_input("prompt_unreadable", "-") if args.prompt == "-" else args.prompt
    if not prompt.strip():
        raise InputError("prompt_empty")
    return prompt


def read_grammar(args: argparse.Namespace) -> Grammar | None:
    """What the reply must look like, by the options; None for a free one.

    Raises:
        InputError: a schema that cannot be read, or is no JSON.
    """
    if args.regex is not None:
        return Grammar("regex", args.regex)
    if args.json_schema is None:
        return None
    text = read_input("schema_unreadable", args.json_schema)
    try:
        json.loads(text)
    except (ValueError, RecursionError) as exc:
        raise InputError("schema_unreadable", path=args.json_schema, reason=f"it is not JSON: {exc}") from exc
    return Grammar("json_schema", text)


def request_of(args: argparse.Namespace, prompt: str, request_id: str = "cli", **changes: Any) -> GenerateRequest:
    """The request that options and a prompt make; ``changes`` are options of this prompt alone.

    Raises:
        InputError: options that make no sense.
    """
    request = unchecked_request(args, prompt, request_id, **changes)
    from helix_app.engine.rounds.session import check_request  # wrong options are refused before the model is loaded

    check_request(request)
    return request


def unchecked_request(
    args: argparse.Namespace, prompt: str, request_id: str = "cli", **changes: Any
) -> GenerateRequest:
    """The same, for an engine that checks it: no torch is needed. Raises InputError for what would have no effect."""
    options = argparse.Namespace(**{**vars(args), **changes})
    prompt, told = whole(prompt), whole(options.system)
    system = (ChatMessage("system", told),) if told else ()
    if options.raw and system:
        raise InputError("option_invalid", option="system", value="used with --raw", hint="Leave one of them out.")
    if not all(options.stop):
        raise InputError("option_invalid", option="stop", value="empty", hint="Give a text of some characters.")
    return GenerateRequest(
        request_id=request_id,
        messages=() if options.raw else (*system, ChatMessage("user", prompt)),
        prompt=prompt if options.raw else "",
        raw=options.raw,
        mode=options.mode,
        k=options.k,
        verify=options.verify,
        max_tokens=options.max_tokens,
        sampling=SamplingParams(
            temperature=options.temperature,
            top_k=options.top_k,
            top_p=options.top_p,
            min_p=options.min_p,
            repetition_penalty=options.repetition_penalty,
            seed=options.seed,
            presence_penalty=options.presence_penalty,
            frequency_penalty=options.frequency_penalty,
        ),
        grammar=options.grammar,
        stop=tuple(whole(text) for text in options.stop),
    )
