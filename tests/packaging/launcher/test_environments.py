"""Environments with a stand-in for ``uv`` and for ``doctor``: made, gone on with, repaired, given up for the next."""

from __future__ import annotations

import contextlib
import io
import json
import ntpath
import os
import shutil
import stat
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path, PureWindowsPath
from types import SimpleNamespace

import pytest
from launcher import environments, memory, variants, verify, windows
from launcher.choice import Option
from launcher.environments import READY, Environments, NoRoom, NotFetched, StillOpen, VariantFailed
from launcher.programs import Programs

from tests.packaging.launcher import fake_uv

pytestmark = pytest.mark.skipif(os.name == "nt", reason="the stand-in is a script")

ROCM, DIRECTML, CPU = Option("rocm", "", "gfx1100"), Option("directml", ""), Option("cpu", "")
# tells what the file beside the app says, or that every device works
DOCTOR = """
import json, pathlib
file = pathlib.Path("verdict.json")
works = {"device": "cpu", "whole": True, "trouble": {"problem": "", "reason": ""}}
cards = [{**works, "device": device} for device in ("directml:0", "cuda:0")]
said = {"self_tests": [*cards, works], "findings": [], "torch": {"hip": "10.1"}}
if file.exists():
    said |= json.loads(file.read_text())
print(json.dumps(said))
"""


@contextlib.contextmanager
def _in(folder: Path) -> Iterator[None]:
    before = Path.cwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)


class InProcess(Programs):
    """The same without processes, which take longer than all that they do."""

    def __init__(self, tools: Path) -> None:
        self.tools = tools

    def uv(self, command: Sequence[str], say: Callable[[str], None]) -> tuple[int, list[str]]:
        heard = io.StringIO()
        with contextlib.redirect_stderr(heard):
            try:
                code = fake_uv.main(list(command[1:]), self.tools)
            except fake_uv.Stopped as exc:
                code = int(str(exc.code))
        return code, heard.getvalue().splitlines()

    def starts(self, python: Path) -> bool:
        return python.is_symlink()

    def doctor(self, python: Path, app: Path, seconds: float) -> str:
        heard = io.StringIO()
        with contextlib.redirect_stdout(heard), _in(app):
            exec(DOCTOR, {})
        return heard.getvalue()


class Place:
    """A person's folder, an app with a doctor, a ``uv``."""

    def __init__(self, folder: Path) -> None:
        self.root, self.tools, self.app = folder / "Jörg Müller" / "environments", folder / "tools", folder / "app"
        (self.app / "helix_app").mkdir(parents=True)
        (self.app / "helix_app" / "__init__.py").touch()
        (self.app / "helix_app" / "__main__.py").write_text(DOCTOR)
        self.tools.mkdir()
        shutil.copy(Path(__file__).with_name("fake_uv.py"), self.tools / "fake_uv.py")
        uv = self.tools / "uv"
        uv.write_text(f'#!/bin/sh\nexec "{sys.executable}" -S "{self.tools / "fake_uv.py"}" "$@"\n')
        uv.chmod(uv.stat().st_mode | stat.S_IXUSR)
        self.lines: list[str] = []

    def made(self, system: str = "windows", programs: Programs | None = None) -> Environments:
        uv, programs = str(self.tools / "uv"), programs or InProcess(self.tools)
        return Environments(self.root, self.app, uv, system, self.lines.append, programs=programs)

    def tell(self, name: str, content: str = "") -> None:
        (self.tools / name).write_text(content)

    def verdict(self, **said: object) -> None:
        (self.app / "verdict.json").write_text(json.dumps(said))

    @property
    def calls(self) -> list[str]:
        file = self.tools / "calls"
        return file.read_text().splitlines() if file.exists() else []

    @property
    def text(self) -> str:
        return "\n".join(self.lines)


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    (tmp_path / "locks").mkdir()
    for lock in variants.LOCKS.iterdir():  # of four packages each
        lines = lock.read_text().splitlines()
        few = [line for line in lines if line.startswith(("numpy=", "httpx=", "torch=", "torch-directml="))]
        (tmp_path / "locks" / lock.name).write_text("\n".join(few or lines))
    monkeypatch.setattr(variants, "LOCKS", tmp_path / "locks")
    monkeypatch.setenv("HELIX_ROCM_INDEX", "https://wheels.example/rocm/")
    return Place(tmp_path)


def failed(device: str, reason: str) -> dict[str, object]:
    return {"device": device, "whole": False, "trouble": {"problem": "crashed", "reason": reason}}


def test_with_processes(place: Place) -> None:
    folder = place.made(programs=Programs()).settle([DIRECTML, CPU])
    assert folder.name.startswith("directml-")
    assert (folder / READY).is_file()
    place.tell("offline")
    with pytest.raises(NotFetched):
        place.made(programs=Programs()).make(CPU)
    assert "dns error" in place.text


