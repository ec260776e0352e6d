"""Models on this computer: ``models_dir()/<id>/<file>``, and beside each a note of what was verified.

Presence is a look at name and size; nothing is hashed at start. The note (``<file>.json``) holds the
checksum with the size and time of the file it was computed from, so that a file is hashed once and
again only after it changed or when a person asks for it.
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from helix_app.base import texts
from helix_app.base.errors import HelixError, ModelFileError
from helix_app.base.files import replacing
from helix_app.base.message_texts.reasons import reason_of
from helix_app.base.process import paths
from helix_app.hub.catalog import BundledSource, Catalog, CatalogEntry, HubSource, WheelSource
from helix_app.hub.registry import known_catalog
from helix_app.hub.transfer.failures import Cancelled, SourceError, all_failed
from helix_app.hub.transfer.progress import hash_file
from helix_app.modelfiles.display_name import display_name
from helix_app.modelfiles.draft_head import is_head
from helix_app.modelfiles.part_names import model_name, part_files
from helix_app.protocol.models.hub import DownloadDone, DownloadProgress
from helix_app.protocol.requests import CatalogItem

_GGUF_MAGIC = b"GGUF"


@dataclass(frozen=True)
class Verified:
    """What is known of a file that was hashed."""

    sha256: str
    size_bytes: int
    mtime_ns: int


def model_folder(entry: CatalogEntry, root: Path | None = None) -> Path:
    """Folder of this model below ``root`` (default: ``paths.models_dir()``). Not created here."""
    return (root or paths.models_dir()) / entry.id


def model_file(entry: CatalogEntry, root: Path | None = None) -> Path:
    """Where the model file is once it is downloaded."""
    return model_folder(entry, root) / entry.file


def find(entry: CatalogEntry, root: Path | None = None) -> Path | None:
    """The model file if it is here with the right size, downloaded or shipped with the program; else None.

    Of a model in several files the first, if all of them are here.
    """
    if any(find(piece, root) is None for piece in entry.rest):
        return None
    for path in (model_file(entry, root), *_bundled(entry)):
        if _looks_whole(entry, path):
            return path
    return None


def places(entry: CatalogEntry, root: Path | None = None) -> Iterator[Path]:
    """Where the files of a model are, whether or not they are here and whole, and the folders that hold them."""
    for piece in entry.pieces:
        for path in (model_file(piece, root), *_bundled(piece)):
            yield from (path, path.parent)


def path_of(entry: CatalogEntry, root: Path | None = None) -> Path:
    """The model file. Raises HelixError ``model_not_downloaded`` when it is not here."""
    path = find(entry, root)
    if path is None:
        raise HelixError("model_not_downloaded", name=entry.name, id=entry.id)
    return path


def part_files_of(entry: CatalogEntry, folder: Path) -> list[Path]:
    """What a download that was stopped has left of this file."""
    try:
        names = sorted(os.listdir(folder))
    except OSError:
        return []
    return [folder / name for name in names if name.startswith(f"{entry.file}.") and name.endswith(".part")]


def arrived_bytes(entry: CatalogEntry, root: Path | None = None) -> int:
    """How much of a model has been downloaded, whole files and parts."""
    folder, arrived = model_folder(entry, root), 0
    for piece in entry.pieces:
        whole, parts = model_file(piece, root), part_files_of(piece, folder)
        found = [_size(whole), *(_size(part) for part in parts)]
        for source in piece.sources:
            if isinstance(source, WheelSource):
                names = {part_name(piece, wheel.sha256) for wheel in source.pieces}
                found.append(sum(_size(part) for part in parts if part.name in names))
        arrived += max(found)
    return arrived


def part_name(entry: CatalogEntry, sha256: str) -> str:
    """What the file of this checksum, from which the model's is made, is called while it arrives."""
    return f"{entry.file}.{sha256[:12]}.part"


def _size(path: Path) -> int:
    return path.stat().st_size if path.is_file() else 0


def _bundled(entry: CatalogEntry) -> list[Path]:
    return [paths.resource(source.path) for source in entry.sources if isinstance(source, BundledSource)]


def _looks_whole(entry: CatalogEntry, path: Path) -> bool:
    try:
        size = path.stat().st_size
        if entry.size_exact:
            return size == entry.size_bytes
        note = read_note(path)
        if note is not None:
            return size == note.size_bytes
        with open(path, "rb") as file:  # copied here by hand: only the hub knows its size
            return file.read(4) == _GGUF_MAGIC
    except OSError:
        return False


def _note_file(path: Path) -> Path:
    return path.with_name(path.name + ".json")


def read_note(path: Path) -> Verified | None:
    """What was recorded when ``path`` was hashed, None when nothing was; the file may have changed since."""
    try:
        raw = texts.read_json(_note_file(path))
        return Verified(str(raw["sha256"]), int(raw["size_bytes"]), int(raw["mtime_ns"]))
    except (OSError, ValueError, LookupError, TypeError):
        return None


def write_note(path: Path, sha256: str) -> None:
    """Record that ``path`` was hashed. A folder that cannot be written only costs another hash later."""
    stat = path.stat()
    note, half = _note_file(path), path.with_name(f"{path.name}.json.{os.getpid()}")
    try:
        half.write_text(json.dumps(asdict(Verified(sha256, stat.st_size, stat.st_mtime_ns))), encoding="utf-8")
        replacing.replace(half, note)
    except OSError:
        half.unlink(missing_ok=True)


