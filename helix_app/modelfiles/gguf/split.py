"""GGUF models in several files: the parts found beside each other and read as one.

llama.cpp (``gguf-split``) numbers the parts in their names and says in each header which one it is: ``split.no`` (from
0), ``split.count`` and ``split.tensors.count``. Only the first part describes the model.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from helix_app.base.errors import ModelFileError
from helix_app.base.message_texts.reasons import reason_of
from helix_app.modelfiles.gguf.gguf_file import GgufHeader, TensorInfo, read_header
from helix_app.modelfiles.part_names import model_name, part_files, part_name, some_of

_NUMBER, _COUNT, _TENSORS = "split.no", "split.count", "split.tensors.count"


def read_model(path: Path) -> GgufHeader:
    """The header of a model, whichever of its parts ``path`` is.

    Raises:
        ModelFileError: what ``read_header`` raises, or a part that is missing or belongs to another model.
    """
    header = read_header(path)
    count = _number(header, _COUNT)
    if count <= 1:
        return header
    parts = part_files(path)
    if len(parts) != count:
        number = _number(header, _NUMBER) + 1
        example = part_name(model_name(path), number, count)
        raise ModelFileError("model_part_name", path=path, number=number, count=count, example=example)
    missing = [part.name for part in parts if not part.is_file()]
    if missing:
        named = some_of(missing)
        raise ModelFileError("model_part_missing", path=path, count=count, missing=named, folder=path.parent)
    return _joined([header if part == path else read_header(part) for part in parts])


def _number(header: GgufHeader, key: str) -> int:
    value = header.metadata.get(key, 0)
    return value if isinstance(value, int) else 0


def _joined(headers: list[GgufHeader]) -> GgufHeader:
    first = headers[0]
    tensors: dict[str, TensorInfo] = {}
    for index, header in enumerate(headers):
        if _number(header, _NUMBER) != index or _number(header, _COUNT) != len(headers):
            said = reason_of("part_by_header", number=_number(header, _NUMBER) + 1, count=_number(header, _COUNT))
            raise _foreign(first, header, said)
        twice = tensors.keys() & header.tensors.keys()
        if twice:
            raise _foreign(first, header, reason_of("parts_both", name=min(twice)))
        tensors |= {name: replace(info, part=index) for name, info in header.tensors.items()}
    wanted = _number(first, _TENSORS)
    if wanted and wanted != len(tensors):
        raise _foreign(first, headers[-1], reason_of("parts_together", count=len(tensors), wanted=wanted))
    return replace(first, tensors=tensors, parts=tuple(header.path for header in headers))


def _foreign(first: GgufHeader, other: GgufHeader, reason: str) -> ModelFileError:
    return ModelFileError("model_part_foreign", path=first.path, other=other.path.name, reason=reason)
