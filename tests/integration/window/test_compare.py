"""A comparison of the real model in the real window: one text, two ways, and the engine's own figures."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from helix_app.app import App, build
from helix_app.base.settings import Settings
from helix_app.bench import reference
from helix_app.engine.host.client import LocalClient
from helix_app.gui.compare.page import ComparePage
from helix_app.gui.kit import figures
from helix_app.protocol.events import Failed, Finished, RunMetrics
from helix_app.protocol.models.loading import ModelReady
from helix_app.protocol.requests import ArmChoice, GenerateRequest
from tests.integration.window.test_window import SECONDS, Recorder

pytestmark = pytest.mark.model

PROMPT = "Say the word apple four times, then the word pear four times."
TOKENS = 14


@pytest.fixture
def recorder() -> Recorder:
    return Recorder(LocalClient())


@pytest.fixture
def app(default_model: Path, recorder: Recorder, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> Iterator[App]:
    monkeypatch.setattr(reference, "TOKENS", 4)  # twelve of them are written here, and their speed is not looked at
    model = str(default_model)  # which drafts for itself
    settings = Settings(target=model, draft=model, context_length=512, learn=False)
    app = build(settings, lambda _: recorder)
    qtbot.addWidget(app.window)
    app.start()
    qtbot.waitUntil(lambda: app.window.compare.own is not None, timeout=SECONDS)
    app.window.pages.show_page("compare")
    yield app
    app.window.close()


def run(app: App, qtbot: QtBot, temperature: float, draft: str = "") -> ComparePage:
    page = app.window.compare
    page.setup.on_preset_picked("custom")
    page.setup.rows[0].set_arm(ArmChoice(draft=draft, k="fixed:3"))  # of custom arms: whatever was measured, it drafts
    page.setup.rows[1].set_arm(ArmChoice("autoregressive"))
    page.setup.temperature.setValue(temperature)
    page.setup.max_tokens.setValue(TOKENS)
    page.setup.seed.setText("11")
    page.setup.prompt.editor.setPlainText(PROMPT)
    page.run()
    qtbot.waitUntil(lambda: not page.running, timeout=SECONDS)
    return page


def replies(recorder: Recorder, page: ComparePage) -> list[Finished]:
    """The results of the arms as they left the engine."""
    assert page.request is not None
    found = [
        [event for event in recorder.of(f"{page.request.request_id}-{index}") if isinstance(event, Finished)]
        for index in (0, 1)
    ]
    assert [len(results) for results in found] == [1, 1]
    return [results[0] for results in found]


def test_the_same_text_whatever_the_arms_and_the_figures_of_the_events(
    app: App, recorder: Recorder, qtbot: QtBot
) -> None:
    for temperature in (0.0, 0.9):
        page = run(app, qtbot, temperature)
        a, b = replies(recorder, page)
        count = len(a.token_ids)
        assert page.badge.sentence.text() == f"Identical: {count} tokens"
        assert a.token_ids == b.token_ids
        assert [pane.text.shown_text() for pane in page.panes] == [a.text, b.text]
        assert a.metrics.drafted_tokens > 0 or temperature
        assert b.metrics.drafted_tokens == 0
        assert a.metrics.cached_tokens == b.metrics.cached_tokens == 0
        assert_shows(page, a.metrics, b.metrics)
        assert again(recorder, page).token_ids == a.token_ids
    assert page.gauge.sentence.text().startswith("Speculation ")
    assert page.own == app.window.state.choice()  # nothing else had to be loaded
    assert_the_chat_goes_on_from_its_cache(recorder, page)
    assert_another_draft_is_loaded_and_the_own_choice_again(app, recorder, qtbot)


def again(recorder: Recorder, page: ComparePage) -> Finished:
    """The same reply from the engine itself, by a request of its own."""
    asked = page.request
    assert asked is not None
    request = GenerateRequest("again", asked.messages, max_tokens=asked.max_tokens, sampling=asked.sampling)
    result = list(recorder.client.stream(request, threading.Event()))[-1]
    assert isinstance(result, Finished)
    return result


def assert_the_chat_goes_on_from_its_cache(recorder: Recorder, page: ComparePage) -> None:
    """What ``again`` left in the cache before a comparison is there after another one."""
    asked = page.request
    assert asked is not None
    before = again(recorder, page).metrics.cached_tokens
    assert before > 0
    for event in recorder.client.stream(
        GenerateRequest("cold", asked.messages, max_tokens=4, cold=True), threading.Event()
    ):
        assert not isinstance(event, Failed)
    assert again(recorder, page).metrics.cached_tokens == before


def assert_shows(page: ComparePage, a: RunMetrics, b: RunMetrics) -> None:
    shown = page.table.texts()
    assert shown["Decode speed"] == tuple(f"{figures.rate(m.decode_tokens_per_second)} tok/s" for m in (a, b))
    assert shown["Time to first token"] == tuple(figures.seconds(m.time_to_first_token) for m in (a, b))
    assert shown["Tokens"] == (str(a.tokens_generated), str(b.tokens_generated))
    assert shown["Acceptance rate"] == (figures.percent(a.acceptance_rate), figures.UNKNOWN)
    assert a.decode_tokens_per_second is not None
    assert b.decode_tokens_per_second is not None
    ratio = a.decode_tokens_per_second / b.decode_tokens_per_second
    assert page.plots.ratio.value.text() == f"{ratio:.2f}"
    _, tokens = page.plots.tokens.curves[0].getOriginalDataset()
    assert tokens[-1] == a.tokens_generated


def assert_another_draft_is_loaded_and_the_own_choice_again(app: App, recorder: Recorder, qtbot: QtBot) -> None:
    page = run(app, qtbot, 0.0, draft="ngram")
    a, b = replies(recorder, page)
    assert a.token_ids == b.token_ids
    qtbot.waitUntil(lambda: app.window.state.ready is not None, timeout=SECONDS)
    drafts = [event.draft for event in recorder.events if isinstance(event, ModelReady)]
    assert len(drafts) == 3
    assert drafts[1] == "ngram"
    assert drafts[0] == drafts[2] != "ngram"
    assert app.window.chat.composer.editor.isEnabled()
