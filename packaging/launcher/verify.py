"""Whether the files of an environment are those that were installed, by the lists that wheels keep of them."""

from __future__ import annotations

import base64
import csv
import hashlib
import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path


def site_packages(environment: Path) -> Path | None:
    """The folder of installed packages, None where there is none."""
    found = [environment / "Lib" / "site-packages", *environment.glob("lib/python3*/site-packages")]
    return next((folder for folder in found if folder.is_dir()), None)


def python_of(environment: Path, *, windowed: bool = False) -> Path:
    """The interpreter of an environment; ``windowed``: the one without a console, on Windows."""
    if (environment / "Scripts").is_dir():
        return environment / "Scripts" / ("pythonw.exe" if windowed else "python.exe")
    return environment / "bin" / "python"


def broken(environment: Path, packages: Iterable[str], *, deep: bool = False) -> dict[str, str]:
    """Packages that are missing or damaged, each with what is wrong with it.

    Args:
        packages: names of all that must be there.
        deep: compare checksums, too, and not sizes alone; reads every file.
    """
    site = site_packages(environment)
    wrong: dict[str, str] = {}
    seen: set[str] = set()
    for record in sorted(site.glob("*.dist-info")) if site is not None else ():
        name = normal(record.name.partition("-")[0])
        seen.add(name)
        problem = next(_damage(record, deep), "")
        if problem:
            wrong[name] = problem
    wrong |= {name: "is missing" for name in map(normal, packages) if name not in seen}
    return wrong


def normal(name: str) -> str:
    """A package's name as indexes write it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def _damage(record: Path, deep: bool) -> Iterator[str]:
    try:
        with (record / "RECORD").open(encoding="utf-8", newline="") as file:
            rows = list(csv.reader(file))
    except (OSError, ValueError, csv.Error):
        yield "was not installed to its end"
        return
    for row in rows:
        if len(row) != 3 or not row[2].isdigit() or "__pycache__" in row[0]:
            continue  # the list itself, and what Python compiles anew
        file_path = reachable(record.parent / row[0])
        try:
            if os.stat(file_path).st_size != int(row[2]):
                yield f"{row[0]} has another size"
            elif deep and not _same(file_path, row[1]):
                yield f"{row[0]} has other contents"
        except OSError:
            yield f"{row[0]} is missing"


def reachable(path: Path) -> str:
    """A path of any length: Windows takes more than 260 characters with a mark before them alone."""
    whole = os.path.abspath(path)
    if os.name != "nt" or whole.startswith("\\\\?\\"):
        return whole
    return f"\\\\?\\UNC{whole[1:]}" if whole.startswith("\\\\") else f"\\\\?\\{whole}"


def _same(file: str, told: str) -> bool:
    algorithm, _, digest = told.partition("=")
    if algorithm != "sha256":
        return True
    found = hashlib.sha256()
    with open(file, "rb") as stream:
        while part := stream.read(1 << 20):
            found.update(part)
    return base64.urlsafe_b64encode(found.digest()).rstrip(b"=").decode() == digest
