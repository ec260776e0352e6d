"""A damaged file of settings: what can be made out of it, and a copy of it."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Container
from pathlib import Path
from typing import Any

log = logging.getLogger(__name__)
_MOST_COPIES = 100


def made_out(text: str, names: Container[str]) -> dict[str, Any]:
    """The settings in a text that is no JSON as a whole. One that is there twice counts only if both agree."""
    found: dict[str, Any] = {}
    for match in re.finditer(r'(?<!\\)"(\w+)"\s*:\s*', text):
        name = match[1]
        if name not in names:
            continue
        try:
            value = json.JSONDecoder().raw_decode(text, match.end())[0]
        except (ValueError, RecursionError):
            value = None
        found[name] = value if found.get(name, value) == value else None
    return found


def keep_copy(path: Path) -> Path | None:
    """Keep a damaged file beside itself, without touching earlier copies. Its copy; None where none can be made."""
    try:
        data = path.read_bytes()
        for number in range(1, _MOST_COPIES + 1):
            copy = path.with_name(f"{path.name}.bad{'' if number == 1 else number}")
            try:
                with copy.open("xb") as file:
                    file.write(data)
                return copy
            except FileExistsError:
                if copy.read_bytes() == data:
                    return copy
    except OSError:
        log.info("no copy of the damaged %s", path, exc_info=True)
    return None
