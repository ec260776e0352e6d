"""Makes environments with ``uv``, tries them with ``doctor``, keeps the old one until a new one has passed."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from launcher import memory, verify, windows
from launcher.choice import Option
from launcher.programs import Programs
from launcher.variants import PYTHON, Recipe, recipe

READY = "helix-ready.json"
_DOCTOR_SECONDS = 900.0
_CLOSE_SECONDS = 60.0  # that a window may take to end
_KINDS = {"rocm": "cuda", "cuda": "cuda", "directml": "directml", "cpu": "cpu"}  # of device, by variant
_OFFLINE = (
    "dns error",
    "failed to lookup address",
    "error sending request",
    "client error (connect)",
    "connection reset",
    "connection refused",
    "network is unreachable",
    "timed out",
    "timeout",
    "offline",
    "http status server error",
    "429 too many requests",
)
_FULL = ("no space left on device", "not enough space on the disk", "os error 28)", "os error 112)", "quota exceeded")
_STOPPED = (130, 137, 143)  # exit codes of a program that a signal ended, as shells say them
_OWN = re.compile(r"(cpu|cuda|rocm|directml)(-gfx\w+)?-[0-9a-f]{12}")  # names of environments
_CAUSE = ("error", "  ×", "  cause")  # how lines of uv begin that say why


class VariantFailed(Exception):
    """This environment cannot be had, or does not work here: the next one may. Its text is the reason."""


class Refused(VariantFailed):
    """It was made, and does not work here: it is not tried at every start."""


class NotFetched(Exception):
    """No connection, a busy server, or ``uv`` was stopped: what is there stays, and the next start goes on."""


class StillOpen(Exception):
    """A window runs in the environment that is to be changed. Its text says what to do."""


class NoRoom(Exception):
    """The disk is too full. Its text says how much is needed and where."""


@dataclass
class Environments:
    """The environments of one person.

    Attributes:
        root: the folder they lie in.
        app: the folder of ``helix_app`` and ``main.py``.
        system: ``windows``, ``linux`` or ``macos``.
        say: tells a person a line.
        wheels: a folder of wheels that are taken before any index.
        python: the version to make environments of, or the path of an interpreter.
    """

    root: Path
    app: Path
    uv: str
    system: str
    say: Callable[[str], None]
    wheels: Path | None = None
    python: str = PYTHON
    programs: Programs = field(default_factory=Programs)

    # ------------------------------------------------------------------ what is there

    def recipe(self, option: Option) -> Recipe:
        """How an option's environment is made. Raises VariantFailed."""
        try:
            return recipe(option, self.system, self.wheels)
        except FileNotFoundError as exc:
            raise VariantFailed("there is no such environment for this system") from exc

    def folder(self, option: Option, made: Recipe) -> Path:
        """Where it lies."""
        return self.root / f"{option.name}-{made.digest}"

    def whole(self, folder: Path, made: Recipe) -> bool:
        """Whether it passed its test once and still has all its files, by their sizes."""
        if not (folder / READY).is_file() or not verify.python_of(folder).exists():
            return False
        return not verify.broken(folder, made.packages())

    # ------------------------------------------------------------------ making one

    def make(self, option: Option, *, repair: bool = False) -> Path:
        """Make an environment, go on with one that was begun, or put one right; then try it.

        Args:
            repair: compare every file with its checksum.

        Raises:
            VariantFailed, NotFetched, NoRoom: it is not there; what was made before stays.
            StillOpen: nothing was changed.
        """
        made = self.recipe(option)
        folder = self.folder(option, made)
        self._check_room(folder, made)
        self._let_go(folder)
        (folder / READY).unlink(missing_ok=True)
        if not verify.python_of(folder).exists() or not self.programs.starts(verify.python_of(folder)):
            self.say("Making the environment…")
            shutil.rmtree(verify.reachable(folder), ignore_errors=True)
            self._uv("venv", "--quiet", "--no-project", "--python", self.python, str(folder))
        for step in made.steps:
            self._uv("pip", "install", "--python", str(verify.python_of(folder)), *step)
        self.say("Checking its files…")
        wrong = verify.broken(folder, made.packages(), deep=repair)
        if wrong:
            for name, problem in sorted(wrong.items()):
                self.say(f"  {name}: {problem}")
            self._reinstall(folder, made, tuple(wrong))
            if wrong := verify.broken(folder, made.packages(), deep=repair):
                name, problem = sorted(wrong.items())[0]
                raise VariantFailed(f"{name} {problem}, also after it was installed again")
        self.say("Trying it on this computer…")
        self._try(option, folder)
        (folder / READY).write_text(json.dumps({"variant": option.variant, "gfx": option.gfx}), encoding="utf-8")
        return folder

    def _reinstall(self, folder: Path, made: Recipe, names: Sequence[str]) -> None:
        again = [part for name in names for part in ("--reinstall-package", name)]
        for step in made.steps:
            self._uv("pip", "install", "--python", str(verify.python_of(folder)), *again, *step)

    def _let_go(self, folder: Path) -> None:
        """Wait until the window that asked for this has ended: Windows replaces no file that a program runs from.

        Raises StillOpen where it does not end in time, or another one runs.
        """
        if os.name != "nt" or not windows.in_use(folder):
            return
        self.say("Waiting until Helix is closed…")
        end = time.monotonic() + _CLOSE_SECONDS
        while windows.in_use(folder):
            if time.monotonic() >= end:
                raise StillOpen("Helix is still open. Close all its windows.")
            time.sleep(0.5)

    def _check_room(self, folder: Path, made: Recipe) -> None:
        if folder.exists():
            return  # begun: what is there is part of what is needed
        place = next((parent for parent in (folder, *folder.parents) if parent.exists()), None)
        if place is not None and (free := shutil.disk_usage(place).free) < made.needs:
            raise NoRoom(f"{made.needs / 1e9:.1f} GB are needed in {self.root}, {free / 1e9:.1f} GB are free.")

    def _uv(self, *arguments: str) -> None:
        """Run ``uv``. Raises VariantFailed, NotFetched and NoRoom."""
        try:
            code, lines = self.programs.uv([self.uv, *arguments], self.say)
        except OSError as exc:
            raise VariantFailed(f"{self.uv} cannot be started ({exc})") from exc
        if code == 0:
            return
        text = "\n".join(lines)
        if code < 0 or code in _STOPPED:
            raise NotFetched("Fetching was stopped.")
        if full := next((line for line in lines if any(word in line.lower() for word in _FULL)), ""):
            raise NoRoom(f"{full.strip()}: {self.root}.")
        if any(word in text.lower() for word in _OFFLINE):
            raise NotFetched(text)
        raise VariantFailed(next((line for line in lines if line.startswith(_CAUSE)), text[-300:]).strip())

    # ------------------------------------------------------------------ trying one

    def _try(self, option: Option, folder: Path) -> None:
        """``doctor`` in the environment. Raises Refused unless a device of the variant passed its self-test."""
        try:
            said = json.loads(self.programs.doctor(verify.python_of(folder), self.app, _DOCTOR_SECONDS))
            tests, findings = list(said["self_tests"]), list(said["findings"])
        except subprocess.TimeoutExpired as exc:
            raise Refused("its test did not end") from exc
        except (OSError, ValueError, LookupError, TypeError) as exc:
            raise Refused(f"its test gave no answer ({type(exc).__name__})") from exc
        kind = _KINDS[option.variant]
        tried = [test for test in tests if str(test["device"]).partition(":")[0] == kind]
        if option.variant == "rocm" and not (said.get("torch") or {}).get("hip"):
            raise Refused("its PyTorch is not AMD's")
        if any(test["whole"] for test in tried):
            return
        for test in tried:
            trouble = test["trouble"]
            raise Refused(f"{test['device']}: {trouble['reason'] or 'it computes something else than the CPU'}")
        texts = [str(found.get("text", "")) for found in findings]
        raise Refused(texts[0] if texts else "PyTorch finds no card")

    # ------------------------------------------------------------------ which one

    def settle(self, options: Sequence[Option], *, repair: bool = False) -> Path:
        """The environment to start in: the first option that is whole, or can be made and passes its test.

        Raises:
            VariantFailed, NotFetched, NoRoom: there is none, and no older one either.
            StillOpen: as of ``make``.
        """
        known = memory.read(self.root)
        problem: Exception = VariantFailed("there is nothing to try")
        for option in options:
            try:
                made = self.recipe(option)
                folder = self.folder(option, made)
                if reason := known.reason(option.name, made.digest):
                    raise Refused(reason)
                if repair or not self.whole(folder, made):
                    self.make(option, repair=repair)
            except VariantFailed as exc:
                self.say(f"{option.name} is not used: {exc}")
                if isinstance(exc, Refused):
                    known.failed[option.name] = [made.digest, str(exc)]
                    memory.write(self.root, known)
                problem = exc
                continue
            except (NotFetched, NoRoom) as exc:
                before = self.root / known.current
                if known.current and (before / READY).is_file():
                    self.say("The environment of before is used until then.")
                    return before
                raise exc
            known.failed.pop(option.name, None)
            before, known.current = known.current, folder.name
            memory.write(self.root, known)
            self._remove_others(folder.name, before)
            return folder
        raise problem

    def _remove_others(self, *kept: str) -> None:
        """Remove environments but these; one that a window runs in stays until the next time, and any other folder."""
        for folder in self.root.iterdir():
            if folder.name in kept or not _OWN.fullmatch(folder.name) or folder.is_symlink():
                continue
            if (folder / "pyvenv.cfg").exists() and not windows.in_use(folder):
                shutil.rmtree(verify.reachable(folder), ignore_errors=True)
