"""What the launcher remembers between starts: the environment in use, what failed and why, what a person chose."""

from __future__ import annotations

import json
import os
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path

FILE = "launcher.json"
_WAITS = (0.05, 0.1, 0.2, 0.4)  # seconds


@dataclass
class Memory:
    """The content of ``launcher.json``.

    Attributes:
        current: folder name of the environment that windows start in; empty before the first.
        wanted: variant that a person chose; empty for the launcher's own choice.
        failed: option by name, to the digest of the environment that failed and the reason.
    """

    current: str = ""
    wanted: str = ""
    failed: dict[str, list[str]] = field(default_factory=dict)

    def reason(self, name: str, digest: str) -> str:
        """Why this very environment failed before; empty where it did not."""
        before, why = (*self.failed.get(name, []), "", "")[:2]
        return why if before == digest else ""


def read(root: Path) -> Memory:
    """What is remembered; a file that cannot be read is as good as none."""
    try:
        said = json.loads((root / FILE).read_text(encoding="utf-8"))
        failed = {str(name): [str(part) for part in entry] for name, entry in dict(said["failed"]).items()}
        return Memory(str(said["current"]), str(said["wanted"]), failed)
    except (OSError, ValueError, LookupError, TypeError):
        return Memory()


def write(root: Path, memory: Memory) -> None:
    """Keep it, whole or not at all. Raises OSError."""
    root.mkdir(parents=True, exist_ok=True)
    part = root / f"{FILE}.part"
    part.write_text(json.dumps(asdict(memory), indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    for seconds in _WAITS:
        try:
            os.replace(part, root / FILE)
            return
        except OSError as exc:
            if getattr(exc, "winerror", None) is None:
                raise
        time.sleep(seconds)  # on Windows a virus scanner may have one of them open for a moment
    os.replace(part, root / FILE)
