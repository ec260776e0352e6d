"""ARCHITECTURE.md is true: what it names is there, every package is named, and tests mirror the tree."""

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


def is_there(name: str) -> bool:
    """Whether a dotted name is a package, a module, or (not looked at) something in a module."""
    place = ROOT
    for part in name.split("."):
        if (place / part).is_dir():
            place = place / part
        else:
            return (place / f"{part}.py").is_file()
    return True


def test_every_module_that_a_string_names_exists() -> None:
    """Processes are started, programs and patches found by such names: no type checker reads them."""
    places = [
        path for name in ("helix_app", "tests", "packaging", ".ci", ".github") for path in (ROOT / name).rglob("*")
    ]
    gone = set()
    for path in [*places, ROOT / "pyproject.toml", ROOT / "README.md"]:
        if path.suffix not in {".py", ".toml", ".md", ".yml", ".spec", ".sh", ""} or not path.is_file():
            continue
        for name in re.findall(r"(?<![\w./-])((?:helix_app|tests)(?:\.[a-z]\w*){2,})", path.read_text("utf-8")):
            if not is_there(name):
                gone.add(f"{path.relative_to(ROOT).as_posix()}: {name}")
    assert not gone


@pytest.mark.parametrize("title", TITLES)
def test_a_walk_is_short(title: str) -> None:
    steps = named(section(title))
    assert 5 < len(steps) <= TITLES[title], sorted(steps)


def test_the_glossary_is_short() -> None:
    rows = [line for line in TEXT.partition("## Words")[2].partition("\n## ")[0].splitlines() if line.startswith("| ")]
    assert 20 < len(rows) - 1 <= 40


def test_every_larger_module_has_its_tests_beside_it() -> None:
    """``helix_app/a/b.py`` has ``tests/a/test_b.py``, or a folder ``tests/a/b`` with tests in it."""
    missing = []
    for path in PACKAGE.rglob("*.py"):
        place = path.relative_to(PACKAGE)
        twin = f"tests/{(place.parent / f'test_{place.name}').as_posix()}"
        folder = f"tests/{place.with_suffix('').as_posix()}/test_"
        lines = len(path.read_text("utf-8").splitlines())
        if lines > 80 and twin not in FILES and not any(file.startswith(folder) for file in FILES):
            missing.append(place.as_posix())
    assert not missing
