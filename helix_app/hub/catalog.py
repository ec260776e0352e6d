"""The models Helix knows by name: ``resources/catalog.toml`` as dataclasses."""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal, Union

from helix_app.base.errors import HelixError, InputError
from helix_app.base.process import paths
from helix_app.base.process.logs import log_file

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

log = logging.getLogger(__name__)

_ID = re.compile(r"[a-z0-9][a-z0-9._-]*")
_PICKLES = (".bin", ".pt", ".pth", ".ckpt", ".pkl")
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class BundledSource:
    """The model file itself, shipped below ``resources/`` by a packaged program."""

    path: str
    kind: Literal["bundled"] = "bundled"


@dataclass(frozen=True)
class HubSource:
    """A file of a Hugging Face repository at a revision."""

    repo: str
    file: str
    revision: str = "main"
    kind: Literal["hub"] = "hub"


@dataclass(frozen=True)
class WheelSource:
    """A member of a Python wheel. ``size_bytes`` and ``sha256`` are those of the wheel.

    ``rest`` are more wheels, where the model is cut into several: their members follow the first one's in the file.
    """

    package: str
    version: str
    member: str
    size_bytes: int
    sha256: str
    kind: Literal["wheel"] = "wheel"
    rest: tuple[WheelSource, ...] = ()

    @property
    def pieces(self) -> tuple[WheelSource, ...]:
        """The wheels one by one, in order."""
        return (replace(self, rest=()), *self.rest)


Source = Union[BundledSource, HubSource, WheelSource]


@dataclass(frozen=True)
class CatalogEntry:
    """One model of the catalog.

    Attributes:
        architecture: ``llama``, ``qwen2`` or another that is supported, as in the file's own header.
        licence: SPDX identifier; ``licence_file`` is its text below ``resources/``.
        origin: repository of the original weights, for attribution.
        file: name of the model file on disk.
        size_bytes: of the model file; approximate when ``sha256`` is None.
        sha256: of the model file in lower-case hex; None when only the hub knows it.
        sources: where the file comes from, in the order to try.
        draft: id of the model that drafts for this one when it is on this computer too; None for none.
        memory_gb: the least memory, of a computer or its graphics card, that it runs in with a context of 8,192
            tokens and its draft; 0 where nobody has said.
        rest: the other files of a model that is split, in order; each with its own size, checksum and source.
    """

    id: str
    name: str
    summary: str
    architecture: str
    parameters: int
    licence: str
    licence_file: str
    origin: str
    file: str
    size_bytes: int
    sha256: str | None
    context_length: int
    sources: tuple[Source, ...]
    draft: str | None = None
    memory_gb: int = 0
    rest: tuple[CatalogEntry, ...] = ()

    @property
    def pieces(self) -> tuple[CatalogEntry, ...]:
        """Its files one by one; itself where it is in one."""
        return (replace(self, rest=()), *self.rest) if self.rest else (self,)

    @property
    def total_bytes(self) -> int:
        """Size of all files."""
        return self.size_bytes + sum(entry.size_bytes for entry in self.rest)

    @property
    def size_exact(self) -> bool:
        """Whether ``size_bytes`` is to the byte."""
        return self.sha256 is not None


@dataclass(frozen=True)
class Catalog:
    """All entries, in the order to show them; the first is the default model."""

    entries: tuple[CatalogEntry, ...]

    def __iter__(self) -> Iterator[CatalogEntry]:
        return iter(self.entries)

    @property
    def ids(self) -> tuple[str, ...]:
        """The known ids in order."""
        return tuple(entry.id for entry in self.entries)

    def find(self, model_id: str) -> CatalogEntry | None:
        """The entry of this id, or None."""
        return next((entry for entry in self.entries if entry.id == model_id), None)

    def entry(self, model_id: str) -> CatalogEntry:
        """The entry of this id. Raises InputError ``model_unknown`` with the known ids."""
        entry = self.find(model_id)
        if entry is None:
            raise InputError("model_unknown", name=model_id, known=", ".join(self.ids))
        return entry


@lru_cache(maxsize=8)
def load_catalog(path: Path | None = None) -> Catalog:
    """Read a catalog; by default the one Helix ships.

    Raises HelixError ``internal`` when the file is missing or malformed: it is part of the program.
    """
    path = path or paths.resource("catalog.toml")
    try:
        with open(path, "rb") as file:
            raw = tomllib.load(file)
        catalog = Catalog(tuple(_entry(table) for table in raw["model"]))
        if not catalog.entries or len(set(catalog.ids)) != len(catalog.ids):
            raise ValueError("no model, or an id used twice")
        for entry in catalog.entries:
            if entry.draft is not None and (entry.draft == entry.id or catalog.find(entry.draft) is None):
                raise ValueError(f"{entry.id}: draft {entry.draft!r}")
    except (OSError, KeyError, TypeError, ValueError) as exc:
        log.exception("the catalog %s cannot be used", path)
        raise HelixError("internal", detail=f"{path}: {type(exc).__name__}: {exc}", log=log_file()) from exc
    return catalog


def _entry(table: Mapping[str, Any]) -> CatalogEntry:
    values = dict(table)
    sources = tuple(_source(source) for source in values.pop("source"))
    entry = CatalogEntry(**{"sha256": None, **values}, sources=sources)
    if not _ID.fullmatch(entry.id):
        raise ValueError(f"id {entry.id!r}")
    if Path(entry.file).name != entry.file or "\\" in entry.file:
        raise ValueError(f"{entry.id}: file {entry.file!r} is not a plain name")
    if Path(entry.file).suffix.lower() in _PICKLES:
        raise ValueError(f"{entry.id}: {entry.file} is pickled weights, which may run any program")
    for digest in (entry.sha256, *(one.sha256 for s in sources if isinstance(s, WheelSource) for one in s.pieces)):
        if digest is not None and not _SHA256.fullmatch(digest):
            raise ValueError(f"{entry.id}: sha256 {digest!r}")
    if entry.sha256 is None and not any(isinstance(source, HubSource) for source in sources):
        raise ValueError(f"{entry.id}: without sha256 it needs a hub source, which states one")
    return entry


def _source(table: Mapping[str, Any]) -> Source:
    kinds: dict[str, type[BundledSource] | type[HubSource] | type[WheelSource]] = {
        "bundled": BundledSource,
        "hub": HubSource,
        "wheel": WheelSource,
    }
    values = dict(table)
    if "rest" in values:
        values["rest"] = tuple(WheelSource(**wheel) for wheel in values["rest"])
    return kinds[table["kind"]](**values)
