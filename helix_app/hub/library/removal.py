"""Models leave the library: Helix's own files are deleted, others only taken off the list."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import filelock

from helix_app.base import texts
from helix_app.base.errors import DownloadError, HelixError, InputError
from helix_app.base.files import replacing
from helix_app.base.process import paths
from helix_app.hub import registry, store
from helix_app.hub.catalog import BundledSource, Catalog, CatalogEntry
from helix_app.hub.library import programs
from helix_app.modelfiles.part_names import part_files


def remove(
    name: str, *, catalog: Catalog | None = None, root: Path | None = None, home: Path | None = None
) -> Path | None:
    """Delete a model that Helix keeps, with what a stopped download has left; take any other off the list.

    Args:
        name: a catalog id or a path.

    Returns:
        The file or folder that stays, of a model that was only taken off the list; otherwise None.

    Raises:
        HelixError: with one of the ``library_*`` codes, or ``download_locked``.
    """
    entry = (catalog or registry.known_catalog()).find(name)
    try:
        if entry is not None:
            _delete_entry(entry, root)
            return None
        path = Path(os.path.abspath(paths.expanded(name)))
        for noted in (path, paths.expanded(name).absolute()):
            if registry.forget(noted):
                return noted
    except OSError as exc:
        file, reason = registry.registry_file(), texts.why(exc)
        raise HelixError("library_not_written", file=file, reason=reason, detail=repr(exc)) from exc
    foreign = next((found for found in programs.find_all(home) if _same(found.path, path)), None)
    if foreign is not None:
        program = programs.PROGRAMS[foreign.origin]
        raise InputError("library_foreign", name=foreign.name or path.name, program=program)
    if _is_model_in(path, root or paths.models_dir()):
        _delete(path)
        return None
    raise InputError("library_absent", name=name)


def _same(first: Path, second: Path) -> bool:
    return first == second or first.resolve() == second.resolve()


def _is_model_in(path: Path, folder: Path) -> bool:
    """Whether a path is a model, and really lies below the folder of models."""
    if folder.resolve() not in (path.parent.resolve(), *path.parent.resolve().parents):
        return False
    if path.is_dir():
        own = path.resolve() != folder.resolve()
        return own and (path / "config.json").is_file() and any(path.glob("*.safetensors"))
    return any(_same(model, path) for model in programs.models_below(folder))


def _delete_entry(entry: CatalogEntry, root: Path | None) -> None:
    folder = store.model_folder(entry, root)
    files = [file for piece in entry.pieces for file in _files(piece, folder)]
    if not files and _is_shipped(entry, root):
        raise InputError("library_shipped", name=entry.name)
    if files:
        with _locked(entry, folder):
            for file in files:
                _delete(file)
    dropped = registry.drop(entry.id)
    if not files and not dropped:
        raise InputError("library_absent", name=entry.name)
    _delete_folder(folder)


def _files(entry: CatalogEntry, folder: Path) -> list[Path]:
    """What there is of a file: itself, the note beside it, and what a download has left."""
    file = folder / entry.file
    every = [file, file.with_name(f"{file.name}.json"), file.with_name(f"{file.name}.unpacking")]
    return [path for path in (*every, *store.part_files_of(entry, folder)) if path.exists()]


def _delete(path: Path) -> None:
    """Delete a file, all parts of a split model, or a folder. Raises HelixError ``library_not_deleted``."""
    try:
        if path.is_dir():
            shutil.rmtree(path)
            return
        for part in part_files(path):
            replacing.remove(part)
    except OSError as exc:
        raise _not_deleted(path, exc) from exc


def _not_deleted(path: Path, exc: OSError) -> HelixError:
    return HelixError("library_not_deleted", path=path, reason=texts.why(exc), detail=repr(exc))


def _delete_folder(folder: Path) -> None:
    """Delete the folder of a model where nothing but the lock is left in it."""
    try:
        if set(os.listdir(folder)) <= {".lock"}:
            shutil.rmtree(folder)
    except OSError:
        pass  # an empty folder does no harm


@contextmanager
def _locked(entry: CatalogEntry, folder: Path) -> Iterator[None]:
    """Nobody downloads into the folder meanwhile. Raises HelixError where somebody does, or nothing can be written."""
    lock = filelock.FileLock(folder / ".lock", timeout=0)
    try:
        lock.acquire()
    except filelock.Timeout:
        raise DownloadError("download_locked", name=entry.name) from None
    except OSError as exc:
        raise _not_deleted(folder, exc) from exc
    try:
        yield
    finally:
        lock.release()


def _is_shipped(entry: CatalogEntry, root: Path | None) -> bool:
    """Whether what is here of a model is the copy that came with the program."""
    path = store.find(entry, root)
    bundled = [paths.resource(source.path) for source in entry.sources if isinstance(source, BundledSource)]
    return path in bundled
