"""Which models a person has taken beside the catalog: files of the hub, paths of their own, and when each was used.

Kept in ``library.json``. Readers leave out what cannot be read; writers raise, for it would be lost.
"""

from __future__ import annotations

import errno
import json
import logging
import os
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import filelock

from helix_app.base import messages, texts, typed
from helix_app.base.errors import HelixError
from helix_app.base.files import damaged, replacing
from helix_app.base.language import english
from helix_app.base.message_texts.reasons import reason_of
from helix_app.base.process import paths
from helix_app.hub.catalog import Catalog, CatalogEntry, HubSource, load_catalog
from helix_app.modelfiles.part_names import model_name
from helix_app.protocol.events import Failed

log = logging.getLogger(__name__)
_LOCK_SECONDS = 5.0
_MOST_USES = 1000
_DEVICE = re.compile(r"(con|prn|aux|nul|com[0-9]|lpt[0-9])(\.|\Z)")  # names that no folder has on Windows
_troubles: dict[Path, Failed] = {}  # by the path of the file


@dataclass(frozen=True)
class HubFile:
    """A file of the hub.

    Attributes:
        file: its path in the repository.
        sha256: in lower-case hex; empty where the hub does not say before the download.
    """

    file: str
    size_bytes: int = 0
    sha256: str = ""


@dataclass(frozen=True)
class HubModel:
    """A model of the hub that a person took: its files in order, of which most models have one."""

    id: str
    repo: str
    files: tuple[HubFile, ...]
    revision: str = "main"
    licence: str = ""
    architecture: str = ""

    def entry(self) -> CatalogEntry:
        """As a model of the catalog."""
        first, *others = (self._entry(file) for file in self.files)
        return replace(first, rest=tuple(others))

    def _entry(self, file: HubFile) -> CatalogEntry:
        name = Path(file.file).name
        return CatalogEntry(
            id=self.id,
            name=model_name(Path(name)),
            summary=self.repo,
            architecture=self.architecture,
            parameters=0,
            licence=self.licence,
            licence_file="",
            origin=self.repo,
            file=name,
            size_bytes=file.size_bytes,
            sha256=file.sha256 or None,
            context_length=0,
            sources=(HubSource(self.repo, file.file, self.revision),),
        )


@dataclass(frozen=True)
class Registry:
    """What ``library.json`` holds.

    Attributes:
        hub: models of the hub.
        added: absolute paths of files and folders.
        used: seconds since 1970 by path.
    """

    hub: tuple[HubModel, ...] = ()
    added: tuple[str, ...] = ()
    used: dict[str, float] = field(default_factory=dict)


def registry_file() -> Path:
    """Path of ``library.json``."""
    return paths.data_dir() / "library.json"


def read() -> Registry:
    """What is kept; what cannot be read is left out, and ``trouble`` says why."""
    path = registry_file()
    try:
        return _sound_at(path)
    except OSError as exc:
        _note(path, HelixError("library_unread", file=path, reason=texts.why(exc)))
    except ValueError as exc:
        kept = f"{path.name}.bad"
        _note(path, HelixError("library_damaged", file=path, reason=_damage(exc), kept=kept))
    return Registry()


def trouble() -> Failed | None:
    """What was wrong with the file when this process last read it, None for nothing.

    That a damaged one was replaced is told until a model or a path has been taken after it.
    """
    return _troubles.get(registry_file())


def _note(path: Path, error: HelixError) -> None:
    found, before = error.as_event(), _troubles.get(path)
    _troubles[path] = found
    if found != before:
        with english():
            log.warning("%s", messages.error_text(found.code, found.fields))


def _over(told: Failed | None, *codes: str) -> None:
    """A trouble of one of these codes is told no more, unless another one has come since."""
    path = registry_file()
    if told is not None and told.code in codes and _troubles.get(path) is told:
        del _troubles[path]


def _damage(exc: ValueError) -> str:
    return reason_of("import_no_json", said=exc) if isinstance(exc, json.JSONDecodeError) else texts.why(exc)


def _read_to_write() -> Registry:
    """The same before it is written again: a damaged file is kept beside it first. Raises OSError."""
    path = registry_file()
    try:
        return _sound_at(path)
    except ValueError as exc:
        copy = damaged.keep_copy(path)
        if copy is None:
            raise OSError(errno.EIO, f"it is damaged and cannot be copied ({exc})", str(path)) from exc
        _note(path, HelixError("library_replaced", file=path, reason=_damage(exc), kept=copy))
        return Registry()


def _sound_at(path: Path) -> Registry:
    """What a file holds that is sound or not there. Raises OSError and ValueError."""
    told = trouble()
    try:
        found = _made_of(texts.read_json(path))
    except FileNotFoundError:
        found = Registry()
    _over(told, "library_damaged", "library_unread")
    return found


