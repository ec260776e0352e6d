"""``models search | add | remove``, ``models list --library``, and files of the hub for ``models pull``."""

from __future__ import annotations

import argparse
import json
import os
import re
import threading
import time
from dataclasses import asdict
from typing import Any

from helix_app.base import messages
from helix_app.base.errors import InputError
from helix_app.base.process import paths
from helix_app.base.sizes import size_text
from helix_app.cli.common import ctrl_c_cancels, put, say
from helix_app.hub import registry, store
from helix_app.hub.catalog import Catalog, CatalogEntry
from helix_app.hub.library.programs import PROGRAMS
from helix_app.hub.transfer.failures import Cancelled
from helix_app.protocol.library import FoundFile, FoundModel, LibraryItem

COMMANDS = ("search", "add", "remove")
_REPO = re.compile(r"\w[\w.-]*/\w[\w.-]*(?<!\.gguf)", re.IGNORECASE)  # OWNER/NAME


def add_parsers(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the subcommands of this module to those of ``models``."""
    search = commands.add_parser("search", help="look for GGUF models on the hub, or into one of its repositories")
    search.add_argument("query", help="words of a name; OWNER/NAME lists the files of that repository")
    search.add_argument("--json", action="store_true", help="machine-readable output")
    add = commands.add_parser("add", help="take files and folders of your own into the library, where they are")
    add.add_argument("path", nargs="+", help="a GGUF file, a model folder, or a folder with models in it")
    remove = commands.add_parser("remove", help="delete a downloaded model, or take one of your own off the library")
    remove.add_argument("id", help="id or path of the model, see `models list --library`")


def run(args: argparse.Namespace, catalog: Catalog) -> int:
    """Run one of them; the exit code. Raises HelixError."""
    if args.models_command == "search":
        return _search(args.query.strip(), as_json=args.json)
    if args.models_command == "add":
        from helix_app.hub.library.facts import facts_of
        from helix_app.hub.library.listing import add_models

        for path in add_models(tuple(args.path)):
            put(f"{path}\n")
            problem = facts_of(path).problem
            if problem is not None:
                why = messages.error_text(problem.code, problem.fields)
                say(f"It is in the library now, but it cannot run: {why}")
        return 0
    from helix_app.hub.library.removal import remove

    if not args.id:  # which as a path would be the folder that this is run in
        raise InputError("library_absent", name='""')
    kept = remove(args.id, catalog=catalog)
    say(f"Deleted {args.id}." if kept is None else f"{kept} is off the library; the files stay where they are.")
    return 0


def is_hub_file(name: str) -> bool:
    """Whether a name is OWNER/NAME:QUANTISATION or OWNER/NAME/FILE of the hub."""
    if name.startswith(("/", ".", "~")) or os.path.exists(name):
        return False
    repo, _, wanted = _parts(name)
    return repo.count("/") == 1 and bool(wanted)


def entry_of(name: str, command: str, catalog: Catalog) -> CatalogEntry:
    """The model of an id, or the one whose file or folder is at a path. Raises HelixError with what to do instead."""
    entry = catalog.find(name)
    if entry is not None:
        return entry
    path = paths.expanded(name).absolute()
    if not name or not os.path.exists(path):
        if command == "pull" and _REPO.fullmatch(name):
            raise InputError("models_pull_file", name=name)
        if any(mark in name for mark in (os.sep, os.altsep or os.sep)) or name.lower().endswith(".gguf"):
            raise InputError("model_not_found", path=name)
        raise InputError("models_unknown", name=name or '""', known=", ".join(catalog.ids))
    for entry in catalog:
        if path.resolve() in {place.resolve() for place in store.places(entry)}:
            return entry
    raise InputError(f"models_{command}_own", path=path)


def hub_entry(name: str, cancel: threading.Event) -> CatalogEntry:
    """A file of the hub, noted in the library, as a model of the catalog. Raises HelixError and Cancelled."""
    from helix_app.hub.search import look_into, take_file

    repo, _, wanted = _parts(name)
    model_id = take_file(look_into(repo, cancel), wanted)
    return registry.known_catalog().entry(model_id)


def _parts(name: str) -> tuple[str, str, str]:
    if ":" in name:
        return name.partition(":")
    owner, _, rest = name.partition("/")
    repo, mark, file = rest.partition("/")
    return f"{owner}/{repo}", mark, file


def show_library(catalog: Catalog, *, as_json: bool) -> int:
    """Print all models on this computer; the exit code."""
    from helix_app.hub.library.listing import library

    found = library(catalog=catalog)
    if as_json:
        rows = [{**asdict(item), "runs": item.problem is None} for item in found.items]
        put(json.dumps(rows, indent=2, ensure_ascii=False) + "\n")
        return 0
    if not found.items and not found.unfinished:
        say("There is no model on this computer yet. Download one: `models pull ID`, with an id of `models list`.")
    for item in found.items:
        put(f"{item.name}  {item.path}\n  {_facts(item)}\n")
        if item.problem is not None:
            put(f"  cannot run: {messages.error_text(item.problem.code, item.problem.fields)}\n")
    for left in found.unfinished:
        total = f" of {size_text(left.total_bytes, exact=True)}" if left.total_bytes else ""
        arrived = f"{size_text(left.done_bytes, exact=True)}{total}"
        put(f"{left.name}  {arrived} downloaded; continue with `models pull {left.id}`\n")
    return 0


def _facts(item: LibraryItem) -> str:
    used = "" if item.last_used is None else time.strftime("used %Y-%m-%d", time.localtime(item.last_used))
    where = PROGRAMS.get(item.origin, "")
    parts = (size_text(item.size_bytes, exact=True), item.quantisation, item.architecture, item.licence, where, used)
    return " · ".join(part for part in parts if part)


def _search(query: str, *, as_json: bool) -> int:
    from helix_app.hub.search import found_files, look_into, search_models

    rows: tuple[FoundFile, ...] | tuple[FoundModel, ...]
    with ctrl_c_cancels() as cancel:
        try:
            if query.count("/") == 1 and " " not in query:
                rows = found_files(look_into(query, cancel))
            else:
                rows = search_models(query, cancel)
        except Cancelled:
            say(messages.error_text("interrupted", {}))
            return 1
    if as_json:
        put(json.dumps([asdict(row) for row in rows], indent=2, ensure_ascii=False) + "\n")
        return 0
    if not rows:
        say(f"The hub has no GGUF model called {query}.")
    for row in rows:
        put(_file_line(row) if isinstance(row, FoundFile) else _model_line(row))
    return 0


def _file_line(file: FoundFile) -> str:
    size = size_text(file.size_bytes, exact=True) if file.size_bytes else "size unknown"
    state = "on this computer" if file.here else ""
    parts: tuple[Any, ...] = (f"{file.repo}/{file.file}", size, file.quantisation, state)
    return "  ".join(part for part in parts if part) + "\n"


def _model_line(model: FoundModel) -> str:
    runs = {True: "", False: f"not supported ({model.architecture})", None: ""}[model.runs]
    gated = "gated" if model.gated else ""
    loads = f"{model.downloads:,} downloads"
    return "  ".join(part for part in (model.repo, model.licence, loads, gated, runs) if part) + "\n"
