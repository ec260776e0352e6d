"""Run the tests on the DirectML set (torch 2.4.1, transformers 5.13.1, numpy 1.26), on the CPU.

    python packaging/test_directml_set.py [--keep FOLDER] [pytest arguments]

torch-directml itself is installed only where it has a wheel for this system; the set around it is the same.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def main() -> int:
    """Make the environment and run pytest in it; returns pytest's exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--keep", metavar="FOLDER", help="make (or use) the environment here and keep it")
    args, pytest_args = parser.parse_known_args()
    if not (3, 10) <= sys.version_info[:2] <= (3, 12):
        parser.exit(2, "The DirectML set needs Python 3.10, 3.11 or 3.12.\n")
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(args.keep) if args.keep else Path(temporary) / "venv"
        python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
        if not python.exists():
            venv.create(folder, with_pip=True)
        extras = "test,directml" if os.name == "nt" else "test"
        install = [
            "-m",
            "pip",
            "install",
            "-e",
            f"{ROOT}[{extras}]",
            "-c",
            str(ROOT / "packaging/constraints-directml.txt"),
        ]
        subprocess.run([str(python), *install], check=True, cwd=ROOT)
        environment = {
            **os.environ,
            "HELIX_FORCE_CPU": "",
            "QT_QPA_PLATFORM": os.environ.get("QT_QPA_PLATFORM", "offscreen"),
        }
        return subprocess.run(
            [str(python), "-m", "pytest", *pytest_args], cwd=ROOT, env=environment, check=False
        ).returncode


if __name__ == "__main__":
    raise SystemExit(main())
