"""Files that are dropped on the window: what is said, and what comes of each kind."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import QEvent, QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QAction, QDragEnterEvent, QDragLeaveEvent, QDropEvent, QKeySequence
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget

from helix_app.gui.chat.composing.field import ComposerText
from helix_app.gui.chat.message.bubble import UserBubble
from helix_app.gui.window.dropping import Dropping, words_for
from helix_app.gui.window.main_window import MainWindow
from tests.gui.chats.made_chats import FakeStore, answer, chat as made_chat, question
from tests.gui.fake import record
from tests.gui.settling import settle

LEFT, NONE, COPY = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, Qt.DropAction.CopyAction
MOVE = Qt.DropAction.MoveAction
NOTES = ("/tmp/notes.md", "/tmp/b.py")


def dragged(*urls: str) -> QMimeData:
    data = QMimeData()
    data.setUrls([QUrl(url) if "://" in url else QUrl.fromLocalFile(url) for url in urls])
    return data


def enter(place: QWidget, data: QMimeData, actions: Qt.DropAction = COPY) -> bool:
    """Whether it may be dropped there."""
    event = QDragEnterEvent(QPoint(5, 5), actions, data, LEFT, NONE)
    event.ignore()
    QApplication.sendEvent(place, event)
    return event.isAccepted()


def dropped(place: QWidget, data: QMimeData, actions: Qt.DropAction) -> Qt.DropAction:
    """What a source is told that proposes to move, and offers these."""
    event = QDropEvent(QPointF(5, 5), actions, data, LEFT, Qt.KeyboardModifier.ShiftModifier, QEvent.Type.Drop)
    assert event.proposedAction() == MOVE
    event.ignore()
    QApplication.sendEvent(place, event)
    return event.dropAction() if event.isAccepted() else Qt.DropAction.IgnoreAction


def drop(place: QWidget, data: QMimeData) -> None:
    QApplication.sendEvent(place, QDropEvent(QPointF(5, 5), COPY, data, LEFT, NONE, QEvent.Type.Drop))


@pytest.fixture
def dropping(window: MainWindow) -> Dropping:
    """What takes the files of a window with a model."""
    return Dropping(window)


@pytest.mark.parametrize(
    ("files", "attaches", "words"),
    [
        (["/x/model.GGUF"], False, "Drop it to load this model"),
        (["/x/a.helixrun", "/x/model.gguf"], True, "Drop it to look into this run"),
        (["/x/notes.md"], True, "Drop it to attach it to the message"),
        (["/x/notes.md"], False, ""),
        ([], True, ""),
    ],
)
def test_what_is_said_of_files(files: list[str], attaches: bool, words: str) -> None:
    assert words_for(files, attaches=attaches) == words


def test_files_over_the_conversation_go_into_the_message(window: MainWindow, dropping: Dropping) -> None:
    asked = record(window.read_requested)
    assert enter(window.chat.view.content, dragged(*NOTES))
    settle()
    assert dropping.veil.isVisible()
    assert dropping.veil.words == "Drop it to attach it to the message"
    drop(window, dragged(*NOTES))
    assert not dropping.veil.isVisible()
    assert [Path(path).name for path in asked] == ["notes.md", "b.py"]
    window.pages.show_page("inspect")
    assert not enter(window, dragged(*NOTES))  # there is no message in sight


def test_a_model_is_loaded_and_a_run_is_shown(window: MainWindow, dropping: Dropping) -> None:
    loads, runs = record(window.load_requested), record(window.desk.open_requested)
    for file in ("/x/model.gguf", "/x/a.helixrun"):
        assert enter(window, dragged(file))
        drop(window, dragged(file))
    assert [Path(choice.target).name for choice in loads] == ["model.gguf"]
    assert [Path(path).name for path in runs] == ["a.helixrun"]


def test_what_can_be_done_nothing_with_is_not_taken(window: MainWindow, dropping: Dropping) -> None:
    assert not enter(window, dragged("https://example.org/x"))
    assert not dropping.veil.isVisible()


def test_the_words_go_with_the_files(window: MainWindow, dropping: Dropping) -> None:
    assert enter(window, dragged("/x/model.gguf"))
    QApplication.sendEvent(window, QDragLeaveEvent())
    assert not dropping.veil.isVisible()


def test_without_a_model_only_what_opens_is_taken(make_window, tmp_path: Path) -> None:
    window = make_window()
    dropping = Dropping(window)
    asked = record(window.read_requested)
    assert not enter(window, dragged(*NOTES))
    dropping.take(list(NOTES))
    assert asked == []
    assert not enter(window, dragged(str(tmp_path)))
    (tmp_path / "config.json").touch()
    assert enter(window, dragged(str(tmp_path)))  # the folder of a model


@pytest.mark.parametrize("file", ["/x/model.gguf", "/x/a.helixrun", "folder"])
def test_what_opens_is_not_taken_by_the_field_of_the_message(
    window: MainWindow, dropping: Dropping, tmp_path: Path, file: str
) -> None:
    (tmp_path / "config.json").touch()
    data = dragged(str(tmp_path) if file == "folder" else file)
    asked = record(window.read_requested)
    field = window.chat.composer.editor
    assert enter(field.viewport(), data)  # by the window around it
    settle()
    assert dropping.veil.isVisible()
    assert field.canInsertFromMimeData(dragged(*NOTES))
    assert asked == []


def test_no_source_is_let_move_a_file(window: MainWindow, dropping: Dropping) -> None:
    for place in (window.chat.view.content, window.chat.composer.editor.viewport(), window.library.page):
        assert enter(place, dragged("/x/notes.md"), COPY | MOVE)
        assert dropped(place, dragged("/x/notes.md"), COPY | MOVE) == COPY
    assert not enter(window, dragged("/x/model.gguf"), MOVE)


def pasted(place: QWidget, data: QMimeData) -> None:
    QApplication.clipboard().setMimeData(data)
    place.setFocus()
    QTest.keySequence(place, QKeySequence.StandardKey.Paste)


def test_what_is_pasted_into_the_message_goes_where_a_drop_would(window: MainWindow, dropping: Dropping) -> None:
    asked, loads = record(window.read_requested), record(window.load_requested)
    runs, field = record(window.desk.open_requested), window.chat.composer.editor
    for files in (("/x/model.gguf",), ("/x/notes.md",), ("/x/a.helixrun", "/x/b.py")):
        assert field.canInsertFromMimeData(dragged(*files))
        pasted(field, dragged(*files))
    assert [Path(choice.target).name for choice in loads] == ["model.gguf"]
    assert [Path(path).name for path in asked] == ["notes.md"]
    assert [Path(path).name for path in runs] == ["a.helixrun"]


def test_a_model_is_pasted_anywhere(make_window) -> None:
    window = make_window()
    Dropping(window)
    loads, asked = record(window.load_requested), record(window.read_requested)
    pasted(window.welcome, dragged("/x/notes.md"))  # there is no message that it could go into
    pasted(window.welcome, dragged("/x/model.gguf"))
    assert [Path(choice.target).name for choice in loads] == ["model.gguf"]
    assert asked == []


def edit_box(window: MainWindow) -> ComposerText:
    """The field of a message that is being written anew."""
    FakeStore(window, made_chat("c", question("q", "", "Why?"), answer("a", "q", "So.")))
    window.book.open("c")
    bubble = next(shown for shown in window.chat.view.messages() if isinstance(shown, UserBubble))
    bubble.begin_edit()
    assert bubble.box is not None
    return bubble.box.editor


def prompt_of_compare(window: MainWindow) -> ComposerText:
    window.pages.show_page("compare")
    return window.compare.setup.prompt.editor


@pytest.mark.parametrize(("place", "attached"), [(edit_box, ["notes.md", "b.py"]), (prompt_of_compare, [])])
def test_what_is_pasted_into_other_fields_goes_where_a_drop_would(
    window: MainWindow, dropping: Dropping, place: Callable[[MainWindow], ComposerText], attached: list[str]
) -> None:
    field = place(window)
    words = QMimeData()
    words.setText(" words")
    pasted(field, words)
    before = field.toPlainText()
    assert before.endswith(" words")
    loads, asked = record(window.load_requested), record(window.read_requested)
    pasted(field, dragged(*NOTES))
    pasted(field, dragged("/x/model.gguf"))
    assert [Path(choice.target).name for choice in loads] == ["model.gguf"]
    assert [Path(path).name for path in asked] == attached
    assert field.toPlainText() == before


def paste_action(field: ComposerText) -> QAction:
    """Paste in the menu of a field."""
    menu = field.createStandardContextMenu()
    menu.setParent(field)
    return next(action for action in menu.actions() if action.objectName() == "edit-paste")


@pytest.mark.parametrize(("place", "attached"), [(edit_box, ["notes.md", "b.py"]), (prompt_of_compare, [])])
def test_paste_of_the_menu_does_what_its_keys_do(
    window: MainWindow, dropping: Dropping, place: Callable[[MainWindow], ComposerText], attached: list[str]
) -> None:
    field = place(window)
    loads, asked = record(window.load_requested), record(window.read_requested)
    for files, taken in ((NOTES, bool(attached)), (("/x/model.gguf",), True)):
        QApplication.clipboard().setMimeData(dragged(*files))
        paste = paste_action(field)
        assert paste.isEnabled() is taken
        assert (loads, len(asked)) == ([], 0 if files == NOTES else len(attached))  # the menu alone does nothing
        paste.trigger()
    assert [Path(choice.target).name for choice in loads] == ["model.gguf"]
    assert [Path(path).name for path in asked] == attached


@pytest.mark.parametrize("place", [edit_box, prompt_of_compare])
def test_what_is_dragged_over_a_field_that_takes_no_files_is_the_windows(
    window: MainWindow, dropping: Dropping, place: Callable[[MainWindow], ComposerText]
) -> None:
    field, loads = place(window), record(window.load_requested)
    assert enter(field.viewport(), dragged("/x/model.gguf"))
    assert dropping.veil.words == "Drop it to load this model"
    drop(field.viewport(), dragged("/x/model.gguf"))
    assert [Path(choice.target).name for choice in loads] == ["model.gguf"]
