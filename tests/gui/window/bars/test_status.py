"""The status bar: where the model runs, how full context and cache are, what speculation gains."""

from __future__ import annotations

import pytest
from pytestqt.qtbot import QtBot

from helix_app.gui.live.plots import LivePlots
from helix_app.gui.look.theme import Theme
from helix_app.gui.state import Model, State
from helix_app.gui.window.bars.status import PAUSES, StatusBar
from helix_app.gui.window.main_window import MainWindow
from helix_app.protocol.conversations.prompts import PARTS, PromptCounted
from helix_app.protocol.events import Failed, PrefillDone
from helix_app.protocol.models.loading import MemoryUse, Unloaded
from tests.gui import fake
from tests.gui.settling import load


def test_rounds_reach_plots_and_status(window: MainWindow) -> None:
    window.on_events([fake.round_done("r", 20, rolling_tokens_per_second=60.8)])
    assert len(window.live.plots.k) == 1
    assert window.status.context.text() == "context 120 / 8,192"
    assert window.status.bar.fraction() == pytest.approx(120 / 8192)
    assert window.status.speculation.text() == "speculation on, 1.6x faster than plain"
    window.on_events([fake.round_done("r", 21, k=0, k_reason="paused")])
    assert window.status.speculation.text().startswith("speculation paused (drafts were rarely accepted")
    window.on_events([fake.round_done("r", 22, k=0, k_reason="no_match", rolling_tokens_per_second=60.8)])
    assert window.status.speculation.text() == "speculation on, 1.6x faster than plain"  # one round is no pause
    window.on_event(fake.finished("r", plain_tokens_per_second=70.0))
    assert window.status.speculation.text() == "speculation on, 0.9x of plain speed"
    window.on_event(fake.ready(draft="none"))
    assert window.status.speculation.text() == "speculation off: no draft"
    assert isinstance(window.live.plots, LivePlots)
    assert len(window.live.plots.k) == 0
    window.on_event(Unloaded())
    assert window.status.place.text() == "No model loaded"


def test_between_replies_the_chat_is_kept_in_the_cache(window: MainWindow) -> None:
    window.status.set_blocks(0, 512, 6)
    assert window.status.blocks.text() == "KV 6 / 512 blocks cached"
    assert "6 are cached" in window.status.blocks.toolTip()
    window.status.set_blocks(4, 512, 6)
    assert window.status.blocks.text() == "KV 4 / 512 blocks"


def test_memory_is_shown_beside_what_is_free(window: MainWindow) -> None:
    label = window.status.memory
    assert label.text() == "memory 612 MB, 5.1 GB free"
    assert "Weights: 151 MB" in label.toolTip()
    window.on_event(MemoryUse(700_000_000, None, None, None))
    assert label.text() == "memory 700 MB, – free"
    assert "Engine, with all its libraries: 700 MB<br>" in label.toolTip()  # and nothing that is not known
    window.on_event(fake.ready(memory=MemoryUse(1, 2, 3, 4, 5, 2_000_000_000, 14_000_000_000, 17_000_000_000)))
    assert label.text() == "GPU memory 2.0 GB, 14.0 GB free"
    window.on_event(Unloaded())
    assert label.text() == "memory –"


@pytest.fixture
def bar(theme: Theme, state: State, qtbot: QtBot) -> StatusBar:
    """The bar by itself, of a model that is loaded."""
    made = StatusBar(theme, state)
    qtbot.addWidget(made)
    state.set_model(Model(fake.ready()))
    return made


def shown(bar: StatusBar) -> list[str]:
    return [label.text() for label in (bar.place, bar.context, bar.blocks, bar.memory, bar.speculation)]


def test_without_a_model_there_are_dashes(bar: StatusBar, state: State) -> None:
    state.set_model(Model())
    assert shown(bar) == ["No model loaded", "context –", "KV –", "memory –", "speculation –"]
    assert bar.bar.fraction() == 0


def test_a_model_begins_with_an_empty_context(bar: StatusBar, state: State) -> None:
    state.set_model(Model(fake.ready(device="directml:1", dtype="float16", context_length=2048, target_blocks=1)))
    assert shown(bar)[:3] == ["DirectML 1 · float16", "context 0 / 2,048", "KV 0 / 1 block"]
    assert "134,515,008 parameters" in bar.place.toolTip()


def test_a_model_that_was_kept_still_holds_the_conversation(bar: StatusBar, state: State) -> None:
    bar.set_context(120)
    bar.set_blocks(4, 512)
    state.set_model(Model(fake.ready(), kept=True))
    assert shown(bar)[1:3] == ["context 120 / 8,192", "KV 4 / 512 blocks"]
    state.set_model(Model(fake.ready()))
    assert shown(bar)[1:3] == ["context 0 / 8,192", "KV 0 / 512 blocks"]


def test_a_round_is_shown_with_its_batch_and_only_the_last_one(bar: StatusBar) -> None:
    for index in (10, 20):
        bar.on_round(fake.round_done("r", index))
    assert bar.context.text() == "context 0 / 8,192"
    bar.flush()
    assert bar.context.text() == "context 120 / 8,192"
    bar.set_context(7)
    bar.flush()  # nothing came
    assert bar.context.text() == "context 7 / 8,192"


