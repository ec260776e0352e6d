"""How a model's weights are packed: told by a file's name, or by its header."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

# as llama.cpp and those who quantise for it write them
_NAME = re.compile(
    r"(?:^|[-._/])((?:UD-)?(?:IQ[1-4]_(?:XXS|XS|S|M|NL)|Q[2-8]_K(?:_(?:XXS|XS|S|M|L|XL))?|Q[4-8]_[01]|TQ[12]_0"
    r"|MXFP4(?:_MOE)?|NVFP4|BF16|F16|FP16|F32|FP32|Q[2-8]))(?=$|[-._/])",
    re.IGNORECASE,
)
_AS_WRITTEN = {"FP16": "F16", "FP32": "F32"}
_ASIDE = ("mmproj", "imatrix", "vocab-only")  # files beside a model that are none


def of_name(name: str) -> str:
    """The quantisation in the name of a file; empty where it has none."""
    stem = name[:-5] if name.lower().endswith(".gguf") else name
    found = _NAME.findall(stem)
    if not found:
        return ""
    written = str(found[-1]).upper()
    return _AS_WRITTEN.get(written, written)


def of_header(metadata: Mapping[str, Any]) -> str:
    """The quantisation that ``general.file_type`` names; empty where it names none."""
    import gguf

    kind = metadata.get("general.file_type")
    try:
        name = gguf.LlamaFileType(int(kind)).name if kind is not None else ""
    except (ValueError, TypeError):
        return ""
    return name.removeprefix("ALL_").removeprefix("MOSTLY_").removesuffix("_SOME_F16")


def is_model(name: str) -> bool:
    """Whether a file of this name is a GGUF model, and not something that goes with one."""
    low = name.lower()
    return low.endswith(".gguf") and not any(word in low for word in _ASIDE)
