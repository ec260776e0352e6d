"""The real window with the real engine and the real model, as a person uses it."""

from __future__ import annotations

import io
import json
import multiprocessing
import os
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from helix_app.app import App, build, make_client
from helix_app.base.settings import Settings, save
from helix_app.bench.processes.programs import Program
from helix_app.cli.benching import trial
from helix_app.engine.host.parent import HostClient
from helix_app.engine.remote.switch import SwitchClient
from helix_app.gui.window.main_window import MainWindow
from helix_app.protocol.events import (
    CACHE_CELL,
    CacheSnapshot,
    EngineClient,
    Event,
    Failed,
    Finished,
    PrefillDone,
    RoundDone,
    TextDelta,
)
from helix_app.protocol.intake import Intake
from helix_app.protocol.models.loading import ModelReady
from helix_app.protocol.requests import Request
from tests.forked import Warm
from tests.waiting import vanished

CELL = np.dtype(CACHE_CELL)
LONG = "Write a long story about a fox and a bear."  # the model does not come to an end by itself
SECONDS = 120_000  # a bound for waiting in milliseconds, never the time that anything takes

pytestmark = pytest.mark.model


class Recorder:
    """A client that keeps every event as it leaves the engine, before anything is merged."""

    def __init__(self, client: EngineClient) -> None:
        self.client = client
        self.events: list[Event] = []

    def start(self) -> None:
        self.client.start()  # type: ignore[attr-defined]

    def stream(self, request: Request, cancel: threading.Event, others: Intake | None = None) -> Iterator[Event]:
        for event in self.client.stream(request, cancel, others):
            self.events.append(event)
            yield event

    def close(self) -> None:
        self.client.close()

    def of(self, request_id: str) -> list[Event]:
        return [event for event in self.events if getattr(event, "request_id", None) == request_id]


class Person:
    """Types, clicks and waits in the window of an App."""

    def __init__(self, app: App, recorder: Recorder, qtbot: QtBot) -> None:
        self.window: MainWindow = app.window
        self._recorder = recorder
        self._qtbot = qtbot

    def wait_until_ready(self) -> ModelReady:
        self._qtbot.waitUntil(lambda: self.window.state.ready is not None, timeout=SECONDS)
        return next(event for event in self._recorder.events if isinstance(event, ModelReady))

    def send(self, text: str) -> str:
        """Type and press Enter; the id of the request that this made."""
        editor = self.window.chat.composer.editor
        self._qtbot.keyClicks(editor, text)
        self._qtbot.keyClick(editor, Qt.Key.Key_Return)
        reply = self.window.chat.last_reply()
        assert reply is not None
        assert self.window.chat.generating
        return reply.request_id

    def wait_for_text(self) -> None:
        reply = self.window.chat.last_reply()
        assert reply is not None
        self._qtbot.waitUntil(lambda: reply.source() != "", timeout=SECONDS)

    def press_stop(self) -> None:
        button = self.window.chat.composer.button
        assert button.text() == "Stop"
        self._qtbot.mouseClick(button, Qt.MouseButton.LeftButton)

    def wait_for_end(self) -> Finished:
        self._qtbot.waitUntil(lambda: not self.window.chat.generating, timeout=SECONDS)
        result = self._recorder.events[-1]
        assert isinstance(result, Finished), result
        return result

    def limit(self, tokens: int) -> None:
        self.window.preferences.on_saved(replace(self.window.settings, max_tokens=tokens), None)