def test_made_once_and_used_again(place: Place) -> None:
    folder = place.made().settle([DIRECTML, CPU])
    assert folder.name.startswith("directml-")
    assert (folder / READY).is_file()
    assert memory.read(place.root).current == folder.name
    assert len(place.calls) == 2  # the environment, its packages
    assert place.made().settle([DIRECTML, CPU]) == folder
    assert len(place.calls) == 2


def test_rocm_takes_amds_pytorch_for_the_card_first(place: Place) -> None:
    place.made().settle([ROCM])
    assert place.calls[1].endswith(
        "--default-index https://wheels.example/rocm/ torch[device-gfx1100]==2.13.0+rocm10.1.0"
    )
    assert "--no-deps" in place.calls[2]


def test_stopped_half_way_it_goes_on(place: Place) -> None:
    place.tell("stop-after", "1")
    with pytest.raises(NotFetched):
        place.made().settle([CPU])
    assert memory.read(place.root).failed == {}
    folder = next(place.root.glob("cpu-*"))
    assert not (folder / READY).exists()
    (place.tools / "stop-after").unlink()
    place.lines.clear()
    assert place.made().settle([CPU]) == folder
    assert sum(call.startswith("venv") for call in place.calls) == 1
    assert (folder / READY).exists()


def test_without_a_connection_what_was_there_before_is_used(place: Place) -> None:
    before = place.made().settle([CPU])
    place.tell("offline")
    assert place.made().settle([DIRECTML, CPU]) == before
    assert "The environment of before" in place.text
    assert memory.read(place.root).failed == {}  # it may work tomorrow


def test_without_a_connection_and_anything_before_it_says_so(place: Place) -> None:
    place.tell("offline")
    with pytest.raises(NotFetched):
        place.made().settle([DIRECTML, CPU])


def test_a_card_that_fails_its_test_gives_way_and_the_reason_is_kept(place: Place) -> None:
    works = {"device": "cpu", "whole": True, "trouble": {"problem": "", "reason": ""}}
    directml = {**works, "device": "directml:0"}
    place.verdict(self_tests=[failed("cuda:0", "the driver ended"), directml, works])
    folder = place.made().settle([ROCM, DIRECTML, CPU])
    assert folder.name.startswith("directml-")
    assert memory.read(place.root).failed["rocm-gfx1100"][1] == "cuda:0: the driver ended"
    before = len(place.calls)
    place.lines.clear()
    assert place.made().settle([ROCM, DIRECTML, CPU]) == folder
    assert len(place.calls) == before  # nobody tries it at every start
    assert "the driver ended" in place.text
    assert [path.name for path in place.root.iterdir() if path.is_dir()] == [folder.name]  # what failed is gone


def test_wheels_that_cannot_be_had_give_way(place: Place) -> None:
    place.tell("refuse", "rocm10")
    assert place.made().settle([ROCM, CPU]).name.startswith("cpu-")
    assert "No solution found" in place.text
    assert memory.read(place.root).failed == {}  # they may be had tomorrow
    (place.tools / "refuse").unlink()
    assert place.made().settle([ROCM, CPU]).name.startswith("rocm-")


@pytest.mark.parametrize(
    "words",
    [
        "HTTP status server error (503 Service Unavailable) for url (https://files.example/torch.whl)",
        "HTTP status client error (429 Too Many Requests) for url (https://files.example/torch.whl)",
        "Failed to download distribution due to network timeout. Try increasing UV_HTTP_TIMEOUT",
        "No space left on device (os error 28)",
        "There is not enough space on the disk. (os error 112)",
    ],
)
def test_a_busy_server_and_a_full_disk_are_no_fault_of_the_environment(place: Place, words: str) -> None:
    place.tell("fail", f"error: Failed to fetch\n  Caused by: {words}")
    with pytest.raises(NoRoom if "space" in words else NotFetched):
        place.made().settle([DIRECTML, CPU])
    assert memory.read(place.root).failed == {}
    (place.tools / "fail").unlink()
    assert place.made().settle([DIRECTML, CPU]).name.startswith("directml-")


def test_what_a_window_runs_in_stays(place: Place) -> None:
    before = place.made().settle([CPU])
    windows.note(before, os.getpid())
    windows.note(before, 2**22 + 1)  # more than there can be on Linux: it has ended
    place.made().settle([DIRECTML])
    place.made().settle([DIRECTML])
    assert before.is_dir()
    assert [file.name for file in (before / windows.FOLDER).iterdir()] == [str(os.getpid())]
    (before / windows.FOLDER / str(os.getpid())).unlink()
    place.made().settle([DIRECTML])
    assert not before.exists()


def test_folders_that_are_no_environments_of_helix_stay(place: Place) -> None:
    names = ("project", "cpu-notes", "cpu-0123456789ab-copy", "vulkan-0123456789ab")
    for name in names:
        (place.root / name).mkdir(parents=True)
        (place.root / name / "pyvenv.cfg").touch()
    place.made().settle([CPU])
    assert all((place.root / name).is_dir() for name in names)


def test_no_card_and_a_cpu_that_fails(place: Place) -> None:
    place.verdict(self_tests=[], findings=[{"text": "PyTorch cannot be imported."}])
    with pytest.raises(VariantFailed, match="PyTorch cannot be imported"):
        place.made().settle([CPU])


