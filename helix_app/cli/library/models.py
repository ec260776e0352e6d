"""``models list | search | pull | add | remove | path | verify | forget``: models, on the command line.

Results go to standard output; progress and errors go to standard error. Exit codes: 0 done, 1 a failure
that is explained, 2 wrong usage or an unknown id.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from tqdm import tqdm

from helix_app.base import messages
from helix_app.base.errors import HelixError, InputError
from helix_app.cli.common import ctrl_c_cancels, put, say
from helix_app.cli.library import changes as library
from helix_app.hub import store
from helix_app.hub.catalog import Catalog
from helix_app.hub.download import download
from helix_app.hub.learned import forget
from helix_app.hub.registry import known_catalog
from helix_app.hub.transfer.failures import Cancelled, format_bytes
from helix_app.protocol.models.hub import DownloadDone, DownloadProgress

_STAGES = {"connect": "Connecting", "download": "Downloading", "verify": "Verifying", "unpack": "Unpacking"}


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the ``models`` subcommand; its parsed arguments go to ``run``."""
    parser = subparsers.add_parser("models", help="list, download and verify models")
    commands = parser.add_subparsers(dest="models_command", required=True, metavar="COMMAND")
    listing = commands.add_parser("list", help="the models Helix knows and which are on this computer")
    listing.add_argument("--json", action="store_true", help="machine-readable output")
    listing.add_argument("--library", action="store_true", help="all that is on this computer, of other programs too")
    pull = commands.add_parser("pull", help="download a model; continues a download that broke off")
    pull.add_argument("id", help="id of the model, or a file of the hub: OWNER/NAME:QUANTISATION or OWNER/NAME/FILE")
    library.add_parsers(commands)
    for command, text in (
        ("path", "print where a model's file is"),
        ("verify", "check a model's file against its checksum"),
    ):
        commands.add_parser(command, help=text).add_argument("id", help="id of the model, see `models list`")
    commands.add_parser("forget", help="wipe what was learnt from replies on this computer")


def run(args: argparse.Namespace, *, catalog: Catalog | None = None) -> int:
    """Run the subcommand and return the exit code. Expected failures are one sentence on standard error."""
    try:
        if args.models_command == "forget":
            tables = forget()
            told = messages.fill("Forgot what was learnt ({n:table|tables}).", n=tables)
            say(told if tables else "Nothing was learnt.")
            return 0
        catalog = catalog or known_catalog()
        if args.models_command in library.COMMANDS:
            return library.run(args, catalog)
        if args.models_command == "list":
            return (library.show_library if args.library else _list)(catalog, as_json=args.json)
        if args.models_command == "pull" and library.is_hub_file(args.id):
            return _pull_from_hub(args.id)
        entry = library.entry_of(args.id, args.models_command, catalog)
        if args.models_command == "path":
            put(f"{store.path_of(entry)}\n")
            return 0
        with ctrl_c_cancels() as cancel:
            if args.models_command == "pull":
                path = _show(download(entry, cancel))
                say(f"{entry.name} is ready: {path}")
            else:
                path = _show(store.verify(entry, cancel))
                say(f"{entry.name} is whole: {path}")
        return 0
    except HelixError as exc:
        say(messages.error_text(exc.code, exc.fields))
        if args.models_command in library.COMMANDS:
            return exc.exit_code
        return 2 if isinstance(exc, InputError) else 1


def _pull_from_hub(name: str) -> int:
    with ctrl_c_cancels() as cancel:
        try:
            entry = library.hub_entry(name, cancel)
        except Cancelled:
            raise HelixError("download_cancelled", name=name) from None
        path = _show(download(entry, cancel))
    say(f"{entry.name} is ready: {path}")
    say(f"Load it as {entry.id}.")
    return 0


def _list(catalog: Catalog, *, as_json: bool) -> int:
    items = store.catalog_items(catalog=catalog)
    if as_json:
        rows: list[dict[str, Any]] = [{**asdict(item), "downloaded": bool(item.path)} for item in items]
        put(json.dumps(rows, indent=2, ensure_ascii=False) + "\n")
        return 0
    width = max(len(item.id) for item in items)
    for item in items:
        state = "on this computer" if item.path else "not downloaded"
        put(f"{item.id:<{width}}  {format_bytes(item.size_bytes):>9}  {state:<16}  {item.licence}\n")
        put(f"{'':<{width}}  {item.summary}\n")
    return 0


def _show(updates: Iterator[DownloadProgress | DownloadDone]) -> str:
    """Draw a bar for each stage; the path of the model."""
    bar: Any = None
    stage = ""
    path = ""
    try:
        for update in updates:
            if isinstance(update, DownloadDone):
                path = update.path
                continue
            if update.stage != stage:
                if bar is not None:
                    bar.close()
                bar, stage = _bar(update), update.stage
            bar.n = update.done_bytes
            bar.total = update.total_bytes or None
            bar.update(0)  # draws, if it is time to
    finally:
        if bar is not None:
            bar.close()  # draws the last state
    return path


def _bar(update: DownloadProgress) -> Any:
    live = sys.stderr is not None and sys.stderr.isatty()
    return tqdm(
        desc=_STAGES[update.stage],
        total=update.total_bytes or None,
        initial=update.done_bytes,
        unit="B",
        unit_scale=True,
        file=sys.stderr,
        mininterval=0.1 if live else 5.0,
        disable=sys.stderr is None or update.stage == "connect",
    )