@pytest.mark.parametrize("process", ["child", "thread"])
def test_a_conversation(
    process: str, default_model: Path, tmp_path: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = Settings(
        target=str(default_model), engine_process=process, context_length=512, max_tokens=24, temperature=0.0
    )
    recorder = Recorder(make_client(settings))
    app = build(settings, lambda _: recorder)
    qtbot.addWidget(app.window)
    app.start()
    person = Person(app, recorder, qtbot)
    ready = person.wait_until_ready()
    assert ready.context_length <= 512

    # A reply streams, and the window shows what the engine said.
    first = person.send("Say the word apple four times.")
    result = person.wait_for_end()
    reply = app.window.chat.last_reply()
    assert reply is not None
    assert result.metrics.tokens_generated > 1
    assert sum(isinstance(event, TextDelta) for event in recorder.of(first)) > 1
    assert reply.source() == result.text == text_of(recorder.of(first))
    assert_plots_show(app.window, recorder)
    assert_map_shows(app.window, recorder)

    # A second message continues the conversation: its beginning is in the cache already.
    second = person.send("And now the word pear.")
    result = person.wait_for_end()
    (prefill,) = (event for event in recorder.of(second) if isinstance(event, PrefillDone))
    assert prefill.cached_tokens > 0
    assert prefill.cached_tokens < prefill.prompt_tokens
    assert text_of(recorder.of(second)) == result.text
    assert_plots_show(app.window, recorder)
    assert_map_shows(app.window, recorder)

    # Stop stops and keeps what was written.
    person.limit(400)
    app.window.chat.new_chat()
    third = person.send(LONG)
    person.wait_for_text()
    person.press_stop()
    result = person.wait_for_end()
    assert (result.request_id, result.reason) == (third, "cancelled")
    stopped = app.window.chat.last_reply()
    assert stopped is not None
    assert stopped.source() == result.text != ""

    # Closing in the middle of a reply keeps it too, and leaves nothing behind.
    engine = recorder.client.local if isinstance(recorder.client, SwitchClient) else recorder.client
    pid = engine.pid if isinstance(engine, HostClient) else None
    app.window.chat.new_chat()
    fourth = person.send(LONG)
    person.wait_for_text()
    app.window.close()
    last = app.window.chat.last_reply()
    result = recorder.events[-1]  # type: ignore[assignment]
    assert isinstance(result, Finished), result
    assert (result.request_id, result.reason) == (fourth, "cancelled")
    assert last is not None
    assert last.source() == result.text != ""
    assert not [event for event in recorder.events if isinstance(event, Failed)]
    assert not [thread for thread in app.controller.threads if thread.isRunning()]
    assert not multiprocessing.active_children()
    assert (pid is not None and vanished(pid)) if process == "child" else pid is None


def text_of(events: list[Event]) -> str:
    return "".join(event.text for event in events if isinstance(event, TextDelta))


def assert_plots_show(window: MainWindow, recorder: Recorder) -> None:
    """Every round is in the plots, with the engine's own figures."""
    rounds = [event for event in recorder.events if isinstance(event, RoundDone)]
    plots = window.live.plots
    k = plots.k.column(1)
    between_replies = np.isnan(k)
    np.testing.assert_array_equal(k[~between_replies], [event.k for event in rounds])
    for ring, column, figures in (
        (plots.acceptance, 1, [_times(event.rolling_acceptance, 100) for event in rounds]),
        (plots.acceptance, 2, [_times(event.acceptance_rate, 100) for event in rounds]),
        (plots.speed, 1, [_times(event.rolling_tokens_per_second) for event in rounds]),
    ):
        np.testing.assert_allclose(ring.column(column)[~between_replies], figures)
    plots.on_frame()  # what is due at the next frame
    assert rounds[-1].plain_tokens_per_second is not None
    _, plain = plots.speed_plot.curves[1].getOriginalDataset()
    assert set(plain) == {rounds[-1].plain_tokens_per_second}


def _times(figure: float | None, factor: float = 1) -> float:
    return float("nan") if figure is None else figure * factor


def assert_map_shows(window: MainWindow, recorder: Recorder) -> None:
    """The block map is what the snapshots add up to."""
    snapshots = [event for event in recorder.events if isinstance(event, CacheSnapshot) and event.pool == "target"]
    cells = np.zeros(snapshots[-1].num_blocks, CELL)
    for snapshot in snapshots:
        packed = np.frombuffer(snapshot.cells, CELL)
        where = slice(None) if snapshot.full else np.frombuffer(snapshot.indices, "<u4")
        cells[where] = packed
    state = window.live.blocks.maps["target"].grid.state
    last = snapshots[-1]
    assert (state.used, state.cached, state.free) == (last.used_blocks, last.cached_blocks, last.free_blocks)
    for name in ("state", "fill", "speculative", "refcount", "owner"):
        np.testing.assert_array_equal(state.cells[name], cells[name], err_msg=name)
    assert state.cached > 0


class Forked(AbstractContextManager["Forked"]):
    """A program that is asked in lines of JSON, forked from one that has its imports."""

    def __init__(self, warm: Warm, module: str) -> None:
        self._warm = warm
        (theirs_in, ours_in), (ours_out, theirs_out) = os.pipe(), os.pipe()
        warm.start(module, streams=(theirs_in, theirs_out, 2))
        os.close(theirs_in)
        os.close(theirs_out)
        self._in, self._out = os.fdopen(ours_in, "w", encoding="utf-8"), os.fdopen(ours_out, encoding="utf-8")

    def ask(self, said: Mapping[str, Any]) -> Any:
        """Send an object; the one that is answered."""
        print(json.dumps(said), file=self._in, flush=True)
        return json.loads(self._out.readline())

    def __exit__(self, *_: object) -> None:
        self._in.close()
        assert self._warm.wait() == 0
        self._out.close()


def trial_program(home: Path, request: pytest.FixtureRequest, process: str) -> Program | Forked:
    """The program that ``bench window`` starts; on Linux, where Qt runs so, forked if it has its engine in itself."""
    module = "helix_app.cli.benching.trial"
    if sys.platform == "linux" and process == "thread":
        return Forked(request.getfixturevalue("warm_window"), module)
    return Program([sys.executable, "-m", module], os.environ, home / "errors.txt", threading.Event())


@pytest.mark.parametrize("process", ["thread", pytest.param("child", marks=pytest.mark.soak)])
def test_a_trial_of_the_window(
    process: str,
    default_model: Path,
    home: Path,
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """``bench window`` in small: what a terminal writes, here without a process, writes the program with the window.

    Its engine runs in the process of the window, unlike by default; that form is behind ``-m soak``.
    """
    settings = Settings(
        target=str(default_model),
        context_length=512,
        max_tokens=24,
        temperature=0.0,
        learn=False,
        theme="light",
        engine_process=process,
    )
    save(settings, home / "config" / "settings.json")
    monkeypatch.setenv("HELIX_HOME", str(home))
    flags = [f"--target={default_model}", "--prompt=x", "--max-tokens=24", "--temperature=0", "--seed=1"]
    asked = [{"prompt": text} for text in ("Say hello to the reader.", "Count to three.")]
    lines: list[dict[str, object]] = [{"blocks": 4096, "generate": flags}, *asked]
    monkeypatch.setattr("sys.stdin", io.StringIO("".join(json.dumps(line) + "\n" for line in lines)))
    assert trial.main() == 0
    ready, *written = map(json.loads, capsys.readouterr().out.splitlines())
    with trial_program(home, request, process) as program:
        assert program.ask({"blocks": 4096, "window": {"seed": 1, "origins": True}}) == ready == {"ready": True}
        told = [program.ask(prompt) for prompt in asked]
    for reply in (*written, *told):
        assert reply["metrics"]["tokens_generated"] > 1
        assert reply["metrics"]["decode_tokens_per_second"] > 0
    texts = [reply["text"] for reply in told]
    assert texts == [reply["text"] for reply in written]
    assert all(texts)
    assert told[-1]["frames"]["frames"] > 0
    assert told[-1]["frames"]["paints"] > 0
    assert "map of 4,096 blocks" in told[-1]["shown"]["Window"]
