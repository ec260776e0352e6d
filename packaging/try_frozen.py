"""Does a frozen program work? It lists models, answers with the model it ships, opens its window and quits.

    python packaging/try_frozen.py build/frozen/Helix [--model FILE] [--picture FILE]

Runs in an empty home whose name has a space and an umlaut, without Python on the path. Prints what took how long.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from datetime import datetime
from pathlib import Path

_SECONDS = 600


def main() -> int:
    """Try it. Returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program", type=Path, help="the folder of the frozen program")
    parser.add_argument("--model", default="smollm2-135m-instruct", help="a model's name or file")
    parser.add_argument("--picture", type=Path, help="save a picture of the window here")
    options = parser.parse_args()
    end = ".exe" if sys.platform == "win32" else ""
    command, window = (options.program.resolve() / f"{name}{end}" for name in ("helix-cli", "Helix"))
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "Jörg Müller"
        home.mkdir()
        environment = empty_environment(home)
        run([command, "models", "list"], environment, "models are listed")
        request = ["--prompt", "Name three rivers.", "--temperature", "0", "--max-tokens", "16", "--json"]
        said = json.loads(run([command, "generate", "--target", options.model, *request], environment, "16 tokens"))
        if not said["generated_text"].strip():
            raise SystemExit(f"nothing was written: {said}")
        picture = ["--picture", str(options.picture.resolve())] if options.picture else []
        begin = time.time()
        run([window, "--smoke-test", *picture], environment, "the window opens, the engine answers, it quits")
        print(f"of that, until the first window: {first_window(home / 'Helix') - begin:.1f} s", flush=True)
        if options.picture and not options.picture.exists():
            raise SystemExit("the window saved no picture")
    return 0


def first_window(helix_home: Path) -> float:
    """When the log says that the first window was there, in seconds since 1970. Raises SystemExit where it does not."""
    for line in (helix_home / "logs" / "helix.log").read_text(encoding="utf-8").splitlines():
        if line.endswith("the first window is there"):
            return datetime.strptime(line[:23], "%Y-%m-%d %H:%M:%S,%f").timestamp()
    raise SystemExit("the log knows no window")


def empty_environment(home: Path) -> dict[str, str]:
    """The variables of a person who has nothing: no Python, no settings."""
    kept = (
        "SYSTEMROOT",
        "WINDIR",
        "COMSPEC",
        "TEMP",
        "TMP",
        "QT_QPA_PLATFORM",
        "DISPLAY",
        "LANG",
        "NUMBER_OF_PROCESSORS",
    )
    environment = {name: os.environ[name] for name in kept if name in os.environ}
    system = os.environ.get("SYSTEMROOT")
    path = str(Path(system) / "System32") if system else "/nowhere"
    return {**environment, "HOME": str(home), "USERPROFILE": str(home), "HELIX_HOME": str(home / "Helix"), "PATH": path}


def run(command: list[Path | str], environment: dict[str, str], what: str) -> str:
    """Run it and say how long it took. Raises SystemExit where it fails."""
    begin = time.perf_counter()
    done = subprocess.run([str(part) for part in command], env=environment, capture_output=True, timeout=_SECONDS)
    output, errors = (stream.decode("utf-8", "replace") for stream in (done.stdout, done.stderr))
    if done.returncode:
        raise SystemExit(f"{what}: exit code {done.returncode}\n{output[-2000:]}\n{errors[-4000:]}")
    print(f"{what}: {time.perf_counter() - begin:.1f} s", flush=True)
    return output


if __name__ == "__main__":
    raise SystemExit(main())
