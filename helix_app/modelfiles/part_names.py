"""How the files of a split GGUF model are named: ``stem-00001-of-00003.gguf`` (llama.cpp, ``gguf-split``)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

_NAME = re.compile(r"(?P<stem>.+)-(?P<number>\d{5})-of-(?P<count>\d{5})\.gguf", re.IGNORECASE)
_MOST_NAMED = 8


def part_files(path: Path) -> tuple[Path, ...]:
    """All files of the model that ``path`` is named to be a part of, there or not; the file itself for any other."""
    match = _NAME.fullmatch(path.name)
    if match is None or not 1 <= int(match["number"]) <= int(match["count"]):
        return (path,)
    count = int(match["count"])
    ending = path.suffix  # as it is written
    return tuple(path.with_name(part_name(match["stem"], i, count, ending)) for i in range(1, count + 1))


def part_name(stem: str, number: int, count: int, ending: str = ".gguf") -> str:
    """The name of part ``number``, from 1."""
    return f"{stem}-{number:05d}-of-{count:05d}{ending}"


def some_of(names: Sequence[str]) -> str:
    """Names of files for a sentence: the first few, for a name may announce a hundred thousand parts."""
    named = ", ".join(names[:_MOST_NAMED])
    return named if len(names) <= _MOST_NAMED else f"{named}, …"


def model_name(path: Path) -> str:
    """What a file is called without its ending and the number of its part."""
    match = _NAME.fullmatch(path.name)
    return match["stem"] if match is not None else path.stem
