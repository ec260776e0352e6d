"""One way to look at a model, whichever format it is in."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path

from helix_app.base import texts
from helix_app.base.errors import ModelFileError
from helix_app.base.message_texts.reasons import reason_of
from helix_app.base.process.paths import expanded
from helix_app.modelfiles.config import ModelConfig
from helix_app.modelfiles.config_check import NONSENSE
from helix_app.modelfiles.draft_head import head_kind
from helix_app.modelfiles.folder import check_folder, gguf_of, read_json, tensor_names, weight_files
from helix_app.modelfiles.gguf.gguf_config import config_from_gguf
from helix_app.modelfiles.gguf.gguf_file import GgufHeader, file_key, short_name
from helix_app.modelfiles.gguf.other_kinds import check_config
from helix_app.modelfiles.gguf.split import read_model
from helix_app.modelfiles.hf_config import config_from_hf, token_ids
from helix_app.modelfiles.next_token import may_have_next_token, with_next_token_of_folder
from helix_app.modelfiles.tokens.special_tokens import end_tokens
from helix_app.modelfiles.tokens.tokenizer_files import read_tokenizer_files


@dataclass(frozen=True)
class ModelFiles:
    """A readable model.

    Attributes:
        path: the GGUF file or the folder.
        gguf: its header when it is in GGUF, in one file or several; None for a folder of safetensors.
        weights: the safetensors files of a folder, in order.
        key: a short name that changes whenever the files do, for caches.
    """

    path: Path
    config: ModelConfig
    key: str
    gguf: GgufHeader | None = None
    weights: tuple[Path, ...] = ()


def inspect(path: Path | str) -> ModelFiles:
    """Read what a model is without loading its weights.

    Raises:
        ModelFileError: nothing there, not a model, incomplete, damaged, or not supported; each with its own code.
    """
    path = expanded(path)
    try:
        return _inspect(path)
    except OSError as exc:
        raise ModelFileError("model_unreadable", path=path, reason=texts.why(exc), detail=repr(exc)) from exc
    except NONSENSE as exc:  # wherever nobody thought of it: a file of strangers may say anything
        raise ModelFileError("model_corrupt", path=path, reason=reason_of("header_nonsense"), detail=repr(exc)) from exc


def _inspect(path: Path) -> ModelFiles:
    if not os.path.exists(path):
        raise ModelFileError("model_not_found", path=path)
    if path.is_dir():
        return _inspect_folder(path)
    if path.stat().st_size == 0:
        raise ModelFileError("model_corrupt", path=path, reason=reason_of("file_empty"))
    header = read_model(path)
    return ModelFiles(path, config_from_gguf(header), file_key(*header.files), gguf=header)


def _inspect_folder(path: Path) -> ModelFiles:
    one = gguf_of(path)  # GGUF repositories often carry a bare config.json
    if one is not None:
        return _inspect(one)
    check_folder(path)
    raw = read_json(path / "config.json", path)
    check_config(path, raw)
    if head_kind(raw):
        raise ModelFileError("model_draft_head", path=path)
    config = config_from_hf(raw, str(path))
    tokenizer, ends = read_tokenizer_files(path), config.eos_token_ids
    generation = path / "generation_config.json"
    if generation.is_file():
        try:
            more = token_ids(read_json(generation, path).get("eos_token_id"))
        except NONSENSE as exc:
            reason = reason_of("file_nonsense", file=generation.name, said=exc)
            raise ModelFileError("model_corrupt", path=path, reason=reason, detail=repr(exc)) from exc
        ends += more
    ends = end_tokens((*ends, *tokenizer.ends), tokenizer.markers, config.vocab_size)
    config = replace(config, eos_token_ids=ends)
    weights = weight_files(path)
    if may_have_next_token(raw):
        config = with_next_token_of_folder(config, tensor_names(weights))
    stats = [(p.name, p.stat().st_size, p.stat().st_mtime_ns) for p in weights]
    key = short_name(repr((str(path.resolve()), tokenizer.digest, stats)))
    return ModelFiles(path, config, key, weights=weights)
