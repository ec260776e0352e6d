"""ARCHITECTURE.md is true: what it names is there, and every package is named."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "helix_app"
TEXT = (PACKAGE / "ARCHITECTURE.md").read_text("utf-8")
FILES = {path.relative_to(ROOT).as_posix() for name in ("helix_app", "tests") for path in (ROOT / name).rglob("*.py")}
TITLES = {"The way of one prompt": 14, "A model path": 14}  # a walk, and the most files it may lead through


def section(title: str) -> str:
    """The steps of a walk."""
    return re.split(r"\n(?=[^\d ])", TEXT.partition(f"## {title}")[2].partition("\n## ")[0].partition("\n")[2])[0]


def named(text: str) -> set[str]:
    return set(re.findall(r"`([\w/]+\.py)`", text))


def test_every_module_that_is_named_exists() -> None:
    gone = {name for name in named(TEXT) if not any(file.endswith("/" + name) for file in ("/" + f for f in FILES))}
    assert not gone


def test_every_package_is_named() -> None:
    packages = {path.parent.relative_to(PACKAGE).as_posix() for path in PACKAGE.rglob("__init__.py")} - {"."}
    top = {name for name in packages if "/" not in name}
    missing = {name for name in top if not re.search(rf"\b{name}\b", TEXT)}
    missing |= {name for name in packages - top if not re.search(rf"\b{name.rsplit('/', 1)[1]}/", TEXT)}
    assert not missing


@pytest.mark.parametrize("title", TITLES)
def test_a_walk_is_short(title: str) -> None:
    steps = named(section(title))
    assert 5 < len(steps) <= TITLES[title], sorted(steps)


def test_the_glossary_is_short() -> None:
    rows = [line for line in TEXT.partition("## Words")[2].partition("\n## ")[0].splitlines() if line.startswith("| ")]
    assert 20 < len(rows) - 1 <= 40
