"""All models on this computer: Helix's own, those that the person added, and those of other programs."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from helix_app.base import texts
from helix_app.base.errors import HelixError, ModelFileError
from helix_app.base.process import paths
from helix_app.hub import access, registry, store
from helix_app.hub.catalog import Catalog, CatalogEntry
from helix_app.hub.library import programs
from helix_app.hub.library.facts import facts_of
from helix_app.modelfiles.part_names import model_name, part_files
from helix_app.protocol.library import LibraryChanged, LibraryItem, Origin, Removal, UnfinishedItem


@dataclass(frozen=True)
class _Place:
    path: Path
    origin: Origin
    removal: Removal
    name: str = ""
    entry: CatalogEntry | None = None


def library(
    *, catalog: Catalog | None = None, root: Path | None = None, home: Path | None = None, read: bool = True
) -> LibraryChanged:
    """The library as it is now. What cannot be read is listed with its reason.

    Args:
        read: open files that are not known yet; without it they are listed at once, with what their names say.
    """
    known = catalog or registry.known_catalog()
    kept = registry.read()
    items: dict[Path, LibraryItem] = {}
    for place in _places(known, kept, root, home):
        real = place.path.resolve()
        if real not in items:
            items[real] = _item(place, kept, read)
    unfinished = []
    for entry in known:
        arrived = store.arrived_bytes(entry, root) if store.find(entry, root) is None else 0
        if arrived:
            unfinished.append(UnfinishedItem(entry.id, entry.name, arrived, entry.total_bytes))
    return LibraryChanged(
        tuple(items.values()), tuple(unfinished), access.endpoint(), access.offline(), registry.trouble()
    )


def _places(known: Catalog, kept: registry.Registry, root: Path | None, home: Path | None) -> Iterator[_Place]:
    for entry in known:
        path = store.find(entry, root)
        if path is not None:
            own = path == store.model_file(entry, root)
            yield _Place(path, "helix", "delete" if own else "", entry.name, entry)
    others = programs.find_all(home)
    foreign = {found.path.resolve() for found in others}
    for path in programs.models_below(root or paths.models_dir()):
        if path.resolve() not in foreign:  # the folder of models may be another program's
            yield _Place(path, "helix", "delete")
    for text in kept.added:
        if os.path.exists(text):
            yield _Place(Path(text), "added", "forget")
    for found in others:
        yield _Place(found.path, found.origin, "", found.name)


def _item(place: _Place, kept: registry.Registry, read: bool) -> LibraryItem:
    path, entry = place.path, place.entry
    facts = facts_of(path, read=read)
    named = place.name or facts.name or (model_name(path) if path.is_file() else path.name)
    return LibraryItem(
        id=entry.id if entry is not None else str(path),
        name=named,
        path=str(path),
        size_bytes=store.size_of(path),
        quantisation=facts.quantisation,
        architecture=facts.architecture or (entry.architecture if entry is not None else ""),
        licence=entry.licence if entry is not None and entry.licence else facts.licence,
        last_used=kept.used.get(str(path)),
        origin=place.origin,
        problem=facts.problem,
        removal=place.removal,
        head=facts.head,
        plain=facts.plain,
    )


def add_models(names: tuple[str, ...]) -> tuple[Path, ...]:
    """Take files and folders into the library, where they are; of a folder that is no model all models in it.

    Returns:
        What is in the library now.

    Raises:
        ModelFileError: ``model_not_found``, or ``library_no_models`` where there is no model. Nothing is added then.
        HelixError: ``library_not_written``.
    """
    found: list[Path] = []
    for name in names:
        path = paths.expanded(name).absolute()
        if not path.exists():
            raise ModelFileError("model_not_found", path=path)
        models = list(_models_in(path))
        if not models:
            raise ModelFileError("library_no_models", path=path)
        found += models
    try:
        registry.add(found)
    except OSError as exc:
        file, reason = registry.registry_file(), texts.why(exc)
        raise HelixError("library_not_written", file=file, reason=reason, detail=repr(exc)) from exc
    return tuple(dict.fromkeys(found))


def _models_in(path: Path) -> Iterator[Path]:
    if path.is_file():
        first = part_files(path)[0]
        if store.may_be_model(path):
            yield first if first.exists() else path
        return
    if (path / "config.json").is_file() and any(path.glob("*.safetensors")):
        yield path
        return
    yield from programs.models_below(path)
    for folder in sorted(path.iterdir()):
        if (folder / "config.json").is_file() and any(folder.glob("*.safetensors")):
            yield folder
