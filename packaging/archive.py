"""The program as a folder and an archive, for people without the source: Helix, its launcher and ``uv``.

    python packaging/archive.py [--uv PROGRAM] [--output FOLDER]

Makes ``build/portable`` and ``build/Helix-VERSION-SYSTEM.zip`` (``.tar.gz`` elsewhere than on Windows). The installer
is made of the same folder: ``packaging/windows/helix.iss``.
"""

from __future__ import annotations

import argparse
import re
import shutil
import sys
import tarfile
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
_FOLDERS = ("helix_app", "resources", "packaging/launcher", "packaging/locks")
_FILES = ("main.py", "README.md", "LICENSE")
_NOT = shutil.ignore_patterns("__pycache__", "*.pyc", ".*")


def main() -> int:
    """Make folder and archive. Returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--uv", type=Path, default=shutil.which("uv"), help="the program uv that goes along")
    parser.add_argument("--output", type=Path, default=ROOT / "build", help="default build")
    options = parser.parse_args()
    if options.uv is None:
        parser.exit(2, "uv was not found: python -m pip install uv, or name it with --uv.\n")
    folder = options.output / "portable"
    lay_out(folder, options.uv, windows=sys.platform == "win32")
    print(pack(folder, options.output, sys.platform))
    return 0


def lay_out(folder: Path, uv: Path, *, windows: bool) -> None:
    """Copy the program and ``uv`` into an empty folder."""
    shutil.rmtree(folder, ignore_errors=True)
    shells = "packaging/windows" if windows else "packaging/unix"
    for name in (*_FOLDERS, shells):
        shutil.copytree(ROOT / name, folder / name, ignore=_NOT)
    for name in _FILES:
        shutil.copy2(ROOT / name, folder / name)
    shutil.copy2(uv, folder / "packaging" / ("uv.exe" if windows else "uv"))
    if windows:
        sys.path.insert(0, str(ROOT / "packaging"))
        from freeze import make_icon

        make_icon(folder / "resources" / "icons")


def version() -> str:
    """Helix's version, which is said in one place."""
    text = (ROOT / "helix_app" / "__init__.py").read_text(encoding="utf-8")
    found = re.search(r'^__version__ = "(.+)"$', text, re.MULTILINE)
    if found is None:
        raise SystemExit("helix_app/__init__.py has no __version__")
    return found[1]


def pack(folder: Path, output: Path, platform: str) -> Path:
    """One archive of a folder, with one folder in it. Returns its path."""
    system = {"win32": "windows", "darwin": "macos"}.get(platform, "linux")
    name = f"Helix-{version()}-{system}"
    if system == "windows":
        file = output / f"{name}.zip"
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
            for path in sorted(folder.rglob("*")):
                archive.write(path, Path(name) / path.relative_to(folder))
        return file
    file = output / f"{name}.tar.gz"
    with tarfile.open(file, "w:gz") as archive:
        archive.add(folder, name)
    return file


if __name__ == "__main__":
    raise SystemExit(main())
