"""What a model's files say of it, and why it cannot run; kept in the cache folder until the files change."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from helix_app.base import texts, typed
from helix_app.base.errors import ModelFileError
from helix_app.base.files import replacing
from helix_app.base.process import paths
from helix_app.hub.library.quantisation import of_header, of_name
from helix_app.modelfiles.display_name import clean_name
from helix_app.modelfiles.draft_head import inspect_head, is_head
from helix_app.modelfiles.gguf.gguf_file import short_name
from helix_app.modelfiles.gguf.split import read_model
from helix_app.modelfiles.model_path import inspect
from helix_app.modelfiles.part_names import part_files
from helix_app.modelfiles.stamps import stamp, versions
from helix_app.protocol.events import Failed

_VERSION = 6  # of what is kept


@dataclass(frozen=True)
class ModelFacts:
    """What the files say; empty where they do not.

    Attributes:
        problem: why the model cannot run; None where it can.
        head: it is a draft head, which runs beside the model that it was made for.
        plain: there is no chat template in them, so that the model continues text.
    """

    name: str = ""
    quantisation: str = ""
    architecture: str = ""
    licence: str = ""
    problem: Failed | None = None
    head: bool = False
    plain: bool = False


def facts_of(path: Path, *, read: bool = True) -> ModelFacts:
    """The facts of a file or folder. Never raises for one that cannot be read: that is its problem.

    Reading a large vocabulary for the first time takes seconds; with ``read=False`` only what is kept counts, or else
    what the name says.
    """
    try:
        files = sorted((*path.iterdir(), *_named_templates(path))) if path.is_dir() else part_files(path)
        stamps = [stamp(file) for file in files if file.is_file()]
        key = short_name("|".join((str(path), *stamps, versions("gguf"), str(_VERSION))))
    except OSError as exc:
        error = ModelFileError("model_unreadable", path=path, reason=texts.why(exc), detail=repr(exc))
        return ModelFacts(quantisation=of_name(path.name), problem=error.as_event())
    kept = paths.cache_dir() / "library" / f"{key}.json"
    try:
        return typed.read(ModelFacts, texts.read_json(kept))
    except (OSError, ValueError):
        pass
    if not read:
        return ModelFacts(quantisation=of_name(path.name))
    facts = _look(path)
    try:
        kept.parent.mkdir(parents=True, exist_ok=True)
        half = kept.with_suffix(f".{os.getpid()}.part")
        half.write_text(json.dumps(asdict(facts)), encoding="utf-8")
        replacing.replace(half, kept)
    except OSError:
        pass  # it is only looked at again
    return facts


def _look(path: Path) -> ModelFacts:
    said = _of_folder(path) if path.is_dir() else _of_file(path)
    head = path.is_dir() and is_head(path)
    try:
        inspect_head(path) if head else inspect(path)
    except ModelFileError as exc:
        return replace(said, head=head, plain=False, problem=exc.as_event())
    return replace(said, head=head, plain=said.plain and not head)


def _of_file(path: Path) -> ModelFacts:
    try:
        header = read_model(path)
    except (ModelFileError, OSError):
        return ModelFacts(quantisation=of_name(path.name))
    said = header.metadata
    architecture = said.get("general.architecture")
    licence = said.get("general.license")
    return ModelFacts(
        clean_name(said.get("general.name")),
        of_name(path.name) or of_header(said),
        architecture if isinstance(architecture, str) else "",
        licence if isinstance(licence, str) and len(licence) <= 40 else "",
        plain=not said.get("tokenizer.chat_template"),
    )


def _of_folder(path: Path) -> ModelFacts:
    try:
        raw = texts.read_json(path / "config.json")
    except (OSError, ValueError):
        return ModelFacts()
    raw = raw if isinstance(raw, dict) else {}
    architecture, kind = raw.get("model_type"), raw.get("dtype") or raw.get("torch_dtype")
    short = {"bfloat16": "BF16", "float16": "F16", "float32": "F32"}
    return ModelFacts(
        architecture=architecture if isinstance(architecture, str) else "",
        quantisation=short.get(str(kind), ""),
        plain=not _has_template(path),
    )


def _has_template(path: Path) -> bool:
    """Whether there is a template that the tokenizer takes: files win over the configuration, only a default counts."""
    named = _named_templates(path)
    for default in (*(file for file in named if file.stem == "default"), path / "chat_template.jinja"):
        if default.is_file():
            return default.stat().st_size > 0
    if named:
        return False
    try:
        raw = texts.read_json(path / "tokenizer_config.json")
    except (OSError, ValueError):
        return False
    template = raw.get("chat_template") if isinstance(raw, dict) else None
    if isinstance(template, list):
        listed = (one for one in template if isinstance(one, dict) and isinstance(one.get("name"), str))
        template = {one["name"]: one.get("template") for one in listed}
    return bool(template.get("default") if isinstance(template, dict) else template)


def _named_templates(path: Path) -> list[Path]:
    return list((path / "additional_chat_templates").glob("*.jinja"))
