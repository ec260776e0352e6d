"""Imports after PySide6 are imports again, and Qt is what it was."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]


def run(code: str) -> str:
    """What a program of its own writes, for this one has imported Qt already."""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_no_source_is_read_and_qt_is_there() -> None:
    said = run(
        "import linecache\n"
        "from helix_app.base.process.imports import import_plainly\n"
        "from PySide6.QtCore import QObject\n"
        "import wave\n"
        "read = wave.__file__ in linecache.cache\n"
        "import_plainly()\n"
        "import_plainly()\n"
        "import colorsys\n"
        "from PySide6.QtCore import QTimer, Signal\n"
        "from PySide6 import QtGui\n"
        "class Told(QObject):\n"
        "    told = Signal(str)\n"
        "heard = []\n"
        "told = Told()\n"
        "told.told.connect(heard.append)\n"
        "told.told.emit('a')\n"
        "assert heard == ['a'] and QtGui.QColor('red').name() == '#ff0000' and not QTimer().isActive()\n"
        "print(read, colorsys.__file__ in linecache.cache)"
    )
    assert said.split() == ["True", "False"]  # the first says that PySide6 still reads sources


def test_without_qt_nothing_changes() -> None:
    said = run(
        "import builtins\n"
        "from helix_app.base.process.imports import import_plainly\n"
        "before = builtins.__import__\n"
        "import_plainly()\n"
        "print(builtins.__import__ is before)"
    )
    assert said.split() == ["True"]