def is_verified(entry: CatalogEntry, path: Path) -> bool:
    """Whether this very file, unchanged since, had the right checksum."""
    note = read_note(path)
    try:
        stat = path.stat()
    except OSError:
        return False
    return (
        note is not None
        and (note.size_bytes, note.mtime_ns) == (stat.st_size, stat.st_mtime_ns)
        and (entry.sha256 is None or note.sha256 == entry.sha256)
    )


def verify(
    entry: CatalogEntry, cancel: threading.Event, root: Path | None = None
) -> Iterator[DownloadProgress | DownloadDone]:
    """Hash the model file whatever was recorded, and record the result; the last event is DownloadDone.

    A file of another size is hashed as well, so that it is called damaged and not absent.

    Raises HelixError ``model_not_downloaded``, ``verify_cancelled``, ModelFileError ``model_corrupt``, and
    DownloadError when only the hub knows the checksum and cannot be asked.
    """
    for piece, path in [(piece, _file_here(piece, root)) for piece in entry.pieces]:
        yield from _verify_file(piece, path, cancel, root)
    yield DownloadDone(entry.id, str(path_of(entry, root)))


def _file_here(entry: CatalogEntry, root: Path | None) -> Path:
    path = model_file(entry, root)
    return path if find(entry, root) is None and path.is_file() else path_of(entry, root)


def _verify_file(
    entry: CatalogEntry, path: Path, cancel: threading.Event, root: Path | None
) -> Iterator[DownloadProgress]:
    try:
        expected = entry.sha256 or _recorded(path) or _ask_hub(entry, path, cancel)
        actual = yield from hash_file(path, entry.id, cancel)
    except Cancelled:
        raise HelixError("verify_cancelled", name=entry.name) from None
    except OSError as exc:
        raise ModelFileError("model_unreadable", path=path, reason=texts.why(exc), detail=repr(exc)) from exc
    if actual != expected:
        _forget(path)
        reason = reason_of("file_checksum")
        raise ModelFileError("model_corrupt", path=path, reason=reason, detail=f"sha256 {actual}, expected {expected}")
    if path == model_file(entry, root):
        write_note(path, actual)


def _recorded(path: Path) -> str | None:
    note = read_note(path)
    return note.sha256 if note is not None else None


def _forget(path: Path) -> None:
    try:
        _note_file(path).unlink(missing_ok=True)
    except OSError:
        pass


def _ask_hub(entry: CatalogEntry, path: Path, cancel: threading.Event) -> str:
    from helix_app.hub.sources import locate

    failures: list[SourceError] = []
    for source in entry.sources:
        if isinstance(source, HubSource):
            try:
                return locate(source, entry, cancel).sha256
            except SourceError as exc:
                failures.append(exc)
    raise all_failed(entry, path.parent, failures)


def catalog_items(
    extra_paths: Iterable[str | Path] = (), *, catalog: Catalog | None = None, root: Path | None = None
) -> tuple[CatalogItem, ...]:
    """The models to choose from: the catalog in order, then ``extra_paths`` (files or folders opened before).

    Extra paths that are gone, that are no model, or that are a catalog model's own file, are left out. The parts of a
    split model count as one, named by the first that is given.
    """
    items = [_catalog_item(entry, root) for entry in catalog or known_catalog()]
    known = {Path(item.path) for item in items if item.path}
    for extra in extra_paths:
        path = paths.expanded(extra).absolute()
        if path in known or not may_be_model(path):
            continue
        known.update(part_files(path))
        name = display_name(path, model_name(path) if path.is_file() else path.name)
        if any(item.name == name for item in items):  # the same model in another format
            name = f"{name} ({path.name})"
        size, beside = size_of(path), str(path.parent)
        items.append(CatalogItem(str(path), name, size, 0, "", beside, str(path), head=is_head(path)))
    return tuple(items)


def may_be_model(path: Path) -> bool:
    """A cheap look: whether a file is a GGUF, and a folder has weights in it."""
    try:
        if path.is_dir():
            return any(True for pattern in ("*.safetensors", "*.gguf") for _ in path.glob(pattern))
        with open(path, "rb") as file:
            return file.read(4) == _GGUF_MAGIC
    except OSError:
        return False


def _catalog_item(entry: CatalogEntry, root: Path | None) -> CatalogItem:
    path = find(entry, root)
    size = entry.total_bytes if path is None else size_of(path)
    return CatalogItem(
        entry.id,
        entry.name,
        size,
        size if path is None else 0,
        entry.licence,
        entry.summary,
        "" if path is None else str(path),
        entry.memory_gb,
        entry.draft or "",
        entry.architecture,
    )


def size_of(path: Path) -> int:
    """Size of a model in bytes, all its files; 0 where they cannot be looked at."""
    try:
        if path.is_file():
            return sum(part.stat().st_size for part in part_files(path) if part.is_file())
        return sum(file.stat().st_size for file in path.glob("*.safetensors"))
    except OSError:
        return 0
