"""The composition root: what is connected to what, and what happens where no window can be."""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from types import SimpleNamespace

import pytest
from PySide6.QtWidgets import QApplication, QLabel
from pytestqt.qtbot import QtBot

from helix_app.app import App, build, make_client, make_hub
from helix_app.base import settings as settings_store
from helix_app.base.settings import Keeper, Settings
from helix_app.bridge.controller import Hub
from helix_app.engine.host.client import LocalClient
from helix_app.engine.host.parent import HostClient
from helix_app.engine.remote.switch import SwitchClient
from helix_app.gui.chat.message.reply import Reply
from helix_app.gui.settings.dialog import SettingsDialog
from helix_app.hub.learned import learned_table
from helix_app.protocol.events import Event, Finished, Forgotten, Notice, TextDelta
from helix_app.protocol.models.hub import CatalogChanged, DownloadDone, DownloadFailed
from helix_app.protocol.models.loading import ModelReady, Unloaded
from helix_app.protocol.requests import CatalogItem, LoadChoice, LoadRequest
from tests.engine.host.fake_engines import ask
from tests.engine.host.forking import fork_children
from tests.forked import Warm
from tests.waiting import vanished, wait_for

ROOT = Path(__file__).parents[1]


@pytest.mark.parametrize("stuck", ["controller", "benchmarks", "library", "attachments", ""])
def test_a_thread_that_hangs_is_known_at_the_end(stuck: str) -> None:
    names = [field.name for field in fields(App)]
    app = App(**{name: SimpleNamespace(shutdown=lambda name=name: name != stuck) for name in names})
    assert app.end() is not bool(stuck)


def fake_hub() -> Hub:
    def download(model_id: str, cancel: object) -> Iterator[Event]:
        if model_id == "endless":
            cancel.wait()  # type: ignore[attr-defined]
            yield DownloadFailed(model_id, "download_cancelled")
        else:
            yield DownloadDone(model_id, "/m")

    return Hub(
        resolve=lambda choice: LoadRequest(choice.target),
        download=download,
        catalog=lambda _: (CatalogItem("m", "M", 1, 0, "MIT", "A model.", "/m"),),
        forget=lambda: 3,
    )


