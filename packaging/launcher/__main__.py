"""``python packaging/launcher``: start Helix."""

from __future__ import annotations

import sys
from pathlib import Path

if not __package__:  # started as a folder
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from launcher.main import main

if __name__ == "__main__":
    sys.exit(main())
