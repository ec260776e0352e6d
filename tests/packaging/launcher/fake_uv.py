"""What the launcher asks of ``uv``, done in milliseconds: a folder with an interpreter, and packages of one file each.

Told by files beside it: ``offline`` lets every installation fail as without a connection, ``fail`` with the words that
it holds, ``refuse`` those whose
requirements name what it holds, ``stop-after`` ends the program after that many packages, as a kill would. ``calls``
gets a line a call.
"""

from __future__ import annotations

import base64
import hashlib
import sys
from pathlib import Path


class Stopped(SystemExit):
    """The program ends as if it had been killed."""


def told(here: Path, name: str) -> str:
    file = here / name
    return file.read_text() if file.exists() else ""


def make(folder: Path) -> None:
    site = folder / "lib" / "python3.12" / "site-packages"
    site.mkdir(parents=True)
    (folder / "bin").mkdir()
    (folder / "pyvenv.cfg").write_text("home = /\n")
    (folder / "bin" / "python").symlink_to(sys.executable)


def install(here: Path, environment: Path, arguments: list[str]) -> int:
    site = next(environment.glob("lib/python3*/site-packages"))
    again = {arguments[n + 1] for n, word in enumerate(arguments) if word == "--reinstall-package"}
    lock = Path(arguments[arguments.index("--requirements") + 1]) if "--requirements" in arguments else None
    lines = lock.read_text().splitlines() if lock else [arguments[-1]]
    if (here / "offline").exists():
        print("error: Request failed after 3 retries\n  cause: dns error", file=sys.stderr)
        return 2
    if words := told(here, "fail"):
        print(words, file=sys.stderr)
        return 2
    if told(here, "refuse") and any(told(here, "refuse") in line for line in (*lines, str(lock))):
        print("error: No solution found when resolving dependencies", file=sys.stderr)
        return 1
    limit = int(told(here, "stop-after") or 10**6)
    for count, line in enumerate(line for line in lines if "==" in line):
        if count == limit:
            raise Stopped(137)
        name, version = line.split()[0].split("==")
        name = name.partition("[")[0].replace("-", "_")
        record = site / f"{name}-{version.partition('+')[0]}.dist-info"
        if (record / "RECORD").exists() and name.replace("_", "-") not in again:
            continue
        content = f"name = {name!r}\n".encode()
        (site / f"{name}.py").write_bytes(content)
        digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
        record.mkdir(exist_ok=True)
        (record / "RECORD").write_text(f"{name}.py,sha256={digest},{len(content)}\n{record.name}/RECORD,,\n")
        print(f" + {name}", file=sys.stderr)
    return 0


def main(arguments: list[str], here: Path) -> int:
    with (here / "calls").open("a") as file:
        file.write(" ".join(arguments) + "\n")
    if arguments[0] == "venv":
        make(Path(arguments[-1]))
        return 0
    return install(here, Path(arguments[arguments.index("--python") + 1]).parents[1], arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], Path(__file__).parent))
