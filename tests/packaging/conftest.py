"""The programs of ``packaging/`` are no package that is installed: they are found where they lie."""

from __future__ import annotations

import sys
from pathlib import Path

FOLDER = str(Path(__file__).parents[2] / "packaging")
if FOLDER not in sys.path:
    sys.path.append(FOLDER)
