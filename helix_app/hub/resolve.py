"""What a person named becomes a path: catalog ids, files and folders; and a choice becomes a LoadRequest."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from helix_app.base.errors import InputError, ModelFileError
from helix_app.base.process.paths import expanded
from helix_app.base.remote import is_remote, remote_model
from helix_app.hub import store
from helix_app.hub.catalog import Catalog
from helix_app.hub.learned import learned_table, shipped_table
from helix_app.hub.registry import known_catalog
from helix_app.modelfiles.display_name import display_name
from helix_app.modelfiles.part_names import model_name, part_files
from helix_app.protocol.requests import LoadChoice, LoadRequest

DRAFTS = ("auto", "none", "ngram", "mtp", "self-int4", "self-int8")


@dataclass(frozen=True)
class ResolvedModel:
    """A model on this computer. ``id`` is its catalog id, None for a file or folder of the person's own."""

    path: Path
    name: str
    id: str | None


def resolve_target(name: str, *, catalog: Catalog | None = None, root: Path | None = None) -> ResolvedModel:
    """The model called ``name``: a catalog id, or the path of a file or folder (absolute in the result).

    Raises HelixError ``model_not_downloaded``, ModelFileError ``model_not_found`` for a path where nothing is,
    and InputError ``model_unknown`` for any other name.
    """
    catalog = catalog or known_catalog()
    entry = catalog.find(name)
    if entry is not None:
        return ResolvedModel(store.path_of(entry, root), entry.name, entry.id)
    path = expanded(name).absolute() if name else Path()
    if name and os.path.exists(path):
        path = next(part for part in (part_files(path)[0], path) if os.path.exists(part))  # of a split model, the first
        return ResolvedModel(path, name_of(path, catalog=catalog, root=root), None)
    if _reads_as_path(name):
        raise ModelFileError("model_not_found", path=name)
    raise InputError("model_unknown", name=name, known=", ".join(catalog.ids))


def name_of(path: Path, *, catalog: Catalog | None = None, root: Path | None = None) -> str:
    """What people call the model at a path: as the catalog does where it is a model of it, else by its own header."""
    stem = model_name(path) if path.is_file() else path.name
    return catalog_name(path, catalog=catalog, root=root) or display_name(path, stem)


def api_name(target: str) -> str:
    """What programs call a model: its id in the catalog, or the name of its file or folder. Raises HelixError."""
    found = resolve_target(target)
    return found.id or (found.path.stem if found.path.is_file() else found.path.name) or found.name


def catalog_name(path: Path, *, catalog: Catalog | None = None, root: Path | None = None) -> str:
    """The name of the catalog's model that lies at a path; empty where none does."""
    known = catalog or known_catalog()
    return next((entry.name for entry in known if store.find(entry, root) == path), "")


def to_load_request(choice: LoadChoice, *, catalog: Catalog | None = None, root: Path | None = None) -> LoadRequest:
    """Names to paths. ``DRAFTS`` pass through; others resolve like a target.

    ``auto`` becomes the draft model that the catalog names for this target, when it is on this computer; the
    engine may then still decide against it. That one also drafts where ``mtp`` is not insisted on and cannot.

    Raises what ``resolve_target`` raises.
    """
    if is_remote(choice.target):  # drafts, device and number format are the server's own matter
        return LoadRequest(target=choice.target, target_name=remote_model(choice.target).model)
    target = resolve_target(choice.target, catalog=catalog, root=root)
    draft, draft_name, required, instead = choice.draft, "", choice.draft_required, "auto"
    suggested = _suggested_draft(target, catalog or known_catalog(), root) if draft in ("auto", "mtp") else None
    if draft == "auto":
        if suggested is not None:
            draft, draft_name, required = str(suggested.path), suggested.name, False
    elif draft == "mtp" and suggested is not None:
        instead = str(suggested.path)
    elif draft not in DRAFTS:
        resolved = resolve_target(draft, catalog=catalog, root=root)
        draft, draft_name = str(resolved.path), resolved.name
    shipped, named = shipped_table(target.id), _installed(target, catalog, root)
    return LoadRequest(
        target=str(target.path),
        target_name=target.name,
        draft=draft,
        draft_name=draft_name,
        draft_required=required,
        draft_instead=instead,
        device=choice.device,
        dtype=choice.dtype,
        context_length=choice.context_length,
        ngram_table="" if shipped is None else str(shipped),
        learned_table=str(learned_table(target.path, target.id)) if choice.learn else "",
        installed=tuple(named),
        names=tuple((path, name) for path, name in named.items() if name),
        cache_tokens=choice.cache_tokens,
        stop_at=choice.stop_at,
    )


def _installed(target: ResolvedModel, catalog: Catalog | None, root: Path | None) -> dict[str, str]:
    """Models on this computer beside the target, with their names where the catalog has one: its own, and files in the
    target's folder."""
    beside = sorted(target.path.parent.glob("*.gguf")) if target.path.is_file() else []
    listed = ((store.find(entry, root), entry.name) for entry in catalog or known_catalog())
    known = {str(path): name for path, name in listed if path not in (None, target.path)}
    found = {str(path): known.get(str(path), "") for path in beside if path != target.path}
    return {**known, **found}  # nothing is read of them before it is needed


def _suggested_draft(target: ResolvedModel, catalog: Catalog, root: Path | None) -> ResolvedModel | None:
    entry = catalog.find(target.id) if target.id is not None else None
    draft = catalog.find(entry.draft) if entry is not None and entry.draft is not None else None
    path = store.find(draft, root) if draft is not None else None
    return ResolvedModel(path, draft.name, draft.id) if draft is not None and path is not None else None


def _reads_as_path(name: str) -> bool:
    separators = {"/", os.sep, os.altsep or os.sep}
    return any(mark in name for mark in separators) or name.startswith("~") or name.lower().endswith(".gguf")