@pytest.fixture(autouse=True)
def forked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Children of this process have their imports at once; those of whole programs begin as they do."""
    fork_children(monkeypatch)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HELIX_HOME", str(tmp_path))
    return tmp_path


@pytest.fixture
def app(home: Path, qtbot: QtBot) -> Iterator[App]:
    app = build(Settings(target="m"), lambda _: HostClient("tests.engine.host.fake_engines:Scripted"), fake_hub())
    qtbot.addWidget(app.window)
    app.start()
    yield app
    app.window.close()
    assert app.controller.shutdown()
    assert not multiprocessing.active_children()


@pytest.fixture
def seen(app: App) -> list[Event]:
    seen: list[Event] = []
    app.controller.events.connect(seen.extend)
    return seen


def test_signals_of_the_window_reach_the_engine_and_the_hub(app: App, seen: list[Event], qtbot: QtBot) -> None:
    def wait(kind: type, count: int = 1) -> None:
        qtbot.waitUntil(lambda: sum(isinstance(event, kind) for event in seen) >= count, timeout=20_000)

    window = app.window
    window.load_requested.emit(LoadChoice("m"))
    wait(ModelReady)
    window.generate_requested.emit(ask("forever"))
    wait(TextDelta)
    window.cancel_requested.emit()
    wait(Finished)
    window.download_requested.emit("a")
    wait(DownloadDone)
    window.download_requested.emit("endless")
    window.download_cancel_requested.emit("endless")
    wait(DownloadFailed)
    window.forget_requested.emit()
    wait(Forgotten)
    assert Forgotten(3) in seen
    window.unload_requested.emit()
    wait(Unloaded)
    wait(CatalogChanged)


def test_what_was_learnt_is_wiped_by_the_button(home: Path, qtbot: QtBot) -> None:
    table = learned_table(home / "m.gguf", "m")
    table.parent.mkdir(parents=True)
    table.write_bytes(b"h" * 32 + b"learnt")
    settings = Settings(target="m")
    app = build(settings, lambda _: HostClient("tests.engine.host.fake_engines:Scripted"), make_hub(settings))
    qtbot.addWidget(app.window)
    app.start()
    app.window.preferences.open_dialog()
    dialog = app.window.findChild(SettingsDialog)
    assert dialog is not None
    dialog.learning.forget.click()
    qtbot.waitUntil(lambda: dialog.learning.outcome.text() == "Forgotten.", timeout=20_000)
    assert table.read_bytes() == b"h" * 32 + bytes(6)
    app.window.close()
    assert app.controller.shutdown()


def test_settings_are_saved(app: App, home: Path) -> None:
    app.window.settings_changed.emit(Settings(k="fixed:3"))
    assert json.loads(settings_store.settings_file().read_text(encoding="utf-8"))["k"] == "fixed:3"


def test_settings_that_cannot_be_saved_are_told(
    app: App, seen: list[Event], qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    in_the_way = tmp_path / "file"
    in_the_way.write_text("", encoding="utf-8")
    monkeypatch.setenv("HELIX_HOME", str(in_the_way))
    app.window.settings_changed.emit(Settings(k="fixed:3"))
    qtbot.waitUntil(lambda: any(isinstance(e, Notice) and e.code == "settings_not_saved" for e in seen))


def test_settings_that_are_damaged_are_told_and_kept(home: Path, qtbot: QtBot) -> None:
    file = settings_store.settings_file()
    file.parent.mkdir(parents=True)
    file.write_text('{"learn": tru', encoding="utf-8")
    keeper = Keeper()
    app = build(
        keeper.settings, lambda _: HostClient("tests.engine.host.fake_engines:Scripted"), fake_hub(), keeper=keeper
    )
    qtbot.addWidget(app.window)
    qtbot.waitUntil(
        lambda: any(f"{file}.bad" in notice.text() for notice in app.window.chat.notices.findChildren(QLabel))
    )
    app.window.state.change(theme="dark")
    assert settings_store.read() == (Settings(learn=False, theme="dark"), None)
    app.window.close()
    assert app.controller.shutdown()


def test_two_windows_on_one_folder_keep_each_other_s_settings(home: Path, qtbot: QtBot) -> None:
    apps = [
        build(Settings(), lambda _: HostClient("tests.engine.host.fake_engines:Scripted"), fake_hub()) for _ in range(2)
    ]
    for app in apps:
        qtbot.addWidget(app.window)
    apps[0].window.state.change(theme="dark")
    apps[1].window.state.change(learn=False)
    apps[0].window.state.change(top_k=7)
    assert settings_store.load() == Settings(theme="dark", learn=False, top_k=7)
    for app in apps:
        app.window.close()
        assert app.controller.shutdown()
    kept = settings_store.load()
    assert (kept.theme, kept.learn, kept.top_k) == ("dark", False, 7)


def test_closing_the_window_ends_the_engine(app: App, seen: list[Event], qtbot: QtBot) -> None:
    app.window.load_requested.emit(LoadChoice("m"))
    qtbot.waitUntil(lambda: any(isinstance(event, ModelReady) for event in seen), timeout=20_000)
    assert isinstance(app.client, HostClient)
    pid = app.client.pid
    assert pid is not None
    app.restart()  # which ends it as closing the window does, to be started again
    assert app.restarts
    assert vanished(pid)
    assert not [thread for thread in app.controller.threads if thread.isRunning()]


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGKILL")
def test_reply_goes_on_after_the_engine_was_killed(app: App, qtbot: QtBot) -> None:
    chat = app.window.chat

    def send(text: str) -> Reply:
        qtbot.waitUntil(lambda: app.window.state.ready is not None and not chat.generating, timeout=20_000)
        chat.composer.insert(text)
        chat.send()
        reply = chat.last_reply()
        assert reply is not None
        return reply

    killed = send("forever")
    qtbot.waitUntil(lambda: "m-0" in killed.source(), timeout=20_000)
    assert isinstance(app.client, HostClient)
    assert app.client.pid is not None
    os.kill(app.client.pid, signal.SIGKILL)
    before = killed.source()
    qtbot.waitUntil(lambda: len(killed.source()) > len(before) + 200, timeout=20_000)
    chat.stop()
    qtbot.waitUntil(lambda: not chat.generating, timeout=20_000)
    assert killed.error_sentence() == ""
    assert killed.source() == "".join(f"m-{i} " for i in range(len(killed.source().split())))
    assert send("say 2") is not killed
    qtbot.waitUntil(lambda: not chat.generating, timeout=20_000)
    reply = chat.last_reply()
    assert reply is not None
    assert reply.source() == "m-0 m-1 "


def test_engine_runs_where_the_settings_say() -> None:
    for settings, kind in ((Settings(), HostClient), (Settings(engine_process="thread"), LocalClient)):
        client = make_client(settings)
        assert isinstance(client, SwitchClient)
        assert isinstance(client.local, kind)


def test_catalog_lists_models_opened_by_path(home: Path) -> None:
    model = home / "mine.gguf"
    model.write_bytes(b"GGUF")
    ids = [item.id for item in make_hub(Settings(target="smollm2-135m-instruct")).catalog([str(model), "ngram"])]
    assert ids[-1] == str(model)
    assert "ngram" not in ids


def test_application_has_a_name_and_an_icon(qapp: QApplication) -> None:
    code = (
        "from helix_app.app import make_application\n"
        "a = make_application(['helix'])\n"
        "assert a.applicationDisplayName() == 'Helix' and not a.windowIcon().isNull()"
    )
    assert run(code).returncode == 0


# ------------------------------------------------------------------ whole programs


def run(code: str, *arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen", **env}
    command = [sys.executable, "-c", code, *arguments]
    return subprocess.run(command, capture_output=True, text=True, env=environment, cwd=ROOT, check=False, timeout=60)


def test_the_engine_process_imports_nothing_of_the_window() -> None:
    """The child imports the main module again; it must stay as light as it is."""
    code = (
        "import sys, runpy\n"
        "runpy.run_path('main.py', run_name='__mp_main__')\n"
        "import helix_app.app, helix_app.engine.host.child\n"
        "assert not {'PySide6', 'torch', 'numpy', 'pyqtgraph'} & set(sys.modules), sys.modules"
    )
    assert run(code).returncode == 0


def test_no_pyside6_is_told_in_a_sentence(home: Path) -> None:
    done = run("import sys; sys.modules['PySide6'] = None; from helix_app.app import main; sys.exit(main(['helix']))")
    assert done.returncode == 1
    assert done.stderr.startswith("The window cannot open, because a library is missing")
    assert done.stderr.count("\n") == 1


def test_no_display_is_told_in_a_sentence(home: Path) -> None:
    done = run("import sys; from helix_app.app import main; sys.exit(main(['helix']))", QT_QPA_PLATFORM="no-such")
    assert done.returncode == 1
    assert done.stderr.startswith("The window cannot open, because there is no display")
    assert done.stderr.count("\n") == 1


def test_a_home_of_nobody_is_told_in_a_sentence(home: Path) -> None:
    done = run("import sys; from helix_app.app import main; sys.exit(main(['helix']))", HELIX_HOME="~nobody123/h")
    assert done.returncode == 1
    assert done.stderr.startswith("HELIX_HOME is ~nobody123/h")
    assert done.stderr.count("\n") == 1


def test_missing_streams_are_no_reason_to_fail(home: Path) -> None:
    done = run(
        "import sys; sys.stdout = sys.stderr = None; import helix_app.app as a\n"
        "a.make_application = lambda argv: (print('x'), print('y', file=sys.stderr), __import__('no_z'))\n"
        "sys.exit(a.main(['helix']))"
    )
    assert (done.returncode, done.stdout, done.stderr) == (1, "", "")
    assert "window_unavailable: No module named 'no_z'" in (home / "logs" / "helix.log").read_text(encoding="utf-8")


@pytest.mark.parametrize(("end", "said"), [("restart", "again, without /x/model.gguf\n"), ("close", "")])
def test_program_is_started_again_if_asked_and_without_the_file_it_was_given(
    home: Path, request: pytest.FixtureRequest, end: str, said: str
) -> None:
    arguments = ["tests.ending_window", end, "--verbose", "/x/model.gguf"]
    if sys.platform == "linux":  # elsewhere Qt does not run in a forked process
        warm: Warm = request.getfixturevalue("warm_window")
        done = warm.captured(*arguments)
    else:
        done = subprocess.run([sys.executable, "-m", *arguments], capture_output=True, cwd=ROOT, check=False)
    assert (done.returncode, done.stdout.decode().splitlines()) == (0, said.splitlines()), done.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="no polite kill")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_program_opens_and_closes_on_a_signal(home: Path, number: int) -> None:
    """``python main.py`` from start to end: window, engine process, Ctrl-C, nothing left."""
    environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen"}
    program = subprocess.Popen(
        [sys.executable, "main.py", "--verbose"], cwd=ROOT, env=environment, stderr=subprocess.PIPE
    )
    log = home / "logs" / "engine.log"
    try:
        wait_for(lambda: log.is_file() and "serves" in log.read_text(encoding="utf-8"))
        child = int(log.read_text(encoding="utf-8").partition("process ")[2].split()[0])
        program.send_signal(number)
        _, errors = program.communicate(timeout=60)
    finally:
        program.kill()
    assert program.returncode == 0, errors
    assert b"Traceback" not in errors
    wait_for(lambda: vanished(child))


def test_smoke_test_of_the_program(home: Path) -> None:
    """The window with the real engine, which imports torch; what packaged programs are tried with."""
    environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen"}
    command = [sys.executable, "main.py", "--smoke-test"]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, check=False, timeout=180)
    assert done.returncode == 0, done.stderr
    assert not settings_store.settings_file().exists()
