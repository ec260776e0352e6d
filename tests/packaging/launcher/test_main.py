"""The launcher's command line: what it says of a computer, which option comes first, one at a time."""

from __future__ import annotations

import builtins
import io
import json
import os
import sys
from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace

import pytest
from launcher import main as launcher, memory, windows
from launcher.cards import Card, Machine
from launcher.choice import Option, choose
from launcher.environments import StillOpen
from launcher.programs import with_proxies

GB = 2**30
RADEON = Machine("windows", (Card("AMD Radeon RX 7900 XTX", "amd", 0x744C, 24 * GB),))


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HELIX_HOME", str(tmp_path / "my home"))
    monkeypatch.setenv("HELIX_ROCM_INDEX", "https://wheels.example/rocm/")
    return tmp_path / "my home"


def test_list_says_what_is_here_and_what_would_be_used(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    memory.write(home / "environments", memory.Memory("directml-0", "directml", {"rocm-gfx1100": ["d", "it hung"]}))
    assert launcher.main(["--list"], RADEON) == 0
    said = capsys.readouterr().out
    assert "card: AMD Radeon RX 7900 XTX (gfx1100)" in said
    assert "1. rocm-gfx1100: " in said
    assert "failed: rocm-gfx1100: it hung" in said
    assert "chosen: directml" in said
    assert "in use: directml-0" in said


def test_a_computer_that_helix_has_no_wheels_for(capsys: pytest.CaptureFixture[str]) -> None:
    assert launcher.main([], Machine("linux", processor="riscv64")) == 1
    assert "riscv64" in capsys.readouterr().out


def test_without_uv_it_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.delenv("UV", raising=False)
    assert launcher.main([], RADEON) == 1
    assert "pip install uv" in capsys.readouterr().out


def test_a_uv_that_cannot_be_started(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert launcher.main(["--uv", str(home / "no uv"), "--no-start"], RADEON) == 1
    said = capsys.readouterr().out
    assert "About 1.3 GB are fetched once" in said
    assert "could not be set up" in said


@pytest.mark.skipif(os.name == "nt", reason="the lock of another process is asked for with fcntl here")
def test_one_launcher_at_a_time(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with launcher.only_one(home / "environments"):
        assert launcher.main(["--uv", sys.executable], RADEON) == 1
    assert "in another window" in capsys.readouterr().out


def test_what_a_person_chose_comes_first() -> None:
    options = choose(RADEON).options
    assert launcher.wanted_first(options, "") == options
    assert [each.variant for each in launcher.wanted_first(options, "cpu")] == ["cpu", "rocm", "directml"]
    assert launcher.wanted_first(options, "cuda")[0] == Option("cuda", "As you chose.")
    assert launcher.wanted_first(choose(Machine("linux")).options, "rocm")[0].variant == "cpu"  # no card to name


def test_choosing_again_forgets_what_failed(home: Path) -> None:
    root = home / "environments"
    memory.write(root, memory.Memory("", "", {"rocm-gfx1100": ["d", "it hung"], "directml": ["e", "wrong"]}))
    launcher.main(["--variant", "rocm", "--uv", str(home / "no uv")], RADEON)
    kept = memory.read(root)
    assert kept.wanted == "rocm"
    assert kept.failed == {"directml": ["e", "wrong"]}  # uv failed, and not what it was to make


MAC = Machine("macos", processor="arm64")


def test_an_accelerator_that_this_system_has_no_environment_for_is_not_chosen(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = home / "environments"
    memory.write(root, memory.Memory("", "cpu"))
    launcher.main(["--variant", "cuda", "--uv", str(home / "no uv")], MAC)
    assert memory.read(root).wanted == "cpu"
    assert "no environment for cuda" in capsys.readouterr().out


@pytest.mark.parametrize("arguments", [[], ["--repair"], ["--variant", "directml"]])
def test_one_that_was_chosen_before_is_forgotten(
    home: Path, arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    root = home / "environments"
    memory.write(root, memory.Memory("", "cuda"))
    launcher.main([*arguments, "--uv", str(home / "no uv")], MAC)
    assert memory.read(root).wanted == ""
    assert "no such environment" not in capsys.readouterr().out


def test_a_damaged_memory_is_as_good_as_none(tmp_path: Path) -> None:
    for text in ("", "[]", '{"failed": 3}', "\udcff"):
        (tmp_path / memory.FILE).write_text(text, errors="surrogateescape")
        assert memory.read(tmp_path) == memory.Memory()


@pytest.mark.skipif(os.name == "nt", reason="there the window is started beside the launcher")
def test_the_window_is_started_in_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", "elsewhere")
    monkeypatch.setenv("HELIX_FORCE_CPU", "1")
    started: list[tuple[list[str], dict[str, str]]] = []

    def execve(_: str, command: list[str], environment: dict[str, str]) -> None:
        started.append((command, environment))
        raise SystemExit  # it does not come back

    monkeypatch.setattr(os, "execve", execve)
    with pytest.raises(SystemExit):
        launcher.start(tmp_path, ["--verbose"], ["python", "launcher", "--wheels", "my wheels"], "macos")
    (command, environment), *_ = started
    assert windows.in_use(tmp_path)
    assert command == [str(tmp_path / "bin" / "python"), str(launcher.APP / "main.py"), "--verbose"]
    assert "PYTHONPATH" not in environment
    assert environment["HELIX_FORCE_CPU"] == "1"
    assert environment[launcher.CHOICES] == "cpu"
    assert json.loads(environment[launcher.LAUNCHER]) == ["python", "launcher", "--wheels", "my wheels"]


def test_without_a_console_it_says_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", None)
    launcher.say("nobody hears this")


@pytest.mark.parametrize("answer", ["", EOFError(), RuntimeError("lost sys.stdin")])
def test_a_failure_stays_on_the_screen_where_the_window_asked(
    home: Path, monkeypatch: pytest.MonkeyPatch, answer: str | Exception, capsys: pytest.CaptureFixture[str]
) -> None:
    asked: list[str] = []

    def ask(text: str) -> str:
        asked.append(text)
        if isinstance(answer, Exception):
            raise answer
        return answer

    monkeypatch.setattr(builtins, "input", ask)
    assert launcher.main(["--uv", str(home / "no uv"), "--no-start"], RADEON) == 1
    assert not asked
    assert launcher.main(["--uv", str(home / "no uv"), "--no-start", "--pause"], RADEON) == 1
    assert len(asked) == 1
    monkeypatch.setattr(launcher, "run", lambda options, machine: {}["unexpected"])
    assert launcher.main(["--pause"], RADEON) == 1
    assert len(asked) == 2
    assert "KeyError" in capsys.readouterr().err
    monkeypatch.setattr(launcher, "run", lambda options, machine: 0)
    assert launcher.main(["--pause"], RADEON) == 0
    assert len(asked) == 2


def test_what_uv_draws_reaches_a_pipe_of_few_characters(monkeypatch: pytest.MonkeyPatch) -> None:
    pipe = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(pipe, encoding="cp1252"))
    launcher.any_text()
    launcher.say("  ╰─▶ no wheels for “Radeon™ RX”")
    assert "╰─▶" in pipe.getvalue().decode("utf-8")


def test_the_systems_proxy_is_told_to_uv(monkeypatch: pytest.MonkeyPatch) -> None:
    from launcher import programs

    said = {"http": "http://proxy:3128", "https": "http://proxy:3129", "ftp": "http://proxy:21", "no": "local"}
    monkeypatch.setattr(programs.urllib.request, "getproxies", lambda: said)
    told = {"PATH": "x", "HTTP_PROXY": "http://proxy:3128", "HTTPS_PROXY": "http://proxy:3129"}
    assert with_proxies({"PATH": "x"}) == told
    assert with_proxies({"https_proxy": "http://own:1"}) == {"https_proxy": "http://own:1"}


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("*.corp.example;intranet; 10.0.0.5 ;<local>", ".corp.example,intranet,10.0.0.5"),
        ("<local>", None),
        ("", None),
        (None, None),
    ],
)
def test_what_windows_has_without_its_proxy_uv_has_so_too(
    monkeypatch: pytest.MonkeyPatch, said: str | None, told: str | None
) -> None:
    from launcher import programs

    def value(key: str, name: str) -> tuple[str, int]:
        if said is None:
            raise FileNotFoundError(2, name)
        assert (key, name) == (programs._INTERNET, "ProxyOverride")
        return said, 1

    registry = SimpleNamespace(HKEY_CURRENT_USER=1, OpenKey=lambda root, key: nullcontext(key), QueryValueEx=value)
    proxies = {"https": "http://proxy:3129"}
    monkeypatch.setitem(sys.modules, "winreg", registry)
    monkeypatch.setattr(programs.urllib.request, "getproxies", lambda: proxies)
    monkeypatch.setattr(programs, "sys", SimpleNamespace(platform="win32"))
    assert with_proxies({}).get("NO_PROXY") == told
    assert with_proxies({"no_proxy": "own"}) == {"no_proxy": "own", "HTTPS_PROXY": "http://proxy:3129"}
    proxies.clear()
    assert with_proxies({}) == {}


def test_while_helix_is_open_it_is_said_what_to_do(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def prepare(*_: object) -> Path:
        raise StillOpen("Helix is still open. Close all its windows.")

    monkeypatch.setattr(launcher, "prepare", prepare)
    assert launcher.main(["--uv", "uv", "--repair"], RADEON) == 1
    assert capsys.readouterr().out == "Helix is still open. Close all its windows. Then try again.\n"


def test_a_memory_that_is_held_for_a_moment_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    held = PermissionError(13, "Access is denied")
    held.winerror = 5  # type: ignore[attr-defined]
    errors, waited, real = [held, held], list[float](), os.replace

    def replace(source: Path, target: Path) -> None:
        if errors:
            raise errors.pop()
        real(source, target)

    monkeypatch.setattr(memory.os, "replace", replace)
    monkeypatch.setattr(memory.time, "sleep", waited.append)
    memory.write(tmp_path, memory.Memory("cpu-0"))
    assert memory.read(tmp_path).current == "cpu-0"
    assert len(waited) == 2
    errors.append(PermissionError(13, "Permission denied"))
    with pytest.raises(PermissionError):
        memory.write(tmp_path, memory.Memory())
    assert len(waited) == 2


def test_the_command_file_is_one_that_cmd_reads() -> None:
    data = (launcher.APP / "packaging" / "windows" / "Start Helix.cmd").read_bytes()
    assert data.isascii()
    assert data.count(b"\n") == data.count(b"\r\n")
    lines = data.decode().splitlines()
    (start,) = [line for line in lines if " run " in line]
    # whole paths, in quotes: a folder of the network cannot be the current one
    assert '"%~dp0..\\launcher" --uv "%UV%" %*' in start
    assert not any("if errorlevel" in line.lower() for line in lines), "which a negative exit code is not"
