"""One way to look at a model, whichever format it is in."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from helix_app import texts
from helix_app.errors import ModelFileError
from helix_app.modelfiles.config import ModelConfig, config_from_hf, token_ids
from helix_app.modelfiles.gguf_file import GgufHeader, config_from_gguf, file_key, read_header, short_name
from helix_app.paths import expanded

Kind = Literal["gguf", "safetensors"]


@dataclass(frozen=True)
class ModelFiles:
    """A readable model.

    Attributes:
        path: the GGUF file or the folder.
        gguf: its header when it is a GGUF file.
        weights: the safetensors files of a folder, in order.
        key: a short name that changes whenever the files do, for caches.
    """

    path: Path
    kind: Kind
    config: ModelConfig
    key: str
    gguf: GgufHeader | None = None
    weights: tuple[Path, ...] = ()


def inspect(path: Path | str) -> ModelFiles:
    """Read what a model is without loading its weights.

    Raises:
        ModelFileError: nothing there, not a model, damaged, or not supported.
    """
    path = expanded(path)
    if not os.path.exists(path):
        raise ModelFileError("model_not_found", path=path)
    if path.is_dir():
        return _inspect_folder(path)
    if path.stat().st_size == 0:
        raise ModelFileError("model_corrupt", path=path, detail="the file is empty")
    header = read_header(path)
    return ModelFiles(path, "gguf", config_from_gguf(header), file_key(path), gguf=header)


def _inspect_folder(path: Path) -> ModelFiles:
    ggufs = sorted(path.glob("*.gguf"))
    if len(ggufs) == 1 and not any(path.glob("*.safetensors")):  # GGUF repositories often carry a bare config.json
        return inspect(ggufs[0])
    if not (path / "config.json").is_file():
        raise ModelFileError("model_not_a_model", path=path)
    raw = _read_json(path / "config.json", path)
    config = config_from_hf(raw, str(path))
    generation = path / "generation_config.json"
    if generation.is_file():
        try:
            more = token_ids(_read_json(generation, path).get("eos_token_id"))
        except (TypeError, ValueError, OverflowError) as exc:
            raise ModelFileError("model_corrupt", path=path, detail=f"{generation.name}: {exc!r}") from exc
        config = replace(config, eos_token_ids=tuple(dict.fromkeys(config.eos_token_ids + more)))
    weights = _weight_files(path)
    stats = [(p.name, p.stat().st_size, p.stat().st_mtime_ns) for p in (path / "config.json", *weights)]
    key = short_name(repr((str(path.resolve()), stats)))
    return ModelFiles(path, "safetensors", config, key, weights=weights)


def _weight_files(path: Path) -> tuple[Path, ...]:
    index = path / "model.safetensors.index.json"
    if index.is_file():
        try:
            names = sorted(set(_read_json(index, path)["weight_map"].values()))
        except (KeyError, AttributeError, TypeError) as exc:
            raise ModelFileError("model_corrupt", path=path, detail=f"{index.name}: {exc!r}") from exc
        files = tuple(path / os.path.basename(str(name)) for name in names)
    else:
        files = tuple(sorted(path.glob("*.safetensors")))
    if not files:
        raise ModelFileError("model_not_a_model", path=path, detail="no .safetensors file")
    for file in files:
        if not file.is_file():
            raise ModelFileError("model_corrupt", path=path, detail=f"{file.name} is missing")
    return files


def _read_json(file: Path, path: Path) -> dict[str, Any]:
    try:
        raw = texts.read_json(file)
    except (OSError, ValueError) as exc:
        raise ModelFileError("model_corrupt", path=path, detail=f"{file.name}: {exc}") from exc
    if not isinstance(raw, dict):
        raise ModelFileError("model_corrupt", path=path, detail=f"{file.name} is not an object")
    return raw
