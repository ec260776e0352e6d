"""The launcher's command: find the card, have an environment for it, start the window in it."""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from launcher import memory, verify, windows
from launcher.cards import Machine, this_machine
from launcher.choice import VARIANTS, Choice, Option, best_first, choose, title
from launcher.environments import Environments, NoRoom, NotFetched, StillOpen, VariantFailed
from launcher.programs import clean
from launcher.variants import PYTHON, locked, rocm_index

APP = Path(__file__).resolve().parents[2]
LAUNCHER = "HELIX_LAUNCHER"  # tells the window, as JSON, which command starts the launcher
CHOICES = "HELIX_VARIANTS"  # and which accelerators there are for this system, with commas


def main(argv: Sequence[str] | None = None, machine: Machine | None = None) -> int:
    """Start Helix. Returns the exit code: 0 done, 1 it could not be, 2 wrong usage."""
    any_text()
    options = parser().parse_args(argv)
    if not options.pause:
        return run(options, machine or this_machine())
    try:
        code = run(options, machine or this_machine())
    except Exception:
        traceback.print_exc()
        code = 1
    if code:
        with suppress(EOFError, RuntimeError, KeyboardInterrupt):  # or nobody is there to press anything
            input("Press Enter to close this window.")
    return code


def run(options: argparse.Namespace, machine: Machine) -> int:
    """What the options ask for. Returns the exit code."""
    root = options.environments or environments_folder(machine.system)
    choice = choose(machine, rocm_index=bool(rocm_index()) or options.wheels is not None)
    if options.list:
        say("\n".join(described(machine, choice, memory.read(root))))
        return 0
    if not choice.options:
        say("\n".join(choice.notes))
        return 1
    uv = options.uv or find_uv()
    if uv is None:
        say("The program uv was not found. Put it beside the launcher, or install it: python -m pip install uv")
        return 1
    made = Environments(root, APP, uv, machine.system, say, options.wheels, options.python)
    try:
        with only_one(root):
            folder = prepare(made, choice, options)
    except Busy:
        say("Helix is being set up in another window. Wait until that is done.")
        return 1
    except NotFetched as exc:
        say(f"{exc}\nHelix could not fetch what it needs. Check the connection and start again: it goes on from here.")
        return 1
    except StillOpen as exc:
        say(f"{exc} Then try again.")
        return 1
    except NoRoom as exc:
        say(f"{exc} Make room and start again.")
        return 1
    except (VariantFailed, OSError) as exc:
        say(f"Helix could not be set up: {exc}\nStart with --repair, or with --list to see what was tried.")
        return 1
    except KeyboardInterrupt:
        say("Stopped. Start again: it goes on from here.")
        return 1
    again = [sys.executable, str(APP / "packaging" / "launcher"), "--uv", uv, "--python", options.python]
    again += ["--environments", str(root.absolute())]
    again += ["--wheels", str(options.wheels.absolute())] if options.wheels is not None else []
    again += ["--pause"] if machine.system == "windows" else []  # its console is gone with it
    return 0 if options.no_start else start(folder, options.window, again, machine.system)


def parser() -> argparse.ArgumentParser:
    """The command line."""
    made = argparse.ArgumentParser(prog="launcher", description=__doc__)
    made.add_argument("--variant", choices=("auto", *VARIANTS), help="change the accelerator, from now on")
    made.add_argument("--repair", action="store_true", help="compare every file, put right what is damaged, test again")
    made.add_argument("--list", action="store_true", help="say what was found here and what would be used")
    made.add_argument("--no-start", action="store_true", help="make the environment and do not open the window")
    made.add_argument("--wheels", type=Path, help="a folder of wheels that are taken before any index")
    made.add_argument("--environments", type=Path, help="the folder of environments")
    made.add_argument("--uv", help="the program uv")
    made.add_argument("--pause", action="store_true", help="after a failure wait for a key, so that it can be read")
    made.add_argument(
        "--python",
        default=os.environ.get("HELIX_PYTHON", PYTHON),
        help=f"version of Python, or an interpreter (default {PYTHON})",
    )
    made.add_argument("window", nargs="*", help="what the window is started with, after --")
    return made


def prepare(made: Environments, choice: Choice, options: argparse.Namespace) -> Path:
    """The environment to start in, made if need be. Raises what ``Environments.settle`` does."""
    known = memory.read(made.root)
    if options.variant not in (None, "auto") and not locked(options.variant, made.system):
        say(f"There is no environment for {options.variant} on this system; the choice of before stays.")
    elif options.variant is not None:
        known.wanted = "" if options.variant == "auto" else options.variant
        for name in [name for name in known.failed if options.variant in ("auto", name.partition("-")[0])]:
            del known.failed[name]
        memory.write(made.root, known)
    if options.repair:
        known.failed.clear()
        memory.write(made.root, known)
    if known.wanted and not locked(known.wanted, made.system):
        known.wanted = ""
        memory.write(made.root, known)
    tried = wanted_first(choice.options, known.wanted)
    announce(made, tried[0], choice)
    return made.settle(tried, repair=options.repair)


