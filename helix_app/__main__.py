"""``python -m helix_app``."""

from __future__ import annotations

from helix_app.cli import main

if __name__ == "__main__":
    raise SystemExit(main())