def test_a_rocm_environment_with_another_pytorch_is_refused(place: Place) -> None:
    place.verdict(torch={"hip": None})
    with pytest.raises(VariantFailed, match="not AMD's"):
        place.made().settle([ROCM])


@pytest.mark.parametrize("damage", ["gone", "size", "record", "package"])
def test_what_is_broken_is_put_right_at_the_next_start(place: Place, damage: str) -> None:
    folder = place.made().settle([CPU])
    site = verify.site_packages(folder)
    assert site is not None
    record = next(site.glob("numpy-*.dist-info"))
    if damage == "gone":
        (site / "numpy.py").unlink()
    elif damage == "size":
        (site / "numpy.py").write_text("")
    elif damage == "record":
        (record / "RECORD").unlink()
    else:
        shutil.rmtree(record)
    assert not place.made().whole(folder, place.made().recipe(CPU))
    assert place.made().settle([CPU]) == folder
    assert (site / "numpy.py").read_text() == "name = 'numpy'\n"
    assert (record / "RECORD").exists()


def test_repair_compares_contents(place: Place) -> None:
    folder = place.made().settle([CPU])
    site = verify.site_packages(folder)
    assert site is not None
    (site / "httpx.py").write_text("name = 'httpy'\n")  # of the same size
    assert place.made().whole(folder, place.made().recipe(CPU))
    place.made().settle([CPU], repair=True)
    assert (site / "httpx.py").read_text() == "name = 'httpx'\n"
    assert "httpx: httpx.py has other contents" in place.text


def test_an_interpreter_that_does_not_run_is_made_again(place: Place) -> None:
    folder = place.made().settle([CPU])
    (folder / "bin" / "python").unlink()
    (folder / "bin" / "python").write_text("")
    (folder / READY).unlink()
    assert place.made().settle([CPU]) == folder
    assert sum(call.startswith("venv") for call in place.calls) == 2


def test_the_old_environment_stays_until_the_new_one_has_passed(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    before = place.made().settle([CPU])
    place.verdict(self_tests=[failed("cpu", "wrong numbers")])
    with pytest.raises(VariantFailed):
        place.made().settle([DIRECTML])
    assert (before / READY).is_file()
    (place.app / "verdict.json").unlink()
    memory.write(place.root, memory.Memory(before.name))
    after = place.made().settle([DIRECTML])
    assert after.is_dir()
    assert before.is_dir()  # a window may run in it
    place.made().settle([DIRECTML])
    assert not before.exists()


def test_a_full_disk_is_said_before_anything_is_fetched(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = shutil.disk_usage(place.tools)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=10**9))
    with pytest.raises(NoRoom, match=r"1\.0 GB are free"):
        place.made().settle([ROCM])
    assert place.calls == []


def test_a_system_without_such_wheels(place: Place) -> None:
    assert place.made("macos").settle([DIRECTML, CPU]).name.startswith("cpu-")


def test_on_windows_a_repair_waits_for_the_window_to_close(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = place.made().settle([CPU])
    answers, waited = [True, True, True, False], list[float]()
    monkeypatch.setattr(environments, "os", SimpleNamespace(name="nt"))
    monkeypatch.setattr(environments.time, "sleep", waited.append)
    monkeypatch.setattr(windows, "in_use", lambda environment: environment == folder and answers.pop(0))
    place.made().make(CPU, repair=True)
    assert "Waiting until Helix is closed" in place.text
    assert not answers
    assert len(waited) == 2
    assert (folder / READY).is_file()


def test_on_windows_nothing_is_changed_under_a_window_that_stays_open(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, clock = place.made().settle([CPU]), [0.0]
    calls = len(place.calls)
    monkeypatch.setattr(environments, "os", SimpleNamespace(name="nt"))
    later = SimpleNamespace(monotonic=lambda: clock[0], sleep=lambda seconds: clock.append(clock.pop() + seconds))
    monkeypatch.setattr(environments, "time", later)
    monkeypatch.setattr(windows, "in_use", lambda environment: environment == folder)
    with pytest.raises(StillOpen, match="Close all its windows"):
        place.made().settle([CPU], repair=True)
    assert clock == [60.0]
    assert len(place.calls) == calls
    assert (folder / READY).is_file()


@pytest.mark.parametrize(
    ("path", "marked"),
    [
        (r"C:\Users\Jörg Müller\Lib\..\Scripts\x.exe", r"\\?\C:\Users\Jörg Müller\Scripts\x.exe"),
        (r"\\server\share\environments\x.py", r"\\?\UNC\server\share\environments\x.py"),
        (r"\\?\C:\x.py", r"\\?\C:\x.py"),
    ],
)
def test_windows_is_asked_for_paths_of_any_length(path: str, marked: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verify, "os", SimpleNamespace(name="nt", path=ntpath))
    assert verify.reachable(PureWindowsPath(path)) == marked  # type: ignore[arg-type]
