"""The door of the command line: usage, help, versions, and an end in a sentence whatever went wrong."""

from __future__ import annotations

import ctypes
import sys
from pathlib import Path
from typing import Any

import pytest

from helix_app import __version__
from helix_app.cli import main as cli
from tests.cli.test_generate import Run, refused, run as run


@pytest.mark.parametrize(
    "args",
    [
        ("generate", "--prompt", "x", "--surprise"),
        ("generate", "--prompt", "x", "--max-tokens", "many"),
        ("generate",),
        ("generate", "--prompt", "x", "--batch", "y"),
        ("dance",),
        (),
    ],
    ids=" ".join,
)
def test_wrong_usage_names_the_help(run: Run, args: tuple[str, ...]) -> None:
    code, out, err = run(*args)
    assert (code, out) == (2, "")
    assert "--help" in err


def test_help_and_version(run: Run) -> None:
    for args in (("--help",), ("generate", "--help"), ("--version",)):
        code, out, err = run(*args)
        assert code == 0
        assert out
        assert err == ""


def later() -> list[str]:
    """Subcommands that this version does not have yet."""
    return [name for name in ("bench", "doctor", "train-draft") if name in cli._LATER]


@pytest.mark.parametrize("name", later())
def test_subcommands_of_later_versions(run: Run, name: str) -> None:
    sentence = refused(run(name, "--port", "1"))
    assert sentence.startswith(f"{name} is not available here")
    assert "generate" in sentence


def test_the_version_is_the_program_s(run: Run) -> None:
    assert run("--version")[1] == f"Helix {__version__}\n"


def test_every_command_names_itself_in_the_help(run: Run) -> None:
    told = run("--help")[1]
    for command in ("generate", "serve", "bench", "models", "doctor"):
        assert f"    {command} " in told
        assert run(command, "--help")[1].startswith(f"usage: python -m helix_app {command}")


# --------------------------------------------------------------------------- ends


@pytest.mark.parametrize(
    ("error", "code", "says"),
    [
        (TypeError("words of a library"), 1, "Something went wrong inside Helix"),
        (RecursionError("words of a library"), 1, "Something went wrong inside Helix"),
        (PermissionError(13, "words of the system", "/some/file"), 1, "/some/file cannot be used: Permission denied"),
        (MemoryError(), 1, "not enough memory"),
        (KeyboardInterrupt(), 1, "Stopped"),
        (BrokenPipeError(), 1, ""),
    ],
    ids=lambda value: type(value).__name__,
)
@pytest.mark.parametrize("command", ["generate", "serve", "bench", "models", "doctor"])
def test_what_nobody_expected(
    error: BaseException,
    code: int,
    says: str,
    command: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    def run(args: object) -> int:
        raise error

    monkeypatch.setenv("HELIX_HOME", str(tmp_path))
    monkeypatch.setattr(cli._module(command), "run", run)
    args = {"generate": ("--prompt", "x"), "models": ("list",)}.get(command, ())
    assert cli.main([command, *args]) == code
    out, err = capsys.readouterr()
    assert out == ""
    assert says in err
    assert bool(says) or not err  # nobody is there to be told
    assert "words of a library" not in err
    assert "Traceback" not in err
    if "inside Helix" in says:
        log = tmp_path / "logs" / "cli.log"
        assert str(log) in err
        assert "words of a library" in log.read_text(encoding="utf-8")


def test_an_unexpected_end_without_a_log_file(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    (tmp_path / "logs").write_text("a file in the way", encoding="utf-8")
    monkeypatch.setenv("HELIX_HOME", str(tmp_path))
    monkeypatch.setattr(cli._module("models"), "run", lambda args: 1 // 0)
    assert cli.main(["models", "list"]) == 1
    err = capsys.readouterr().err
    assert "run it with -v" in err
    assert "Traceback" not in err


class Consoles:
    """Stands for kernel32: output is a console, errors go into a file."""

    def __init__(self) -> None:
        self.modes: dict[int, int] = {-11: 3}
        self.GetStdHandle = Handles()

    def GetConsoleMode(self, handle: Any, mode: Any) -> int:
        found = self.modes.get(handle.value - 1000)
        if found is not None:
            ctypes.cast(mode, ctypes.POINTER(ctypes.c_uint32))[0] = found
        return int(found is not None)

    def SetConsoleMode(self, handle: Any, mode: int) -> int:
        self.modes[handle.value - 1000] = mode
        return 1


class Handles:
    """A function that can be told its result's type."""

    restype: Any = None

    def __call__(self, stream: int) -> int:
        return stream + 1000


def test_an_old_console_of_windows_is_told_to_take_codes(monkeypatch: pytest.MonkeyPatch) -> None:
    consoles = Consoles()
    monkeypatch.setattr(ctypes, "WinDLL", lambda name: consoles, raising=False)
    cli._live_lines()
    assert consoles.modes == {-11: 3}
    monkeypatch.setattr(sys, "platform", "win32")
    cli._live_lines()
    assert consoles.modes == {-11: 7}
