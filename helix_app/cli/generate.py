"""``generate``: one reply on the command line, as text or as one JSON object."""

from __future__ import annotations

import argparse
import json
import sys
import threading
from collections.abc import Iterator
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

from helix_app.base import messages
from helix_app.base.errors import HelixError, InputError
from helix_app.base.settings import Settings
from helix_app.base.texts import whole
from helix_app.cli import batch
from helix_app.cli.common import CONTEXT_HELP, check_output, ctrl_c_cancels, may_learn, put, read_input, say
from helix_app.protocol.events import EngineClient, Event, Failed, Finished, Notice, TextDelta
from helix_app.protocol.loading import LoadProgress, ModelReady, Unloaded
from helix_app.protocol.requests import ChatMessage, GenerateRequest, LoadChoice, LoadRequest, SamplingParams

if TYPE_CHECKING:
    from helix_app.engine.rounds.certify import Certificate

_DEFAULTS = Settings()
_BATCH = (
    "many prompts: one a line, or JSON lines; - reads standard input. Prints JSON lines; a line that cannot be used "
    "gets one with error and error_code, the others are written, and the exit code is 1"
)


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the ``generate`` subcommand; its parsed arguments go to ``run``."""
    parser = subparsers.add_parser("generate", help="write one reply", description="Write one reply to a prompt.")
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--prompt", metavar="TEXT", help="the prompt; - reads it from standard input")
    what.add_argument("--batch", metavar="FILE", help=_BATCH)
    add = parser.add_argument
    add("--target", default=_DEFAULTS.target, metavar="ID|PATH", help="target model (default: %(default)s)")
    add("--draft", default="auto", metavar="DRAFT", help="auto, none, ngram, self-int4, self-int8, or a draft model")
    add("--mode", default="speculative", help="speculative, or autoregressive: plain decoding, which drafts nothing")
    add("--k", default="auto", metavar="POLICY", help="tokens drafted a round: auto, additive or fixed:N")
    add("--verify", default="auto", help="rejection, or coupled: the same text for the same seed, drafted or not")
    add("--certify", action="store_true", help="show that speculation did not change the reply")
    add("--device", default="auto", help="auto, directml, cuda, cpu, or an adapter: directml:1")
    add("--dtype", default="auto", help="number format: auto, float32, bfloat16, float16 or int4")
    add("--context", type=int, default=None, metavar="N", help="tokens of prompt and reply together; " + CONTEXT_HELP)
    add("--max-tokens", type=int, default=256, metavar="N", help="longest reply (default: %(default)s)")
    add("--temperature", type=float, default=_DEFAULTS.temperature, metavar="T", help="0 always takes the likeliest")
    add("--top-p", type=float, default=_DEFAULTS.top_p, metavar="P", help="1 keeps all (default: %(default)s)")
    add("--top-k", type=int, default=_DEFAULTS.top_k, metavar="K", help="0 keeps all (default: %(default)s)")
    add("--min-p", type=float, default=_DEFAULTS.min_p, metavar="P", help="0 keeps all (default: %(default)s)")
    add("--repetition-penalty", type=float, default=_DEFAULTS.repetition_penalty, metavar="R", help="1 is off")
    add("--seed", type=int, default=None, metavar="N", help="fix the random numbers")
    add("--system", default="", metavar="TEXT", help="system prompt")
    add("--stop", action="append", default=[], metavar="TEXT", help="end the reply before this text; may be repeated")
    add("--raw", action="store_true", help="continue the prompt as it stands, without a chat template")
    add("--json", action="store_true", help="print one JSON object")


def run(args: argparse.Namespace, *, engine: EngineClient | None = None) -> int:
    """Run the subcommand and return the exit code. Expected failures are one sentence on standard error."""
    try:
        check_output()
        if args.batch is not None:
            return batch.run(args, engine=engine)
        request = request_of(args, read_prompt(args))
        if args.certify and args.mode == "autoregressive":
            raise InputError("option_invalid", option="mode", value=args.mode, hint="--certify compares both modes.")
        load = load_request_of(args)
        with ctrl_c_cancels() as cancel:
            if engine is None:
                from helix_app.engine.engine import Engine

                engine = Engine()
            ready = load_events(engine.stream(load, cancel))
            certificate = None
            if args.certify:
                finished, certificate = _certified(engine, request, cancel, show=not args.json)
            else:
                finished, moved = reply_events(engine.stream(request, cancel), show=not args.json)
                ready = moved or ready
    except HelixError as exc:
        say(messages.error_text(exc.code, exc.fields))
        return exc.exit_code
    if finished.reason == "context_full":
        say(context_full(ready))
    if args.json:
        told = result(request, ready, finished)
        if certificate is not None:
            told["certificate"] = asdict(certificate)
        put(json.dumps(told, ensure_ascii=False) + "\n")
    else:
        say(summary(finished))
        if certificate is not None:
            say(messages.certificate_text(asdict(certificate)))
    refuted = certificate is not None and certificate.holds is False
    return 1 if refuted or finished.reason == "cancelled" else 0


def result(request: GenerateRequest, ready: ModelReady, finished: Finished) -> dict[str, Any]:
    """The JSON object: the reply, every figure of RunMetrics, and what it ran on."""
    from helix_app.engine.rounds.session import is_coupled

    return {
        "generated_text": finished.text,
        "token_ids": list(finished.token_ids),
        **asdict(finished.metrics),
        "finish_reason": finished.reason,
        "target": ready.target_name,
        "device": ready.device,
        "device_name": ready.device_name,
        "dtype": ready.dtype,
        "draft": (ready.draft_name if ready.draft == "model" else ready.draft)
        if request.mode == "speculative"
        else "none",
        "mode": request.mode,
        "k": request.k,
        "verify": "coupled" if is_coupled(request) else "rejection",
    }


def summary(finished: Finished) -> str:
    """One line of figures."""
    m = finished.metrics
    parts = [messages.fill("{n:token|tokens} in {t} s", n=m.tokens_generated, t=f"{m.time_seconds:.1f}")]
    if m.decode_tokens_per_second is not None:
        parts.append(f"{m.decode_tokens_per_second:.1f} tok/s")
    if m.time_to_first_token is not None:
        parts.append(f"TTFT {m.time_to_first_token:.2f} s")
    if m.acceptance_rate is not None:
        parts.append(f"acceptance rate {m.acceptance_rate:.0%}")
    if m.mean_accepted_length is not None and m.drafted_tokens:
        parts.append(f"{m.mean_accepted_length:.2f} tokens per pass")
    parts.append(messages.finish_reason_text(finished.reason))
    return " · ".join(parts)


def context_full(ready: ModelReady) -> str:
    """Why a reply ended with a full context, and what to do about it."""
    limit = ready.context_limit
    why = messages.context_full_text(limit, ready.context_length, ready.model_context)
    return f"{why} {messages.CONTEXT_STEPS.get(limit, messages.CONTEXT_STEPS['model'])}"


def load_request_of(args: argparse.Namespace) -> LoadRequest:
    """The load that options ask for.

    Raises:
        HelixError: a model that is not there, or a context that makes no sense.
    """
    from helix_app.engine.loading.context import check_context
    from helix_app.hub.resolve import to_load_request

    if args.context is not None:
        check_context(args.context)
    learn = may_learn()
    choice = LoadChoice(args.target, args.draft, args.device, args.dtype, context_length=args.context, learn=learn)
    return replace(to_load_request(choice), context_required=args.context is not None)


def read_prompt(args: argparse.Namespace) -> str:
    """The prompt, from standard input where it is ``-``. Raises InputError when it is empty."""
    prompt: str = read_input("prompt_unreadable", "-") if args.prompt == "-" else args.prompt
    if not prompt.strip():
        raise InputError("prompt_empty")
    return prompt


def request_of(args: argparse.Namespace, prompt: str, request_id: str = "cli", **changes: Any) -> GenerateRequest:
    """The request that options and a prompt make; ``changes`` are options of this prompt alone.

    Raises:
        InputError: options that make no sense.
    """
    options = argparse.Namespace(**{**vars(args), **changes})
    prompt, told = whole(prompt), whole(options.system)
    system = (ChatMessage("system", told),) if told else ()
    if options.raw and system:
        raise InputError("option_invalid", option="system", value="used with --raw", hint="Leave one of them out.")
    from helix_app.engine.rounds.session import check_request  # wrong options are refused before the model is loaded

    request = GenerateRequest(
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
        ),
        stop=tuple(whole(text) for text in options.stop),
    )
    check_request(request)
    return request


def load_events(events: Iterator[Event]) -> ModelReady:
    """Show how loading goes; the model it ends with. Raises the failure it ends with instead."""
    live = sys.stderr is not None and sys.stderr.isatty()
    for event in events:
        if isinstance(event, LoadProgress) and live:
            percent = "" if event.fraction is None else f" {event.fraction:.0%}"
            sys.stderr.write(f"\r\x1b[K{messages.stage_text(event.stage)}{percent}")
            sys.stderr.flush()
        elif isinstance(event, Notice):
            say(("\r\x1b[K" if live else "") + messages.notice_text(event.code, event.fields))
        elif isinstance(event, Failed):
            if live:
                sys.stderr.write("\r\x1b[K")
            raise as_error(event)
        elif isinstance(event, Unloaded):  # Ctrl-C
            raise HelixError("load_cancelled")
        elif isinstance(event, ModelReady):
            if live:
                sys.stderr.write("\r\x1b[K")
            return event
    raise HelixError("no_model_loaded")


def reply_events(events: Iterator[Event], *, show: bool) -> tuple[Finished, ModelReady | None]:
    """The result of a reply, and what it ran on in the end if that changed on the way."""
    begun, ready = False, None
    for event in events:
        if isinstance(event, TextDelta) and show:
            begun = True
            put(event.text)
        elif isinstance(event, Notice):
            say(messages.notice_text(event.code, event.fields))
        elif isinstance(event, ModelReady):
            ready = event
        elif isinstance(event, Failed):
            if begun:  # end the line of a partial reply
                put("\n")
            raise as_error(event)
        elif isinstance(event, Finished):
            if show:
                put("\n")
            return event, ready
    raise HelixError("engine_died")


def _certified(
    engine: EngineClient, request: GenerateRequest, cancel: threading.Event, *, show: bool
) -> tuple[Finished, Certificate | None]:
    from helix_app.engine.engine import Certified, Engine

    assert isinstance(engine, Engine)
    certified: list[Certified] = []

    def events() -> Iterator[Event]:
        for item in engine.certify(request, cancel):
            if isinstance(item, Certified):
                certified.append(item)
            else:
                yield item

    stream = events()
    finished, _ = reply_events(stream, show=show)
    for _ in stream:  # the second reply and the comparison
        pass
    return finished, certified[0].certificate if certified else None


_INPUT_CODES = ("bad_input", "prompt_", "option_", "no_chat_template", "template_", "model_", "tokenizer_", "draft_")


def as_error(event: Failed) -> HelixError:
    """A failure event as the exception it was, with its exit code."""
    error = HelixError(event.code, detail=event.detail, **dict(event.fields))
    error.exit_code = 2 if event.code.startswith(_INPUT_CODES) else 1
    return error
