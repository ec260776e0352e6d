"""``generate``: one reply on the command line, as text or as one JSON object."""

from __future__ import annotations

import argparse
import json
import threading
from collections.abc import Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING

from helix_app.base import messages
from helix_app.base.errors import HelixError, InputError
from helix_app.base.message_texts.certificate import certificate_text
from helix_app.base.settings import Settings
from helix_app.cli import batch, remote
from helix_app.cli.common import CONTEXT_HELP, add_models, check_output, ctrl_c_cancels, put, say
from helix_app.cli.replies import context_full, load_events, reply_events, result, summary
from helix_app.cli.requests import load_request_of, read_grammar, read_prompt, request_of
from helix_app.engine.machine import torch_import
from helix_app.protocol.events import EngineClient, Event, Finished
from helix_app.protocol.requests import GenerateRequest

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
    add_models(parser, _DEFAULTS.target)
    add("--mode", default="speculative", help="speculative, or autoregressive: plain decoding, which drafts nothing")
    add("--k", default="auto", metavar="POLICY", help="tokens drafted a round: auto, additive or fixed:N")
    add("--verify", default="auto", help="rejection, or coupled: the same text for the same seed, drafted or not")
    add("--certify", action="store_true", help="show that speculation did not change the reply")
    add("--device", default="auto", help="auto, directml, cuda, cpu, or an adapter: directml:1")
    add("--dtype", default="auto", help="number format: auto, packed, float32, bfloat16, float16 or int4")
    add("--context", type=int, default=None, metavar="N", help="tokens of prompt and reply together; " + CONTEXT_HELP)
    add("--max-tokens", type=int, default=256, metavar="N", help="longest reply (default: %(default)s)")
    add("--temperature", type=float, default=_DEFAULTS.temperature, metavar="T", help="0 always takes the likeliest")
    add("--top-p", type=float, default=_DEFAULTS.top_p, metavar="P", help="1 keeps all (default: %(default)s)")
    add("--top-k", type=int, default=_DEFAULTS.top_k, metavar="K", help="0 keeps all (default: %(default)s)")
    add("--min-p", type=float, default=_DEFAULTS.min_p, metavar="P", help="0 keeps all (default: %(default)s)")
    add("--repetition-penalty", type=float, default=_DEFAULTS.repetition_penalty, metavar="R", help="1 is off")
    add("--presence-penalty", type=float, default=0.0, metavar="P", help="against tokens that the reply has; 0 is off")
    add("--frequency-penalty", type=float, default=0.0, metavar="F", help="the same, as often as it has them; 0 is off")
    add("--seed", type=int, default=None, metavar="N", help="fix the random numbers")
    add("--system", default="", metavar="TEXT", help="system prompt")
    add("--stop", action="append", default=[], metavar="TEXT", help="end the reply before this text; may be repeated")
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json-schema", metavar="FILE", help="the reply is JSON by this schema")
    form.add_argument("--regex", metavar="REGEX", help="the reply matches this regular expression")
    parser.set_defaults(grammar=None)  # made of these when the command runs
    add("--raw", action="store_true", help="continue the prompt as it stands, without a chat template")
    add("--json", action="store_true", help="print one JSON object")
    remote.add_options(parser)


def run(args: argparse.Namespace, *, engine: EngineClient | None = None) -> int:
    """Run the subcommand and return the exit code. Expected failures are one sentence on standard error."""
    try:
        check_output()
        args.grammar = read_grammar(args)
        if args.remote:
            remote.load_of(args)  # refused before anything is read
        elif engine is None:
            torch_import.prepare()
        if args.batch is not None:
            return batch.run(args, engine=engine)
        prompt = read_prompt(args)
        # a model that is not there is told before anything heavy is imported
        load = remote.load_of(args) if args.remote else load_request_of(args)
        request = request_of(args, prompt)
        if args.certify and args.mode == "autoregressive":
            raise InputError("option_invalid", option="mode", value=args.mode, hint="--certify compares both modes.")
        with ctrl_c_cancels() as cancel:
            if engine is None:
                engine = remote.client_of(args) if args.remote else engine_here()
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
            say(certificate_text(asdict(certificate)))
    refuted = certificate is not None and certificate.holds is False
    return 1 if refuted or finished.reason == "cancelled" else 0


def engine_here() -> EngineClient:
    """An engine in this process, whose imports are over."""
    from helix_app.engine.engine import Engine

    engine = Engine()
    torch_import.settle()
    return engine


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
