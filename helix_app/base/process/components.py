"""What Helix is made with and ships beside its own code: names, versions and licences, as their packages state them."""

from __future__ import annotations

import importlib.metadata
from dataclasses import dataclass

PACKAGES = (
    "torch",
    "torch-directml",
    "transformers",
    "tokenizers",
    "safetensors",
    "gguf",
    "llvmlite",
    "llguidance",
    "numpy",
    "huggingface_hub",
    "httpx",
    "PySide6-Essentials",
    "pyqtgraph",
    "Pygments",
    "markdown-it-py",
    "pypdf",
    "ziamath",
    "jinja2",
    "msgspec",
    "platformdirs",
    "filelock",
    "tqdm",
    "fastapi",
    "uvicorn",
    "pydantic",
    "prometheus-client",
)
_LONGEST = 80  # characters of a licence's name; some packages state its whole text there


@dataclass(frozen=True)
class Component:
    """A package that is installed; ``licence`` is empty where it states none."""

    name: str
    version: str
    licence: str


def components() -> tuple[Component, ...]:
    """What of ``PACKAGES`` is here, in its order."""
    found = []
    for name in PACKAGES:
        try:
            stated = importlib.metadata.metadata(name)
        except importlib.metadata.PackageNotFoundError:
            continue
        found.append(Component(name, str(stated["Version"] or ""), licence_of(stated)))
    return tuple(found)


def licence_of(stated: importlib.metadata.PackageMetadata) -> str:
    """The licence by its expression, else by its classifiers, else by a short free text."""
    known = set(stated)
    if "License-Expression" in known:
        return str(stated["License-Expression"])
    marks = [line.rpartition(" :: ")[2] for line in stated.get_all("Classifier") or () if line.startswith("License ::")]
    names = [mark.removesuffix(" License") for mark in marks if mark != "OSI Approved"]
    if names:
        return ", ".join(names)
    text = str(stated["License"]).strip() if "License" in known else ""
    return text if len(text) <= _LONGEST and "\n" not in text else ""
