"""What is over goes: notices, figures of another conversation, messages that were never sent."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QTimer

from helix_app.base.messages import NOTICES
from helix_app.gui.kit.notices import PASSING
from helix_app.gui.kit.progress import ThinBar
from helix_app.gui.window.main_window import MainWindow
from helix_app.protocol import events
from helix_app.protocol.loading import MemoryUse, Unloaded
from tests.gui import fake
from tests.gui.driver import Driver

FALLBACK = events.Notice("fallback_cpu", (("device", "DirectML"), ("reason", "no adapter")))
TOO_LONG = (("tokens", "9,000"), ("limit", "8,192"))


def test_notices_go_with_a_new_chat_and_with_a_load(window: MainWindow) -> None:
    bar = window.chat.notices
    for act in (window.actions_.new_chat.trigger, lambda: window.toolbar.dtype.pick("float32")):
        window.on_event(FALLBACK)
        assert bar.isVisible()
        act()
        assert not bar.isVisible()


def test_only_what_is_over_passes_by_itself(window: MainWindow) -> None:
    assert set(PASSING) <= set(NOTICES)
    window.on_event(FALLBACK)
    window.on_event(events.Notice("bench_exported", (("file", "a.html"),)))
    lasting, passing = window.chat.notices._notices
    assert lasting.passing is None
    assert isinstance(passing.passing, QTimer)
    passing.details.setChecked(True)
    passing.passing.timeout.emit()
    assert len(window.chat.notices.sentences()) == 2  # it is being read
    passing.details.setChecked(False)
    passing.passing.timeout.emit()
    assert window.chat.notices.sentences() == [lasting.sentence.text()]


def test_a_new_chat_has_no_figures_yet(window: MainWindow) -> None:
    chat = Driver(window)
    chat.ask("x")
    name = chat.requests[-1].request_id
    window.on_events([fake.round_done(name, n) for n in range(20)])
    window.live.flush()
    assert not window.live.plots.k_plot.is_empty()
    window.actions_.new_chat.trigger()
    late = [fake.round_done(name, 20), fake.finished(name, reason="cancelled")]
    window.on_events(late)  # of the reply that was given up
    window.live.flush()
    assert all(plot.is_empty() for plot in window.live.plots.plots())
    assert window.status.context.text() == "context 0 / 8,192"
    assert window.status.speculation.text() == "speculation on"


def test_between_replies_the_chat_is_kept_in_the_cache(window: MainWindow) -> None:
    window.status.set_blocks(0, 512, 6)
    assert window.status.blocks.text() == "KV 6 / 512 blocks kept"
    assert "6 are kept" in window.status.blocks.toolTip()
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


@pytest.mark.parametrize("again", [False, True], ids=["first message", "later message"])
def test_a_message_that_was_refused_is_back_where_it_was_written(chat: Driver, again: bool) -> None:
    page, composer = chat.window.chat, chat.window.chat.composer
    if again:
        chat.ask("hello")
        chat.finish("hi")
    composer.attach("pasted " * 2000)
    request = chat.ask("far too long")
    composer.editor.setPlainText("typed since")
    chat.window.on_event(events.Failed("prompt_too_long", "", TOO_LONG, request.request_id))
    assert composer.text() == "pasted " * 2000 + "\n\nfar too long\n\ntyped since"
    assert page.error.isVisible()
    assert len(page.view.messages()) == (2 if again else 0)
    assert not page.generating
    composer.clear()
    sent = [message.content for message in chat.ask("short").messages]
    assert sent == (["hello", "hi", "short"] if again else ["short"])


def test_a_reply_that_is_refused_when_written_again_keeps_its_question(chat: Driver) -> None:
    chat.ask("hello")
    chat.finish("hi")
    chat.window.chat.again()
    chat.window.on_event(events.Failed("prompt_too_long", "", TOO_LONG, chat.requests[-1].request_id))
    assert len(chat.window.chat.view.messages()) == 2
    assert "9,000 tokens" in chat.reply.error_sentence()


def test_how_much_of_the_prompt_is_read(chat: Driver) -> None:
    request = chat.ask("x")
    chat.window.on_event(events.PrefillProgress(request.request_id, 1024, 9000))
    assert chat.reply._waiting.text() == "Reading the prompt: 1,024 of 9,000 tokens"
    chat.window.on_event(events.PrefillProgress("another", 5, 6))
    assert chat.reply._waiting.text() == "Reading the prompt: 1,024 of 9,000 tokens"


def test_a_benchmark_is_said_before_one_types(window: MainWindow) -> None:
    window.state.begin("benchmark")
    assert window.chat.hint.isVisible()
    assert window.chat.hint.text().startswith("A benchmark is running")
    window.state.end("benchmark")
    assert not window.chat.hint.isVisible()


def test_an_empty_chat_offers_only_what_can_be_done(window: MainWindow) -> None:
    a, chat = window.actions_, Driver(window)
    of_replies = (a.stop, a.again, a.copy_reply, a.latest, a.inspect, a.save_run)
    assert [action.isEnabled() for action in of_replies] == [False] * 6
    chat.ask("x")
    assert [action.isEnabled() for action in of_replies[:4]] == [True, False, True, True]
    chat.finish("y")
    assert [action.isEnabled() for action in of_replies[:4]] == [False, True, True, True]
    a.new_chat.trigger()
    assert [action.isEnabled() for action in of_replies[:4]] == [False] * 4


def test_progress_does_not_end_in_the_colour_of_errors(window: MainWindow) -> None:
    def colours(bar: ThinBar) -> set[str]:
        image = bar.grab().toImage()
        return {image.pixelColor(x, image.height() // 2).name() for x in range(4, image.width() - 4)}

    for bar, warned in ((window.strip.line, False), (window.welcome.line, False), (window.status.bar, True)):
        bar.resize(80, 4)
        bar.set_fraction(0.97)
        assert (window.theme.palette.corrected in colours(bar)) is warned
