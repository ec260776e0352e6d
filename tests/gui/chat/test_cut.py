"""The line above which nothing was sent: where the last reply says, and nowhere else."""

from __future__ import annotations

from helix_app.gui.chat.cut import CutLine
from helix_app.gui.chats.record import from_text
from helix_app.gui.window.main_window import MainWindow
from helix_app.protocol.conversations.chats import EndMessage
from helix_app.protocol.events import PrefillDone
from tests.gui.chats.made_chats import FakeStore, answer, chat as made_chat, long_chat, question
from tests.gui.driver import Driver
from tests.gui.prompting.prompt_views import cut_chat
from tests.gui.settling import settle


def order(window: MainWindow) -> list[str]:
    """The messages by their ids, and the line among them."""
    return [
        "---" if isinstance(widget, CutLine) else widget.message_id  # type: ignore[attr-defined]
        for widget in window.chat.view.messages()
    ]


def test_it_stands_before_the_first_message_that_was_sent(window: MainWindow) -> None:
    FakeStore(window, cut_chat(2), made_chat("other", question("q", "", "x"), answer("a", "q", "y")))
    window.book.open("c0")
    assert order(window) == ["q1", "a1", "---", "q2", "a2", "q3", "a3"]
    assert window.cut.line is not None
    assert window.cut.line.text() == window.cut.line.accessibleName() == "Not sent from here up: 2 messages"
    window.book.open("other")
    assert order(window) == ["q", "a"]
    window.book.open("c0")
    assert "---" in order(window)


def test_without_a_cut_there_is_none(window: MainWindow) -> None:
    FakeStore(window, cut_chat(0))
    window.book.open("c0")
    assert "---" not in order(window)


def test_it_comes_with_the_reply_and_moves_with_the_next(window: MainWindow, chat: Driver) -> None:
    store = FakeStore(window, cut_chat(2))
    window.book.open("c0")
    request = chat.ask("More?")
    assert "---" not in order(window)  # of this prompt nobody knows yet
    window.on_event(PrefillDone(request.request_id, 90, 0, 0.1, (), 4))
    assert order(window)[4:6] == ["---", "q3"]
    assert window.cut.line is not None
    assert "4 messages" in window.cut.line.text()
    chat.finish("Yes.")
    assert order(window)[4:6] == ["---", "q3"]
    end = next(asked for asked in reversed(store.asked) if isinstance(asked, EndMessage))
    record = from_text(end.details)
    assert record is not None
    assert record.left_out == 4


def test_another_version_has_its_own(window: MainWindow, chat: Driver) -> None:
    FakeStore(window, cut_chat(2))
    window.book.open("c0")
    chat.reply.again_requested.emit()
    chat.finish("Another answer")
    assert "---" not in order(window)
    window.book.step(window.book.current.leaf, -1)
    assert "---" in order(window)


def test_a_cut_far_up_is_there_once_its_message_is_built(window: MainWindow) -> None:
    from dataclasses import replace

    made = long_chat("c", 20)
    last = replace(made.messages[-1], details=cut_chat(2).messages[-1].details)
    FakeStore(window, replace(made, messages=(*made.messages[:-1], last)))
    window.book.open("c")
    assert "---" not in order(window)
    window.chat.list.reveal("q0")
    settle()
    assert order(window)[:4] == ["q0", "a0", "---", "q1"]