def announce(made: Environments, first: Option, choice: Choice) -> None:
    """Say what is about to be made, where it is not there yet."""
    try:
        recipe = made.recipe(first)
    except VariantFailed:
        return  # told when it is tried
    if not made.whole(made.folder(first, recipe), recipe):
        say(first.why)
        for note in choice.notes:
            say(note)
        say(f"About {recipe.fetched / 1e9:.1f} GB are fetched once, and {recipe.needs / 1e9:.1f} GB of disk used.")


def wanted_first(options: Sequence[Option], wanted: str) -> tuple[Option, ...]:
    """The options with the one that a person chose in front, made up for where the machine did not offer it."""
    if not wanted:
        return tuple(options)
    chosen = [option for option in options if option.variant == wanted]
    if not chosen and wanted != "rocm":  # ROCm's needs to know the card
        chosen = [Option(wanted, "As you chose.")]
    return (*chosen, *(option for option in options if option.variant != wanted))


def described(machine: Machine, choice: Choice, known: memory.Memory) -> list[str]:
    """What ``--list`` prints."""
    lines = [f"system: {machine.system} ({machine.processor})"]
    lines += [f"card: {title(card)}" for card in best_first(machine.cards)] or ["card: none"]
    lines += [f"{number}. {option.name}: {option.why}" for number, option in enumerate(choice.options, 1)]
    lines += [f"note: {note}" for note in choice.notes]
    lines += [f"failed: {name}: {entry[-1]}" for name, entry in sorted(known.failed.items()) if entry]
    if known.wanted:
        lines.append(f"chosen: {known.wanted}")
    return [*lines, f"in use: {known.current or 'nothing yet'}"]


def environments_folder(system: str) -> Path:
    """Where environments lie: beside Helix's own data, whose place the command line and the window agree on."""
    if home := os.environ.get("HELIX_HOME"):
        return Path(home).expanduser() / "environments"
    if system == "windows":
        local = os.environ.get("LOCALAPPDATA")
        return Path(local or Path.home() / "AppData" / "Local") / "Helix" / "environments"
    if system == "macos":
        return Path.home() / "Library" / "Application Support" / "Helix" / "environments"
    return Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share") / "Helix" / "environments"


def find_uv() -> str | None:
    """``uv`` beside the launcher, as the installer puts it there, or on the path."""
    name = "uv.exe" if os.name == "nt" else "uv"
    beside = [APP / "packaging" / name, APP / name, Path(os.environ.get("UV", ""))]
    return next((str(path) for path in beside if path.is_file()), None) or shutil.which("uv")


def start(folder: Path, arguments: Sequence[str], again: Sequence[str], system: str) -> int:
    """Open the window: in place of this process, or on Windows beside it, since a console would stay open.

    Args:
        again: the command that the window asks for a repair or another accelerator with.
    """
    python = verify.python_of(folder, windowed=True)
    command = [str(python), str(APP / "main.py"), *arguments]
    environment = {**clean(os.environ), LAUNCHER: json.dumps(list(again))}
    environment[CHOICES] = ",".join(variant for variant in VARIANTS if locked(variant, system))
    if os.name != "nt":
        windows.note(folder, os.getpid())
        os.execve(command[0], command, environment)
    flags = getattr(subprocess, "CREATE_NO_WINDOW", 0)
    started = subprocess.Popen(command, env=environment, cwd=APP, close_fds=True, creationflags=flags)
    windows.note(folder, started.pid)
    return 0


class Busy(Exception):
    """Another launcher is at work."""


@contextmanager
def only_one(root: Path) -> Iterator[None]:
    """One launcher at a time makes environments; the system forgets the lock of one that was killed."""
    root.mkdir(parents=True, exist_ok=True)
    with (root / "launcher.lock").open("a+b") as file:
        try:
            if os.name == "nt":
                import msvcrt

                msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
            else:
                import fcntl

                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as exc:
            raise Busy from exc
        yield


def any_text() -> None:
    """Whatever uv and cards are called must reach a pipe, which on Windows has an encoding of few characters."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="replace")


def say(text: str) -> None:
    """A line for people; without a console there is nobody to read it."""
    if sys.stdout is not None:
        print(text, flush=True)
