"""What a file is that does not begin like GGUF, told by its first bytes and its name."""

from __future__ import annotations

import re
import struct
import zipfile
from pathlib import Path
from typing import NoReturn

from helix_app.base.errors import ModelFileError
from helix_app.base.message_texts.reasons import reason_of

_HEAD = 4096
_LFS = b"version https://git-lfs.github.com/spec/"
_LFS_MOST = 1024  # bytes of a pointer
_OLD = {b"lmgg": "GGML", b"fmgg": "GGMF", b"tjgg": "GGJT"}  # llama.cpp's formats before GGUF; magics in little endian
_OLD_ADAPTER = b"algg"
_ARCHIVES = {
    b"PK\x03\x04": "ZIP",
    b"PK\x05\x06": "ZIP",
    b"\x1f\x8b": "gzip",
    b"7z\xbc\xaf\x27\x1c": "7-Zip",
    b"Rar!": "RAR",
    b"\xfd7zXZ": "xz",
    b"BZh": "bzip2",
    b"\x28\xb5\x2f\xfd": "zstd",
}
_TAR_AT, _TAR = 257, b"ustar"
_FORMATS = {".onnx": "ONNX", ".h5": "TensorFlow", ".msgpack": "Flax", ".tflite": "TensorFlow Lite", ".nemo": "NeMo"}
_PICKLES = (".bin", ".pth", ".pt", ".ckpt", ".pkl")
_UNFINISHED = (".part", ".crdownload", ".download", ".incomplete", ".partial", ".opdownload", ".aria2", ".tmp")
_RAW_PIECE = re.compile(
    r"\.gguf[-.](split-)?[a-z]$|\.gguf[-.]?(part|split)[-._]?([a-z]|\d+(-?of-?\d+)?)$", re.IGNORECASE
)


def refuse(path: Path) -> NoReturn:
    """Raise the ModelFileError that names what this file is, which is not GGUF.

    Raises:
        ModelFileError: always.
        OSError: it cannot be read.
    """
    with path.open("rb") as file:
        head = file.read(_HEAD)
    size = path.stat().st_size
    if is_pointer(path):
        raise ModelFileError("model_pointer", path=path, size=size)
    if head[:4] in _OLD:
        raise ModelFileError("model_old_format", path=path, format=_OLD[head[:4]])
    if head[:4] == _OLD_ADAPTER:
        raise ModelFileError("model_adapter", path=path, base=reason_of("base_by_maker"))
    if _is_page(head):
        raise ModelFileError("model_page", path=path)
    if is_raw_piece(path):
        raise ModelFileError("model_part_raw", path=path)
    if is_unfinished_name(path):
        raise ModelFileError("model_unfinished", path=path, reason=reason_of("file_has_so_far", size=f"{size:,}"))
    if path.suffix.lower() in _FORMATS:
        raise ModelFileError("model_other_format", path=path, format=_FORMATS[path.suffix.lower()])
    if _is_pickle(path, head):
        raise ModelFileError("model_pickle", path=path)
    if _is_safetensors(path, head) or path.suffix == ".json":
        _refuse_member(path)
    raise ModelFileError("model_not_a_model", path=path, what=_begins(path, _content(head)))


def is_pointer(path: Path) -> bool:
    """Whether a file is the note that Git LFS leaves in place of a large one."""
    try:
        if path.stat().st_size > _LFS_MOST:
            return False
        return path.read_bytes().startswith(_LFS)
    except OSError:
        return False


def is_unfinished_name(path: Path) -> bool:
    """Whether a browser or a download manager names files so until they are whole."""
    return path.suffix.lower() in _UNFINISHED


def is_raw_piece(path: Path) -> bool:
    """Whether the name is of one piece of a file cut up byte by byte, which GGUF's own parts are not."""
    return _RAW_PIECE.search(path.name) is not None


def _refuse_member(path: Path) -> NoReturn:
    folder = path.parent
    if (folder / "config.json").is_file() or (folder / "adapter_config.json").is_file():
        raise ModelFileError("model_open_folder", path=path, folder=folder)
    what = reason_of("file_no_config")
    if path.suffix == ".json":
        what = reason_of("file_text")
    raise ModelFileError("model_not_a_model", path=path, what=what)


def _begins(path: Path, content: str) -> str:
    if path.suffix.lower() == ".gguf":
        return reason_of("file_named_gguf", content=content)
    return content


def _content(head: bytes) -> str:
    archive = next((name for magic, name in _ARCHIVES.items() if head.startswith(magic)), "")
    if not archive and head[_TAR_AT : _TAR_AT + len(_TAR)] == _TAR:
        archive = "tar"
    if archive:
        return reason_of("file_archive", kind=archive)
    if not head.strip(b"\0"):
        return reason_of("file_zeros")
    if _is_text(head):
        return reason_of("file_text")
    return reason_of("file_no_gguf")


def _is_page(head: bytes) -> bool:
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    return start.startswith((b"<!doctype html", b"<html", b"<head")) or (start.startswith(b"<") and b"<html" in start)


def _is_text(head: bytes) -> bool:
    if b"\0" in head:
        return False
    try:
        head.decode("utf-8")
    except UnicodeDecodeError as exc:
        return len(head) == _HEAD and exc.start > _HEAD - 4  # a character cut in two
    return True


def _is_pickle(path: Path, head: bytes) -> bool:
    if head.startswith(b"PK"):
        try:
            with zipfile.ZipFile(path) as archive:
                return any(name.endswith("data.pkl") for name in archive.namelist())
        except (zipfile.BadZipFile, OSError, ValueError):
            return path.suffix.lower() in _PICKLES
    return head[:1] == b"\x80" and head[1:2] in (b"\x02", b"\x03", b"\x04", b"\x05")


def _is_safetensors(path: Path, head: bytes) -> bool:
    if path.suffix.lower() == ".safetensors":
        return True
    if len(head) < 10 or head[8:10] != b'{"':
        return False
    return int(struct.unpack("<Q", head[:8])[0]) < path.stat().st_size
