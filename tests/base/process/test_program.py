"""How Helix starts itself again, frozen or not."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from helix_app.base.process import program
from tests.waiting import wait_for

ROOT = Path(__file__).parents[3]


@pytest.fixture
def frozen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "frozen", True, raising=False)


@pytest.mark.parametrize(
    ("system", "console", "flags"), [("win32", 5, 0), ("win32", 0, 0x08000000), ("linux", 0, 0x08000000)]
)
def test_what_it_starts_shares_its_console_where_it_has_one(
    monkeypatch: pytest.MonkeyPatch, system: str, console: int, flags: int
) -> None:
    kernel = SimpleNamespace(GetConsoleWindow=lambda: console)
    monkeypatch.setattr(program.ctypes, "windll", SimpleNamespace(kernel32=kernel), raising=False)
    monkeypatch.setattr(program, "HIDDEN", 0x08000000)
    monkeypatch.setattr(sys, "platform", system)
    assert program.quiet() == flags


def test_a_module_as_a_program() -> None:
    assert program.module_command("helix_app", "serve") == [sys.executable, "-m", "helix_app", "serve"]


@pytest.mark.usefixtures("frozen")
def test_a_module_of_a_frozen_program() -> None:
    command = program.module_command("helix_app.cli.benching.trial", "--x")
    assert command == [sys.executable, program.MODULE_FLAG, "helix_app.cli.benching.trial", "--x"]


def test_a_module_is_run_with_its_arguments(monkeypatch: pytest.MonkeyPatch) -> None:
    ran: list[tuple[str, list[str]]] = []
    monkeypatch.setattr(sys, "argv", list(sys.argv))
    monkeypatch.setattr(program.runpy, "run_module", lambda name, **_: ran.append((name, list(sys.argv))))
    assert program.dispatch(["Helix", program.MODULE_FLAG, "helix_app", "doctor", "--json"]) == 0
    assert ran == [("helix_app", ["helix_app", "doctor", "--json"])]


def test_nothing_but_helix_is_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(program.runpy, "run_module", pytest.fail)
    assert program.dispatch(["Helix", program.MODULE_FLAG, "http.server"]) == 2
    assert program.dispatch(["Helix", program.MODULE_FLAG, "helix_apparatus"]) == 2


def test_the_window_is_what_is_left() -> None:
    assert program.dispatch(["Helix"]) is None
    assert program.dispatch(["Helix", "--smoke-test"]) is None
    assert program.dispatch(["helix-cli"]) is None  # not frozen: that is nobody's name


@pytest.mark.usefixtures("frozen")
@pytest.mark.parametrize(
    "name", ["helix-cli", "HELIX-CLI", "C:/Program Files/Helix/helix-cli.exe", "/opt/Jörg/helix-cli"]
)
def test_the_frozen_command_line_is_known_by_its_name(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(program.importlib, "import_module", lambda _: SimpleNamespace(main=lambda: 7))
    assert program.dispatch([name, "models", "list"]) == 7
    assert program.dispatch(["Helix.exe"]) is None


def test_it_is_started_again_as_it_was_but_for_the_files_it_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[list[str]] = []
    monkeypatch.setattr(sys, "orig_argv", ["python3", "-X", "utf8", "main.py", "--verbose", "/x/model.gguf"])
    monkeypatch.setattr(program.subprocess, "Popen", lambda command, **_: started.append(command))
    program.start_again(without=["/x/model.gguf"])
    assert started == [[sys.executable, "-X", "utf8", "main.py", "--verbose"]]


def test_on_windows_it_is_started_again_without_a_console_and_what_stands_for_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    options: dict[str, object] = {}
    monkeypatch.setattr(sys, "platform", "win32")
    for name, flag in (("DETACHED_PROCESS", 8), ("CREATE_NEW_PROCESS_GROUP", 0x200)):
        monkeypatch.setattr(subprocess, name, flag, raising=False)
    monkeypatch.setattr(program.subprocess, "Popen", lambda command, **given: options.update(given))
    program.start_again()
    assert options.pop("env") == {**os.environ, "HELIX_UNREAD": "1"}
    assert options == {
        "creationflags": 0x208,
        **dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.DEVNULL),
    }


def test_the_launcher_learns_of_a_window_that_was_started_again(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(program.subprocess, "Popen", lambda command, **_: SimpleNamespace(pid=4321))
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    monkeypatch.setenv(program.LAUNCHER, "[]")
    program.start_again()  # a folder without such notes is none of the launcher's
    (tmp_path / program.NOTES).mkdir()
    program.start_again()
    assert [file.name for file in (tmp_path / program.NOTES).iterdir()] == ["4321"]
    launcher = ROOT / "packaging" / "launcher"
    assert f'FOLDER = "{program.NOTES}"' in (launcher / "windows.py").read_text(encoding="utf-8")
    assert f'LAUNCHER = "{program.LAUNCHER}"' in (launcher / "main.py").read_text(encoding="utf-8")


@pytest.mark.parametrize("windowed", ["no streams", "started again", ""])
def test_why_there_is_no_window_is_told_where_it_can_be_seen(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], windowed: str
) -> None:
    boxes: list[tuple[object, ...]] = []
    user = SimpleNamespace(MessageBoxW=lambda *told: boxes.append(told))
    monkeypatch.setattr(program.ctypes, "windll", SimpleNamespace(user32=user), raising=False)
    monkeypatch.setattr(sys, "platform", "win32")
    for name in ("stdout", "stderr"):  # none, as of ``pythonw``
        monkeypatch.setattr(sys, name, None if windowed == "no streams" else getattr(sys, name))
    if windowed == "started again":
        monkeypatch.setenv("HELIX_UNREAD", "1")
    program.guard_streams()
    assert "HELIX_UNREAD" not in os.environ, "it is not of what a window starts"
    program.tell("There is no display.")
    assert boxes == ([(None, "There is no display.", "Helix", 0x10)] if windowed else [])
    assert capsys.readouterr().err == ("" if windowed else "There is no display.\n")
    monkeypatch.setattr(sys, "platform", "linux")
    program.tell("There is no display.")
    assert len(boxes) == bool(windowed)


def test_what_starts_it_again_may_end_before_it(tmp_path: Path) -> None:
    """The command is this very one: a program that starts itself again, once."""
    code = (
        "import sys\n"
        "from pathlib import Path\n"
        "from helix_app.base.process import program\n"
        "from tests.waiting import wait_for\n"
        "file = Path(sys.argv[2])\n"
        "if sys.argv[1] == 'first':\n"
        "    sys.orig_argv[-2] = 'second'\n"
        "    program.start_again()\n"
        "else:\n"
        "    wait_for(file.exists)\n"
        "    file.with_name('second').touch()\n"
    )
    file = tmp_path / "ended"
    command = [sys.executable, "-c", code, "first", str(file)]
    assert subprocess.run(command, cwd=ROOT, timeout=60, check=False).returncode == 0
    file.touch()  # only now, when the first one is gone, the second goes on
    wait_for((tmp_path / "second").exists)