@pytest.mark.parametrize("reason", PAUSES)
def test_a_pause_that_lasts_says_why(bar: StatusBar, reason: str) -> None:
    bar.on_round(fake.round_done("r", 20, k=0, k_reason=reason))
    bar.flush()
    assert bar.speculation.text().startswith("speculation paused (")


def test_a_reply_that_others_join_is_no_faster_for_having_been_alone(bar: StatusBar) -> None:
    speeds = {"decode_tokens_per_second": 90.0, "rolling_tokens_per_second": 30.0, "plain_tokens_per_second": 30.0}
    bar.on_round(fake.round_done("r", 300, **speeds))
    bar.flush()
    assert bar.speculation.text() == "speculation on, as fast as plain"


@pytest.mark.parametrize(
    ("plain", "words"),
    [
        (None, "speculation on"),
        (0.0, "speculation on"),
        (30.4, "speculation on, 2.0x faster than plain"),
        (60.0, "speculation on, as fast as plain"),
        (121.6, "speculation on, 0.5x of plain speed"),
    ],
)
def test_what_speculation_gains(bar: StatusBar, plain: float | None, words: str) -> None:
    bar.on_finished(fake.finished("r", plain_tokens_per_second=plain))
    assert bar.speculation.text() == words


def test_the_pool_of_the_draft_is_not_counted(bar: StatusBar) -> None:
    bar.on_cache_snapshot(fake.snapshot(fake.pool_cells(64), pool="draft"))
    assert bar.blocks.text() == "KV 0 / 512 blocks"


def test_a_reply_that_was_given_up_says_nothing(bar: StatusBar, state: State) -> None:
    state.set_elsewhere(["old"])
    bar.on_round(fake.round_done("old", 20))
    bar.on_finished(fake.finished("old"))
    bar.flush()
    assert shown(bar)[1] == "context 0 / 8,192"
    assert bar.speculation.text() == "speculation on"


PROMPT = PromptCounted(1, tuple({"system": 820, "history": 1638, "message": 410}.get(p, 0) for p in PARTS), 4, 5324)


def test_the_bar_shows_what_the_prompt_is_made_of(bar: StatusBar) -> None:
    bar.show_prompt(PROMPT, 1024)
    assert bar.context.text() == "context 2,868 / 8,192"
    parts = bar.bar.parts()
    assert list(parts) == ["system", "history", "message"]
    assert parts["system"] == pytest.approx(0.1, abs=0.001)
    for line in ("System prompt: 820", "Left for the reply: 5,324", "Not sent: the 4 oldest messages"):
        assert line in bar.bar.toolTip()
        assert line in bar.context.toolTip()


def test_while_a_reply_is_written_it_shows_prompt_and_reply(bar: StatusBar, state: State) -> None:
    bar.show_prompt(PROMPT, 1024)
    state.begin("reply")
    bar.on_prefilled(PrefillDone("r", 2868, 0, 0.1))
    bar.on_round(fake.round_done("r", 1, context_tokens=3278))
    bar.flush()
    assert bar.context.text() == "context 3,278 / 8,192"
    parts = bar.bar.parts()
    assert list(parts) == ["system", "history", "reply"]
    assert parts["reply"] == pytest.approx(410 / 8192)
    assert "Reply: 410" in bar.bar.toolTip()
    bar.show_prompt(PROMPT, 1024)  # what is typed meanwhile does not hide it
    assert bar.context.text() == "context 3,278 / 8,192"
    bar.on_finished(fake.finished("r"))
    state.end("reply")
    bar.show_prompt(PROMPT, 1024)
    assert bar.context.text() == "context 2,868 / 8,192"


def test_what_cannot_be_counted_leaves_the_bar_as_it_is(bar: StatusBar) -> None:
    bar.set_context(50)
    bar.show_prompt(PromptCounted(1, failed=Failed("no_chat_template")), 1024)
    bar.show_prompt(None, 1024)
    assert bar.context.text() == "context 50 / 8,192"
    assert not bar.bar.parts()


def test_the_gain_is_that_below_the_reply(window: MainWindow) -> None:
    """Both go by the rounds of this reply that drafted nothing, where there are enough."""
    load(window)
    window.chat.composer.editor.setPlainText("why")
    window.chat.send()
    asked = window.book.writing
    assert asked is not None
    name = asked.request.request_id
    for index in range(3):
        window.on_events(
            [fake.round_done(name, index, k=0, draft_seconds=0.0, verify_seconds=0.02, overhead_seconds=0.0)]
        )
    window.on_event(fake.finished(name, "because"))
    assert window.status.speculation.text() == "speculation on, 1.2x faster than plain"


def test_the_gain_stays_where_only_colours_change(window: MainWindow) -> None:
    load(window)
    window.status.speculation.setText("gained")
    window.state.change(theme="dark")
    assert window.status.speculation.text() == "gained"
    window.state.change(mode="autoregressive")
    assert window.status.speculation.text() == "speculation off"
