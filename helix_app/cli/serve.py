"""``serve``: the local API, until Ctrl-C. Needs the extra ``server``."""

from __future__ import annotations

import argparse
import importlib.util
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from helix_app.base import messages
from helix_app.base.errors import HelixError, InputError
from helix_app.base.settings import Settings
from helix_app.cli.common import CONTEXT_HELP, add_models, check_output, ctrl_c_cancels, put, say
from helix_app.cli.replies import load_events
from helix_app.cli.requests import load_request_of
from helix_app.protocol.events import EngineClient, Notice
from helix_app.server.options import DEFAULT_PORT, KEY_VARIABLE, Limits, ServerOptions, cache_tokens, options_from

_DEFAULTS, _LIMITS = Settings(), Limits()
_NEEDED = ("fastapi", "fastapi_offline", "pydantic", "uvicorn", "websockets", "prometheus_client")


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the ``serve`` subcommand; its parsed arguments go to ``run``."""
    text = "answer requests of other programs: OpenAI's and Anthropic's API, and Helix's own"
    parser = subparsers.add_parser("serve", help="answer requests of other programs", description=text)
    add = parser.add_argument
    add_models(parser, _DEFAULTS.target)
    add("--device", default="auto", help="auto, directml, cuda, cpu, or an adapter: directml:1")
    add("--dtype", default="auto", help="number format: auto, packed, float32, bfloat16, float16 or int4")
    add("--context", type=int, default=None, metavar="N", help="tokens of prompt and reply together; " + CONTEXT_HELP)
    add(
        "--cache-tokens",
        type=int,
        default=None,
        metavar="N",
        help="tokens cached for all replies (two contexts)",
    )
    add("--host", default="127.0.0.1", help="address to listen on; any but loopback needs a key (default: %(default)s)")
    add("--port", type=int, default=DEFAULT_PORT, metavar="N", help="0 takes any that is free (default: %(default)s)")
    add(
        "--api-key",
        action="append",
        default=[],
        metavar="KEY",
        help=f"key to ask for, beside {KEY_VARIABLE}",
    )
    add("--cors-origin", action="append", default=[], metavar="URL", help="web page that may use it; may be repeated")
    add("--allow-host", action="append", default=[], metavar="NAME", help="name it may be called by; may be repeated")
    add("--model-name", action="append", default=[], metavar="NAME", help="another name of the model; may be repeated")
    add(
        "--max-running",
        type=int,
        default=_LIMITS.running,
        metavar="N",
        help="replies at once (default: %(default)s)",
    )
    add(
        "--max-waiting",
        type=int,
        default=_LIMITS.waiting,
        metavar="N",
        help="replies queued (default: %(default)s)",
    )
    add("--max-seconds", type=float, default=_LIMITS.seconds, metavar="S", help="of a request (default: %(default)s)")
    add(
        "--max-body",
        type=int,
        default=_LIMITS.body_bytes,
        metavar="BYTES",
        help="of a request (default: %(default)s)",
    )
    add("--ray", action="store_true", help="on a Ray cluster: replicas of the engine behind one address")
    add("--replicas", type=int, default=1, metavar="N", help="with --ray: replicas at least (default: %(default)s)")
    add("--max-replicas", type=int, default=0, metavar="N", help="with --ray: at most, by how many requests wait")
    add("--replica-cpus", type=float, default=1.0, metavar="N", help="with --ray: processors of one (default: 1)")
    add("--replica-gpus", type=float, default=0.0, metavar="N", help="with --ray: graphics cards of one (default: 0)")
    add("--requests-per-minute", type=int, default=0, metavar="N", help="of one key; 0 for no limit (the default)")


def run(args: argparse.Namespace, *, client: EngineClient | None = None) -> int:
    """Serve until Ctrl-C; 0 then.

    Raises:
        HelixError: a package is missing, the address cannot be had, or the model cannot be loaded.
    """
    check_output()
    missing = [name for name in _NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        raise HelixError("server_extra", missing=", ".join(missing))
    options = options_of(args)
    from helix_app.engine.host.parent import HostClient
    from helix_app.hub.resolve import api_name
    from helix_app.server.app import make_app, make_desk
    from helix_app.server.backends.pump import Pump
    from helix_app.server.run import address_of, is_loopback, listen, serve

    if not options.keys and not is_loopback(args.host):
        raise InputError("server_key_needed", host=args.host)
    request = replace(load_request_of(args), cache_tokens=cache_tokens(args.cache_tokens, args.context))
    options = replace(options, model=api_name(args.target))
    if args.ray:
        from helix_app.cli import cluster

        with _stops() as stop:
            return cluster.run(args, request, options, stop)
    bound = listen(args.host, args.port)
    url = address_of(bound)
    pump = Pump(client or HostClient(), on_notice=_say_notice)
    try:
        with _stops() as stop:
            load_events(pump.load(request, stop))
            pump.start()
            desk = make_desk(pump, options)

            def on_ready() -> None:
                say(f"Helix answers at {url} as {desk.options.model}; what there is: {url}/docs. Ctrl-C ends it.")
                put(f"{url}\n")

            serve(make_app(desk), desk, bound, stop, on_ready)
    finally:
        bound.close()
        pump.close()
    say("The server has stopped.")
    return 0


def options_of(args: argparse.Namespace) -> ServerOptions:
    """What options of the command line and the environment say of the server. Raises InputError."""
    return options_from(vars(args))


def _say_notice(notice: Notice) -> None:
    say(messages.notice_text(notice.code, notice.fields))


@contextmanager
def _stops() -> Iterator[threading.Event]:
    """An event that Ctrl-C sets, and whoever asks the process to end."""
    with ctrl_c_cancels() as stop:
        if threading.current_thread() is not threading.main_thread():
            yield stop
            return
        before = signal.signal(signal.SIGTERM, lambda number, frame: stop.set())
        try:
            yield stop
        finally:
            signal.signal(signal.SIGTERM, before)
