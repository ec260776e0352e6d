"""``bench``: measure speculation against plain decoding, write reports, compare two runs."""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import threading
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from helix_app.base import messages, texts
from helix_app.base.errors import HelixError, InputError
from helix_app.bench.config import LLAMACPP, PEERS, BenchConfig, BenchProgress, is_address
from helix_app.cli import remote
from helix_app.cli.common import CONTEXT_HELP, add_models, check_output, ctrl_c_cancels, put, say

if TYPE_CHECKING:
    from helix_app.bench.records import BenchResult

_DEFAULTS = BenchConfig()
_EXPERIMENTS = (
    "batch",
    "prefix",
    "paging",
    "guard",
    "drafts",
    "context",
    "kernels",
    "window",
    "fresh",
    "serve",
    "start",
)
_PROMPTED = ("guard", "drafts", "window", "fresh", "serve")  # sub-benchmarks that take a file of prompts
_DRAFTS = {"context": "none", "kernels": "none"}  # of sub-benchmarks that run no draft


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the ``bench`` subcommand; its parsed arguments go to ``run``."""
    parser = subparsers.add_parser(
        "bench",
        help="measure speculative against plain decoding",
        description="Measure Helix against plain decoding, and against other programs, on the same weights. "
        "With a name it measures one thing: batch (many replies at once), prefix (a chat's next turn), "
        "paging (cost and saving of the paged cache), guard (does speculation ever lose?), drafts (what each gains), "
        "context (a step against its context), kernels (where a step goes, and the machine's limits), "
        "window (what the window costs, and its frame times), "
        "fresh (is the first reply of a program ever slower with drafts?), "
        "serve (what clients of the local API see), "
        "start (from a command to its first token, part by part, and its memory).",
    )
    add = parser.add_argument
    add("what", nargs="?", default="", metavar="NAME", help="one of: " + ", ".join(_EXPERIMENTS))
    add_models(parser, _DEFAULTS.target)
    add("--k", default="auto", metavar="POLICY", help="tokens drafted a round: auto, additive or fixed:N")
    add("--prompts", default="", metavar="FILE", help='prompts to use: one a line, or JSON lines {"kind", "prompt"}')
    add("--kinds", default="", metavar="A,B", help="kinds of prompts (default: all); bench drafts also has schema")
    add("--per-kind", type=int, default=_DEFAULTS.prompts_per_kind, metavar="N", help="built-in prompts of each kind")
    add("--context", type=int, default=None, metavar="N", help="tokens of prompt and reply together; " + CONTEXT_HELP)
    add(
        "--max-tokens", type=int, default=_DEFAULTS.max_tokens, metavar="N", help="longest reply (default: %(default)s)"
    )
    add("--repeats", type=int, default=_DEFAULTS.repeats, metavar="N", help="measured rounds (default: %(default)s)")
    add("--temperature", type=float, default=_DEFAULTS.temperature, metavar="T", help="0 is greedy (default)")
    add("--seed", type=int, default=_DEFAULTS.seed, metavar="N", help="of order, sampling and intervals")
    add("--device", default="auto", help="auto, directml, cuda, cpu, or an adapter: directml:1")
    add("--dtype", default="auto", help="number format: auto, packed, float32, bfloat16, float16 or int4")
    add(
        "--peer",
        action="append",
        default=[],
        metavar="NAME",
        help=f"also measure {', '.join(PEERS)} or {LLAMACPP}; may be repeated",
    )
    add("--peer-path", default="", metavar="PATH|URL", help=f"for {LLAMACPP}: its llama-server, or where one answers")
    add("--json", default="", metavar="OUT", help="write every figure to this file")
    add("--html", default="", metavar="OUT", help="write a report with plots to this file")
    add("--csv", default="", metavar="OUT", help="write one row a reply to this file")
    add(
        "--compare",
        nargs=2,
        default=None,
        metavar=("A", "B"),
        help="compare two files written with --json; runs nothing",
    )
    add("--quiet", action="store_true", help="no progress bar")
    remote.add_options(parser)


def run(args: argparse.Namespace) -> int:
    """Run the subcommand and return the exit code. Expected failures are one sentence on standard error."""
    try:
        _check_kinds(args)
        if args.what in _EXPERIMENTS and args.compare is None and not args.remote:
            return _experiment(args)
        if args.what and (not args.remote or args.what not in _EXPERIMENTS):
            hint = "See `python -m helix_app bench --help`."
            raise InputError("option_invalid", option="bench", value=args.what, hint=hint)
        if args.remote and args.compare is None:
            return _remote(args)
        if args.compare is not None:
            return _compare(args.compare[0], args.compare[1], (args.json, args.html, args.csv))
        config = config_of(args)
        config.check()
        _check_program(config.peer_path)
        _check_outputs((args.json, args.html, args.csv), config.prompts_file)
        with ctrl_c_cancels() as cancel:
            result = _measure(config, cancel, quiet=args.quiet)
        _write(result, args)
    except HelixError as exc:
        say(messages.error_text(exc.code, exc.fields))
        return exc.exit_code
    return 0 if result.complete else 1


def config_of(args: argparse.Namespace) -> BenchConfig:
    """The config that the arguments ask for."""
    return BenchConfig(
        target=args.target,
        draft=args.draft,
        k=args.k,
        device=args.device,
        dtype=args.dtype,
        kinds=tuple(dict.fromkeys(kind.strip() for kind in args.kinds.split(",") if kind.strip())),
        prompts_per_kind=args.per_kind,
        prompts_file=args.prompts,
        context=args.context,
        max_tokens=args.max_tokens,
        repeats=args.repeats,
        temperature=args.temperature,
        seed=args.seed,
        peers=tuple(dict.fromkeys(args.peer)),
        peer_path=args.peer_path,
    )


def _check_kinds(args: argparse.Namespace) -> None:
    """Raise InputError for the kind of prompts that one sub-benchmark alone knows what to do with."""
    if "schema" in config_of(args).kinds and not args.prompts and args.what != "drafts":
        hint = "Its replies keep to a schema, and bench drafts measures what that brings."
        raise InputError("option_invalid", option="kinds", value="schema", hint=hint)


def _experiment(args: argparse.Namespace) -> int:
    """Run one of the sub-benchmarks: a table on standard output, every figure in the file of ``--json``."""
    for option in ("html", "csv", "prompts", "peer"):
        if getattr(args, option) and not (option == "prompts" and args.what in _PROMPTED):
            hint = f"bench {args.what} prints a table; --json writes every figure."
            if option == "prompts":
                hint = f"bench {args.what} has prompts of its own; {', '.join(_PROMPTED)} take others."
            raise InputError("option_invalid", option=option, value=f"used with bench {args.what}", hint=hint)
    config = config_of(args)
    config.check()
    _check_outputs((args.json, "", ""), config.prompts_file)
    from helix_app.bench.experiments import batch, context, drafts, experiment, guard, kernels, paging, prefix
    from helix_app.bench.experiments.programs import fresh, serve, start, window

    if args.prompts:
        config.chosen_prompts()  # a file that cannot be used is refused before a model is loaded
    on_progress, live = _progress(args)
    room = {"batch": batch.CACHE_TOKENS, "paging": 16 * 1024}.get(args.what)
    config = replace(config, draft=config.target if args.what == "guard" else _DRAFTS.get(args.what, config.draft))
    modules = {
        "batch": batch,
        "prefix": prefix,
        "paging": paging,
        "guard": guard,
        "drafts": drafts,
        "context": context,
        "kernels": kernels,
    }
    programs = {"window": window, "fresh": fresh, "serve": serve, "start": start}
    ready = None
    with ctrl_c_cancels() as cancel:
        if args.what in programs:
            found = programs[args.what].run(config, on_progress, cancel)
        else:
            bench = experiment.open_bench(config, on_progress, cancel, cache_tokens=room)
            ready = bench.ready
            found = modules[args.what].run(bench)
            found.notes += bench.notices
    if live:
        sys.stderr.write("\r\x1b[K")
    command = config.command(args.what)
    found.notes.append(f"Run again: {command}")
    if args.json:
        try:
            Path(args.json).write_text(experiment.document(found, config, ready, command), encoding="utf-8")
        except OSError as exc:
            raise _unwritten(HelixError, args.json, exc) from exc
    _show(experiment.text(found))
    return 1 if cancel.is_set() else 0


def _remote(args: argparse.Namespace) -> int:
    """Measure a server from here."""
    if args.what:
        hint = "--remote measures the server's replies; leave the name out."
        raise InputError("option_invalid", option="remote", value=f"used with bench {args.what}", hint=hint)
    load, config = remote.load_of(args), config_of(args)
    config.check()
    config.chosen_prompts()
    _check_outputs((args.json, "", ""), config.prompts_file)
    from helix_app.bench.experiments import experiment, remote as measured

    show, live = _progress(args)
    with ctrl_c_cancels() as cancel:
        found, ready = measured.run(config, remote.client_of(args), load, show, cancel)
    if live:
        sys.stderr.write("\r\x1b[K")
    if args.json:
        try:
            document = experiment.document(found, config, ready, f"python -m helix_app bench --remote {load.target}")
            Path(args.json).write_text(document, encoding="utf-8")
        except OSError as exc:
            raise _unwritten(HelixError, args.json, exc) from exc
    _show(experiment.text(found))
    return 1 if cancel.is_set() else 0


def _progress(args: argparse.Namespace) -> tuple[Callable[[str], None], bool]:
    """What shows how far it is, and whether it shows anything."""
    live = sys.stderr is not None and sys.stderr.isatty() and not args.quiet

    def on_progress(text: str) -> None:
        if live:
            sys.stderr.write(f"\r\x1b[K{text}")
            sys.stderr.flush()

    return on_progress, live


def _measure(config: BenchConfig, cancel: threading.Event, *, quiet: bool) -> BenchResult:
    from tqdm import tqdm

    from helix_app.bench.runner import run_benchmark

    live = sys.stderr is not None and sys.stderr.isatty()
    bar: Any = None  # made by the first step: what is refused before it is one line alone

    def show(progress: BenchProgress) -> None:
        nonlocal bar
        if bar is None:
            bar = tqdm(
                total=None,
                disable=quiet or sys.stderr is None,
                file=sys.stderr,
                unit="reply",
                mininterval=0.2 if live else 15.0,
                dynamic_ncols=True,
                bar_format="{desc} {percentage:3.0f}%|{bar}| {n_fmt}/{total_fmt} [{elapsed}<{remaining}]",
            )
        if progress.stage == "measure":
            bar.total = progress.total
            bar.set_description_str(f"{progress.kind} {progress.arm}", refresh=False)
            bar.update(progress.done - bar.n)
        else:
            text = messages.stage_text(progress.detail if progress.stage == "load" else f"bench_{progress.stage}")
            bar.set_description_str(f"{text} {progress.arm}".rstrip(), refresh=live)
            if progress.stage == "warm_up":
                bar.unpause()

    try:
        return run_benchmark(config, show, cancel)
    except HelixError:
        if bar is not None:
            bar.leave = False
        raise
    finally:
        if bar is not None:
            bar.close()


def _show(report: str) -> None:
    """Print a report; without standard output it is in the files that were asked for."""
    if sys.stdout is not None:
        put(report)


def _check_program(path: str) -> None:
    """Refuse a program that is not there before an hour has gone into the rest."""
    if not path or is_address(path) or shutil.which(path) or (os.name == "nt" and shutil.which(f"{path}.exe")):
        return
    there = "This file is no program that can be started." if Path(path).exists() else "There is no such program."
    hint = f"{there} Give the path of llama-server, or the address of one that runs."
    raise InputError("option_invalid", option="peer-path", value=path, hint=hint)


def _check_outputs(paths: Sequence[str], prompts_file: str) -> None:
    """Refuse an output that cannot be written before an hour has gone into it."""
    if not any(paths):
        check_output()
    taken = {Path(prompts_file).absolute()} if prompts_file else set()
    for given in filter(None, paths):
        path = Path(given)
        if given == "-":
            hint = "Name a file: standard output has the table."
            raise InputError("option_invalid", option="output", value="-", hint=hint)
        if path.absolute() in taken:
            raise InputError("option_invalid", option="output", value=path, hint="Give every file a name of its own.")
        taken.add(path.absolute())
        try:
            new = not path.exists()
            path.open("ab").close()
            if new:
                path.unlink()
        except (OSError, ValueError) as exc:
            raise _unwritten(InputError, path, exc) from exc


def _unwritten(kind: type[HelixError], path: Path | str, exc: OSError | ValueError) -> HelixError:
    return kind("bench_output", path=path, reason=texts.why(exc), detail=str(exc))


def _write(result: BenchResult, args: argparse.Namespace) -> None:
    from helix_app.bench.figures.summary import summarise
    from helix_app.bench.records import to_json
    from helix_app.bench.reports.csv_report import csv_report
    from helix_app.bench.reports.html_report import html_report
    from helix_app.bench.reports.text_report import text_report

    summary = summarise(result)
    failure: HelixError | None = None
    for path, document in (
        (args.json, lambda: to_json(result, asdict(summary))),
        (args.html, lambda: html_report(result, summary)),
        (args.csv, lambda: csv_report(result)),
    ):
        if path:
            try:
                Path(path).write_text(document(), encoding="utf-8", newline="")
            except OSError as exc:
                failure = failure or _unwritten(HelixError, path, exc)
    _show(text_report(result, summary))  # last: whoever reads it may be gone
    if failure is not None:
        raise failure


def _compare(first: str, second: str, outputs: Sequence[str]) -> int:
    from helix_app.bench.records import read_json
    from helix_app.bench.reports.compare import compare, compare_report

    if any(outputs):
        hint = "It prints its report; leave out --json, --html and --csv."
        raise InputError("option_invalid", option="--compare", value="written to a file", hint=hint)
    put(compare_report(compare(read_json(first), read_json(second))))
    return 0