def _made_of(raw: object) -> Registry:
    """Raises ValueError for what is no library."""
    if not isinstance(raw, dict):
        raise ValueError(reason_of("library_no_list"))
    used = raw.get("used")
    times = {k: float(v) for k, v in used.items() if isinstance(v, (int, float))} if isinstance(used, dict) else {}
    return Registry(_each(raw, "hub", HubModel, _sound), _each(raw, "added", str), times)


def _each(raw: dict[str, Any], name: str, kind: Any, sound: Callable[[Any], bool] = bool) -> tuple[Any, ...]:
    listed = raw.get(name)
    found = []
    for value in listed if isinstance(listed, list) else []:
        try:
            one = typed.read(kind, value)
        except ValueError as exc:
            log.info("an entry of the library is left out: %s", exc)
            continue
        if sound(one):
            found.append(one)
    return tuple(found)


def _sound(model: HubModel) -> bool:
    """Whether it can name a folder and files in it."""
    plain = all(Path(file.file).name not in ("", ".", "..") and "\\" not in file.file for file in model.files)
    return bool(model.files) and plain and re.fullmatch(r"[a-z0-9][a-z0-9._-]*", model.id) is not None


def known_catalog() -> Catalog:
    """The models that ship with Helix, and those of the hub that a person took."""
    shipped = load_catalog()
    own = tuple(model.entry() for model in read().hub if shipped.find(model.id) is None)
    return Catalog(shipped.entries + own)


def take(
    repo: str, files: tuple[HubFile, ...], *, licence: str = "", architecture: str = "", revision: str = "main"
) -> str:
    """Note a model of the hub, as it is at a revision; returns the id that it is downloaded and loaded by.

    Raises OSError.
    """
    with _locked():
        told, kept = trouble(), _read_to_write()
        first = files[0].file
        known = next((m for m in kept.hub if m.repo == repo and m.files[0].file == first), None)
        model_id = known.id if known is not None else _new_id(repo, first, kept)
        model = HubModel(model_id, repo, files, revision, licence, architecture)
        _write(replace(kept, hub=(*(m for m in kept.hub if m.id != model_id), model)))
        _over(told, "library_replaced")
    return model_id


def _new_id(repo: str, file: str, kept: Registry) -> str:
    """A name of the file that no other model has; else with its owner before it, and then numbered."""
    taken = {*load_catalog().ids, *(model.id for model in kept.hub)}
    stem = _slug(model_name(Path(file)))
    owner = _slug(repo.partition("/")[0])
    names = [stem, f"{owner}.{stem}", *(f"{owner}.{stem}-{n}" for n in range(2, 1000))]
    return next(name for name in names if name not in taken)


def _slug(text: str) -> str:
    slug = re.sub(r"[^a-z0-9._-]+", "-", text.lower()).strip("-._") or "model"
    return f"model-{slug}" if _DEVICE.match(slug) else slug


def drop(model_id: str) -> bool:
    """Forget a model of the hub; False where it is none. Raises OSError."""
    with _locked():
        kept = _read_to_write()
        left = tuple(model for model in kept.hub if model.id != model_id)
        if len(left) == len(kept.hub):
            return False
        _write(replace(kept, hub=left))
    return True


def add(found: Iterator[Path] | list[Path]) -> None:
    """Take paths into the library. Raises OSError."""
    with _locked():
        told, kept = trouble(), _read_to_write()
        new = [str(path) for path in found if str(path) not in kept.added]
        _write(replace(kept, added=(*kept.added, *dict.fromkeys(new))))
        _over(told, "library_replaced")


def forget(path: Path) -> bool:
    """Take a path off the library; the file stays. False where it was not in it. Raises OSError."""
    with _locked():
        kept = _read_to_write()
        if str(path) not in kept.added:
            return False
        _write(replace(kept, added=tuple(p for p in kept.added if p != str(path))))
    return True


def note_use(*models: str, now: float | None = None) -> None:
    """Remember that the models at these paths are used now. What cannot be written is only not remembered."""
    try:
        with _locked():
            kept = _read_to_write()
            used = {**kept.used, **{path: time.time() if now is None else now for path in models}}
            newest = sorted(used.items(), key=lambda item: item[1])[-_MOST_USES:]
            _write(replace(kept, used=dict(newest)))
    except OSError as exc:
        log.info("the use of a model is not remembered: %s", exc)


@contextmanager
def _locked() -> Iterator[None]:
    """Nobody else writes meanwhile. Raises OSError."""
    path = registry_file()
    path.parent.mkdir(parents=True, exist_ok=True)
    with filelock.FileLock(path.with_name(path.name + ".lock"), timeout=_LOCK_SECONDS):
        yield


def _write(kept: Registry) -> None:
    path = registry_file()
    fd, name = replacing.new_file(path.parent, ".library-", ".json")
    try:
        with os.fdopen(fd, "w", encoding="utf-8", errors="replace") as file:
            json.dump(typed.plain(kept), file, indent=1, ensure_ascii=False)
        replacing.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
