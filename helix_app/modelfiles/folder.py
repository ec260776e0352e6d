"""What a folder holds: the weights of a model, or something that Helix cannot run, named for what it is."""

from __future__ import annotations

import os
import re
import struct
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NoReturn

from helix_app.base import texts
from helix_app.base.errors import ModelFileError
from helix_app.base.message_texts.reasons import reason_of
from helix_app.modelfiles import foreign
from helix_app.modelfiles.gguf.other_kinds import UNKNOWN_BASE
from helix_app.modelfiles.part_names import model_name, some_of

INDEX = "model.safetensors.index.json"
_SHARD = re.compile(r"(?P<stem>.+)-(?P<number>\d{5})-of-(?P<count>\d{5})\.safetensors")
_PICKLES = ("*.bin", "*.pth", "*.pt", "*.ckpt")
_OTHER_FORMATS = {
    "*.onnx": "ONNX",
    "onnx/*.onnx": "ONNX",
    "*.onnx_data": "ONNX",
    "*.h5": "TensorFlow",
    "*.msgpack": "Flax",
    "*.tflite": "TensorFlow Lite",
    "*.nemo": "NeMo",
    "*.engine": "TensorRT",
    "openvino_model.xml": "OpenVINO",
}
_MOST_HEADER = 100 * 10**6  # bytes of a safetensors header; the format allows no more
_NOT_WEIGHTS = ("training_args.bin", "optimizer.bin", "optimizer.pt", "scheduler.pt", "rng_state.pth")


def gguf_of(folder: Path) -> Path | None:
    """The one GGUF model in a folder, None where there is none or where safetensors lie beside it.

    Parts of a split model count as one, and projectors as none.

    Raises:
        ModelFileError: there are several.
    """
    files = sorted(file for file in folder.glob("*.gguf") if not file.name.lower().startswith("mmproj"))
    if not files or any(folder.glob("*.safetensors")):
        return None
    models: dict[str, Path] = {}
    for file in files:
        models.setdefault(model_name(file), file)
    if len(models) > 1:
        raise ModelFileError("model_choose_one", path=folder, names=", ".join(file.name for file in models.values()))
    return files[0]


def check_folder(folder: Path) -> None:
    """Refuse a folder that is known by its files to be no model in the layout of transformers.

    Raises:
        ModelFileError: with a code for its kind.
    """
    for file in sorted(folder.iterdir()):
        if file.is_file() and foreign.is_pointer(file):
            raise ModelFileError("model_pointer", path=file, size=file.stat().st_size)
    has_config = (folder / "config.json").is_file()
    if (folder / "adapter_config.json").is_file() and not (has_config and _plain_weights(folder)):
        base = _adapter_base(folder / "adapter_config.json")
        raise ModelFileError("model_adapter", path=folder, base=base)
    if (folder / "model_index.json").is_file():
        raise ModelFileError("model_pictures", path=folder, architecture="diffusers")
    if not has_config:
        _refuse_without(folder, "config.json")


def weight_files(folder: Path) -> tuple[Path, ...]:
    """The safetensors files of a model folder, in order, all there and whole.

    Raises:
        ModelFileError: weights that are missing, cut off, or in another format.
    """
    index = folder / INDEX
    if index.is_file():
        try:
            names = sorted(set(read_json(index, folder)["weight_map"].values()))
        except (KeyError, AttributeError, TypeError) as exc:
            reason = reason_of("file_no_map", file=index.name)
            raise ModelFileError("model_corrupt", path=folder, reason=reason, detail=repr(exc)) from exc
        files = tuple(folder / os.path.basename(str(name)) for name in names)
    else:
        files = _plain_weights(folder)
    if not files:
        _refuse_without(folder, reason_of("weights_file"))
    missing = [file.name for file in files if not file.is_file()]
    if missing:
        count, named = len(files), some_of(missing)
        raise ModelFileError("model_part_missing", path=folder, count=count, missing=named, folder=folder)
    for file in files:
        check_whole(file)
    return files


def tensor_names(files: Iterable[Path]) -> frozenset[str]:
    """The names of all tensors in safetensors files. Raises ModelFileError."""
    return frozenset(name for file in files for name in check_whole(file))


