"""What can be done with a conversation, with a folder and with all of them, as menus."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from PySide6.QtCore import QCoreApplication
from PySide6.QtWidgets import QInputDialog, QLineEdit, QMenu, QWidget

from helix_app.base.messages import fill
from helix_app.gui.chats.book import ChatBook
from helix_app.gui.chats.list_view import ChatListView
from helix_app.gui.kit.keys import spelled
from helix_app.protocol.conversations.chats import ChatEntry

Export = Callable[[tuple[str, ...]], None]


def tr(text: str) -> str:
    """Translate in the context of these menus."""
    return QCoreApplication.translate("chats", text)


def folders_of(entries: tuple[ChatEntry, ...]) -> list[str]:
    """Names of the folders there are."""
    return sorted({entry.folder for entry in entries if entry.folder}, key=str.casefold)


def fill_chat_menu(menu: QMenu, entry: ChatEntry, book: ChatBook, view: ChatListView, export: Export) -> None:
    """What can be done with a conversation."""
    chat_id = entry.id
    if book.writing_in(chat_id) is not None:
        menu.addAction(tr("Stop the reply"), lambda: book.stop(chat_id))
        menu.addSeparator()
    menu.addAction(tr("Rename\tF2"), lambda: view.rename(chat_id))
    pin = tr("Unpin") if entry.pinned else tr("Pin")
    menu.addAction(pin, lambda: book.change(chat_id, pinned=not entry.pinned))
    move = menu.addMenu(tr("Move to folder"))
    for folder in folders_of(book.entries):
        action = move.addAction(folder.replace("&", "&&"), partial(book.change, chat_id, folder=folder))
        action.setCheckable(True)
        action.setChecked(folder == entry.folder)
    if entry.folder:
        move.addAction(tr("None"), lambda: book.change(chat_id, folder=""))
    move.addSeparator()
    move.addAction(tr("New folder…"), lambda: _ask_folder(view, "", lambda name: book.change(chat_id, folder=name)))
    menu.addAction(tr("Duplicate"), lambda: book.copy(chat_id))
    menu.addAction(tr("Export…"), lambda: export((chat_id,)))
    menu.addSeparator()
    menu.addAction(tr("Delete\tDel"), lambda: book.delete(chat_id))


def fill_several_menu(
    menu: QMenu, chat_ids: tuple[str, ...], book: ChatBook, view: ChatListView, export: Export
) -> None:
    """What can be done with several conversations at once."""
    entries = [entry for entry in book.entries if entry.id in chat_ids]

    def change(**values: Any) -> None:
        for entry in entries:
            book.change(entry.id, **values)

    def counted(text: str) -> str:
        return fill(text, n=len(chat_ids))

    if all(entry.pinned for entry in entries):
        menu.addAction(counted(tr("Unpin {n:conversation|conversations}")), lambda: change(pinned=False))
    else:
        menu.addAction(counted(tr("Pin {n:conversation|conversations}")), lambda: change(pinned=True))
    move = menu.addMenu(counted(tr("Move {n:conversation|conversations} to folder")))
    for folder in folders_of(book.entries):
        move.addAction(folder.replace("&", "&&"), partial(change, folder=folder))
    if any(entry.folder for entry in entries):
        move.addAction(tr("None"), lambda: change(folder=""))
    move.addSeparator()
    move.addAction(tr("New folder…"), lambda: _ask_folder(view, "", lambda name: change(folder=name)))
    menu.addAction(counted(tr("Export {n:conversation|conversations}…")), lambda: export(chat_ids))
    menu.addSeparator()
    words = counted(tr("Delete {n:conversation|conversations}"))
    menu.addAction(f"{words}\t{spelled('Del')}", lambda: book.delete(*chat_ids))


def fill_folder_menu(menu: QMenu, folder: str, book: ChatBook) -> None:
    """What can be done with a folder: it is the name that its conversations carry."""
    inside = [entry.id for entry in book.entries if entry.folder == folder]

    def put(name: str) -> None:
        for chat_id in inside:
            book.change(chat_id, folder=name)

    parent = menu.parentWidget()
    menu.addAction(tr("Rename folder…"), lambda: _ask_folder(parent, folder, put))
    menu.addAction(tr("Remove folder, keep its conversations"), lambda: put(""))


def fill_list_menu(menu: QMenu, book: ChatBook, export: Export, import_: Callable[[], None]) -> None:
    """What can be done with all conversations."""
    menu.addAction(tr("Import conversations…"), import_)
    menu.addAction(tr("Export all…"), lambda: export(())).setEnabled(bool(book.entries))


def _ask_folder(parent: QWidget | None, before: str, then: Callable[[str], None]) -> None:
    """Let a person name a folder."""
    name, agreed = QInputDialog.getText(
        parent or QWidget(), tr("Folder"), tr("Name of the folder"), QLineEdit.EchoMode.Normal, before
    )
    name = " ".join(name.split())
    if agreed and name:
        then(name)