def check_whole(file: Path) -> tuple[str, ...]:
    """See that a safetensors file has all bytes that its header announces; returns the names of its tensors.

    Raises:
        ModelFileError: it is cut off, or nonsense inside.
    """
    try:
        size = file.stat().st_size
        with file.open("rb") as opened:
            head = opened.read(8)
            length = struct.unpack("<Q", head)[0] if len(head) == 8 else size
            if length + 8 > size:
                _refuse_cut(file, reason_of("bytes_in_header", size=f"{size:,}"))
            if length > _MOST_HEADER:
                raise ValueError(f"a header of {length} bytes")
            header = texts.parse_json(opened.read(length).decode("utf-8"))
        tensors = {str(name): entry for name, entry in header.items() if name != "__metadata__"}
        ends = [entry["data_offsets"][1] for entry in tensors.values()]
        needed = 8 + length + max(ends, default=0)
        if needed > size:
            _refuse_cut(file, reason_of("bytes_of", size=f"{size:,}", needed=f"{needed:,}"))
        return tuple(tensors)
    except OSError as exc:
        raise ModelFileError("model_unreadable", path=file, reason=texts.why(exc), detail=repr(exc)) from exc
    except (ValueError, LookupError, TypeError, AttributeError, MemoryError, OverflowError) as exc:
        reason = reason_of("header_nonsense")
        raise ModelFileError("model_corrupt", path=file, reason=reason, detail=repr(exc)) from exc


def read_json(file: Path, folder: Path) -> dict[str, Any]:
    """The object in a JSON file of a model folder; raises ModelFileError."""
    try:
        raw = texts.read_json(file)
    except (OSError, ValueError) as exc:
        reason = reason_of("file_unread", file=file.name, said=exc)
        raise ModelFileError("model_corrupt", path=folder, reason=reason, detail=repr(exc)) from exc
    if not isinstance(raw, dict):
        raise ModelFileError("model_corrupt", path=folder, reason=reason_of("file_not_object", file=file.name))
    return raw


def _refuse_cut(file: Path, has: str) -> NoReturn:
    raise ModelFileError("model_corrupt", path=file, reason=reason_of("file_cut", has=has))


def _plain_weights(folder: Path) -> tuple[Path, ...]:
    """Weights that no index names, with what is missing of a numbered set; those of other layouts left out."""
    found = sorted(folder.glob("*.safetensors"))
    found = [file for file in found if not file.name.startswith(("consolidated", "adapter_"))]
    for file in found:
        match = _SHARD.fullmatch(file.name)
        if match is not None:
            stem, count = match["stem"], int(match["count"])
            return tuple(folder / f"{stem}-{i:05d}-of-{count:05d}.safetensors" for i in range(1, count + 1))
    return tuple(found)


def _adapter_base(file: Path) -> str:
    try:
        return str(texts.read_json(file)["base_model_name_or_path"] or UNKNOWN_BASE)
    except (OSError, ValueError, LookupError, TypeError):
        return UNKNOWN_BASE


def _refuse_without(folder: Path, what: str) -> NoReturn:
    """Name what a folder holds in place of what it lacks."""
    if any(folder.glob("consolidated*")) or ((folder / "params.json").is_file() and any(folder.glob("*.pth"))):
        layout = reason_of("format_original")
        raise ModelFileError("model_other_format", path=folder, format=layout)
    for pattern, name in _OTHER_FORMATS.items():
        if any(folder.glob(pattern)):
            raise ModelFileError("model_other_format", path=folder, format=name)
    for file in folder.iterdir():
        if foreign.is_unfinished_name(file):
            raise ModelFileError("model_unfinished", path=folder, reason=reason_of("file_not_whole", file=file.name))
    pickles = [file.name for pattern in _PICKLES for file in folder.glob(pattern)]
    if any(name not in _NOT_WEIGHTS for name in pickles):
        raise ModelFileError("model_pickle", path=folder)
    raise ModelFileError("model_not_a_model", path=folder, what=reason_of("folder_without", what=what))
