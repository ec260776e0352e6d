"""The menu bar: every action of the window, with its shortcut."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtCore import QCoreApplication
from PySide6.QtGui import QAction, QActionGroup, QKeySequence
from PySide6.QtWidgets import QMainWindow, QMenu

from helix_app.base.settings import Settings
from helix_app.gui.chat.page import ChatPage
from helix_app.gui.chats.desk import ChatDesk
from helix_app.gui.help.help import Help
from helix_app.gui.inspect.desk import RunDesk
from helix_app.gui.kit import pictures
from helix_app.gui.kit.model_choices import OPEN_REMOTE
from helix_app.gui.kit.open_dialogs import ask_file, ask_folder
from helix_app.gui.live.dock import LiveDock
from helix_app.gui.look.theme import Theme
from helix_app.gui.models.flow import ModelFlow
from helix_app.gui.prompting.desk import PromptingDesk
from helix_app.gui.settings.preferences import Preferences
from helix_app.gui.state import State
from helix_app.gui.window.commands import open_palette
from helix_app.gui.window.keys.sheet import open_sheet
from helix_app.gui.window.keys.shortcuts import Shortcuts, plain
from helix_app.gui.window.navigation import Navigation

LEAST_TEXT, MOST_TEXT = 60, 250  # percent


def tr(text: str) -> str:
    """Translate in the context of the menus."""
    return QCoreApplication.translate("menus", text)


@dataclass(frozen=True)
class Actions:
    """The actions; the window connects them.

    Attributes:
        view: the View menu; actions of pages go in before ``after_pages``.
    """

    new_chat: QAction
    open_file: QAction
    open_folder: QAction
    open_remote: QAction
    unload: QAction
    settings: QAction
    quit: QAction
    focus: QAction
    stop: QAction
    again: QAction
    copy_reply: QAction
    prompting: QAction
    attach: QAction
    search: QAction
    rename: QAction
    duplicate: QAction
    delete: QAction
    undo: QAction
    import_chats: QAction
    export_chat: QAction
    chats: QAction
    live: QAction
    latest: QAction
    find: QAction
    larger: QAction
    smaller: QAction
    usual: QAction
    origins: QAction
    ghosts: QAction
    open_run: QAction
    save_run: QAction
    save_picture: QAction
    inspect: QAction
    theme_system: QAction
    theme_light: QAction
    theme_dark: QAction
    theme_contrast: QAction
    commands: QAction
    keys: QAction
    help: QAction
    diagnostics: QAction
    about: QAction
    view: QMenu
    after_pages: QAction


def text_size(settings: Settings, by: int) -> int:
    """The next size of text in percent; the usual one for 0."""
    return min(MOST_TEXT, max(LEAST_TEXT, settings.text_size + by)) if by else 100


def build(window: QMainWindow) -> Actions:
    """Make the menus of a window."""

    def action(text: str, shortcut: str = "", *, checkable: bool = False) -> QAction:
        made = QAction(text, window)
        made.setCheckable(checkable)
        if shortcut:
            made.setShortcut(QKeySequence(shortcut))
        return made

    bar = window.menuBar()
    file, chat, view = bar.addMenu(tr("&File")), bar.addMenu(tr("&Chat")), bar.addMenu(tr("&View"))
    actions = Actions(
        new_chat=action(tr("&New chat"), "Ctrl+N"),
        open_file=action(tr("&Open model file…"), "Ctrl+O"),
        open_folder=action(tr("Open model &folder…"), "Ctrl+Shift+O"),
        open_remote=action(tr("Use t&he model of a server…")),
        unload=action(tr("&Unload model")),
        settings=action(tr("&Settings…"), "Ctrl+,"),
        quit=action(tr("&Quit"), "Ctrl+Q"),
        focus=action(tr("Go to the &message field"), "Ctrl+L"),
        stop=action(tr("&Stop the reply"), "Esc"),
        again=action(tr("&Write the last reply again"), "Ctrl+R"),
        copy_reply=action(tr("&Copy the last reply"), "Ctrl+Shift+C"),
        attach=action(tr("&Attach a file…"), "Ctrl+U"),
        prompting=action(tr("&Prompt and sampling…"), "Ctrl+P"),
        search=action(tr("S&earch conversations"), "Ctrl+Shift+F"),
        rename=action(tr("&Rename the conversation")),
        duplicate=action(tr("&Duplicate the conversation")),
        delete=action(tr("De&lete the conversation"), "Ctrl+Shift+Backspace"),
        undo=action(tr("&Undo deleting"), "Ctrl+Shift+Z"),
        import_chats=action(tr("I&mport conversations…")),
        export_chat=action(tr("&Export the conversation…"), "Ctrl+E"),
        chats=action(tr("&Conversations"), "Ctrl+B", checkable=True),
        live=action(tr("&Live panel"), "Ctrl+Shift+L", checkable=True),
        latest=action(tr("&Jump to latest"), "Ctrl+J"),
        find=action(tr("&Find in the conversation"), "Ctrl+F"),
        larger=action(tr("Lar&ger text"), "Ctrl++"),
        smaller=action(tr("S&maller text"), "Ctrl+-"),
        usual=action(tr("Text of the &usual size"), "Ctrl+0"),
        origins=action(tr("Token &origins"), "Ctrl+Shift+T", checkable=True),
        ghosts=action(tr("&Rejected draft tokens"), "Ctrl+Shift+R", checkable=True),
        open_run=action(tr("Open &run…")),
        save_run=action(tr("Sa&ve run…"), "Ctrl+S"),
        save_picture=action(tr("Save &picture of the window…"), "Ctrl+Shift+P"),
        inspect=action(tr("&Inspect the last reply"), "Ctrl+I"),
        theme_system=action(tr("As the &system"), checkable=True),
        theme_light=action(tr("&Light"), checkable=True),
        theme_dark=action(tr("&Dark"), checkable=True),
        theme_contrast=action(tr("&High contrast"), checkable=True),
        commands=action(tr("&Commands…"), "Ctrl+K"),
        keys=action(tr("&Keyboard shortcuts…"), "Ctrl+/"),
        diagnostics=action(tr("&Diagnostics…"), "Ctrl+Shift+D"),
        help=action(tr("&What does this mean?"), "F1"),
        about=action(tr("&About Helix")),
        view=view,
        after_pages=view.addSeparator(),
    )
    actions.quit.setMenuRole(QAction.MenuRole.QuitRole)
    actions.settings.setMenuRole(QAction.MenuRole.PreferencesRole)
    actions.about.setMenuRole(QAction.MenuRole.AboutRole)
    group = QActionGroup(window)
    themes = [actions.theme_system, actions.theme_light, actions.theme_dark, actions.theme_contrast]
    for theme in themes:
        group.addAction(theme)
    file.addActions([actions.new_chat])
    file.addSeparator()
    file.addActions([actions.open_file, actions.open_folder, actions.open_remote, actions.unload])
    file.addSeparator()
    file.addActions([actions.import_chats, actions.export_chat])
    file.addSeparator()
    file.addActions([actions.open_run, actions.save_run, actions.save_picture])
    file.addSeparator()
    file.addActions([actions.settings])
    file.addSeparator()
    file.addActions([actions.quit])
    chat.addActions([actions.focus, actions.stop, actions.again, actions.copy_reply, actions.inspect])
    chat.addActions([actions.attach, actions.prompting])
    chat.addSeparator()
    chat.addActions([actions.search, actions.rename, actions.duplicate, actions.delete, actions.undo])
    view.addActions([actions.chats, actions.live, actions.latest, actions.find])
    view.addSeparator()
    actions.larger.setShortcuts([QKeySequence("Ctrl++"), QKeySequence("Ctrl+=")])
    view.addActions([actions.larger, actions.smaller, actions.usual])
    view.addSeparator()
    view.addActions([actions.origins, actions.ghosts])
    view.addSeparator()
    for later in (actions.save_run, actions.inspect, actions.ghosts, actions.unload):
        later.setEnabled(False)
    view.addMenu(tr("&Theme")).addActions(themes)
    bar.addMenu(tr("&Help")).addActions(
        [actions.commands, actions.keys, actions.help, actions.diagnostics, actions.about]
    )
    return actions


def register(window: QMainWindow, a: Actions, shortcuts: Shortcuts) -> None:
    """Name every command that can have keys, in the order of the menus: the fields of ``Actions``, and the pages."""
    names = {id(action): name for name, action in vars(a).items() if isinstance(action, QAction)}
    names |= {id(command.action): command.id for command in shortcuts.commands()}

    def take(menu: QMenu, group: str) -> None:
        for action in menu.actions():
            inner = action.menu()
            if isinstance(inner, QMenu):
                take(inner, f"{group}: {plain(inner.title())}")
            elif id(action) in names and not action.isSeparator():
                shortcuts.add(names[id(action)], group, action)

    for top in window.menuBar().actions():
        menu = top.menu()
        if isinstance(menu, QMenu):
            take(menu, plain(menu.title()))


def connect(
    a: Actions,
    window: QMainWindow,
    state: State,
    theme: Theme,
    *,
    pages: Navigation,
    chat: ChatPage,
    chats: ChatDesk,
    prompting: PromptingDesk,
    models: ModelFlow,
    runs: RunDesk,
    live: LiveDock,
    help: Help,
    preferences: Preferences,
    shortcuts: Shortcuts,
) -> None:
    """Let the actions of a window do what they say, and offer only what can be done."""

    def in_chat(act: Callable[[], None]) -> None:
        pages.show_page("chat")
        act()

    a.new_chat.triggered.connect(lambda: in_chat(chat.new_chat))
    chat.new_chat_requested.connect(a.new_chat.trigger)
    a.open_file.triggered.connect(lambda: models.pick("target", ask_file(window)))
    a.open_folder.triggered.connect(lambda: models.pick("target", ask_folder(window)))
    a.open_remote.triggered.connect(lambda: models.pick("target", OPEN_REMOTE))
    a.settings.triggered.connect(preferences.open_dialog)
    a.quit.triggered.connect(window.close)
    a.focus.triggered.connect(lambda: in_chat(chat.take_cursor))
    a.stop.triggered.connect(chat.stop)
    a.again.triggered.connect(chat.again)
    a.copy_reply.triggered.connect(chat.list.copy_last)
    book = chat.book
    a.attach.triggered.connect(lambda: in_chat(chat.attaching.choose))
    a.prompting.triggered.connect(lambda: in_chat(prompting.open_dialog))
    a.search.triggered.connect(lambda: in_chat(chats.search))
    a.rename.triggered.connect(lambda: in_chat(chats.rename_current))
    a.duplicate.triggered.connect(lambda: in_chat(lambda: book.copy(book.current.id)))
    a.delete.triggered.connect(lambda: in_chat(lambda: book.delete(book.current.id)))
    a.undo.triggered.connect(lambda: in_chat(book.undo))
    a.import_chats.triggered.connect(lambda: in_chat(chats.import_))
    a.export_chat.triggered.connect(lambda: chats.export((book.current.id,)))
    a.chats.triggered.connect(chats.show_list)
    chats.shown_changed.connect(a.chats.setChecked)
    a.chats.setChecked(chats.list_shown)
    a.live.triggered.connect(lambda shown: live.setVisible(shown))
    a.latest.triggered.connect(lambda: in_chat(chat.view.follow))
    a.find.triggered.connect(lambda: in_chat(chat.finder.open_bar))
    for resizing, by in ((a.larger, 10), (a.smaller, -10), (a.usual, 0)):
        resizing.triggered.connect(lambda _=False, by=by: state.change(text_size=text_size(state.settings, by)))
    origins = chat.origins
    a.origins.toggled.connect(origins.show_all)
    a.origins.toggled.connect(a.ghosts.setEnabled)
    a.ghosts.toggled.connect(origins.set_ghosts)
    a.open_run.triggered.connect(runs.ask_and_open)
    a.save_run.triggered.connect(runs.save_last)
    a.save_picture.triggered.connect(lambda: pictures.ask_and_save(window, "helix"))
    a.inspect.triggered.connect(runs.inspect_last)
    runs.available_changed.connect(a.save_run.setEnabled)
    runs.available_changed.connect(a.inspect.setEnabled)
    a.commands.triggered.connect(lambda: open_palette(theme, window, book))
    a.keys.triggered.connect(lambda: open_sheet(theme, shortcuts, window))
    a.help.triggered.connect(help.open_page)
    a.diagnostics.triggered.connect(help.open_diagnostics)
    a.about.triggered.connect(help.open_about)
    themes = {"system": a.theme_system, "light": a.theme_light, "dark": a.theme_dark, "contrast": a.theme_contrast}
    for value, action in themes.items():
        action.triggered.connect(lambda _=False, value=value: state.change(theme=value))

    def offer() -> None:
        written, writing = chat.last_reply() is not None, chat.generating
        a.stop.setEnabled(writing)
        a.again.setEnabled(written and not writing)
        for of_chat in (a.rename, a.duplicate, a.delete, a.export_chat):
            of_chat.setEnabled(not chat.is_empty)
        a.copy_reply.setEnabled(written)
        a.latest.setEnabled(not chat.is_empty and pages.current is not None)
        a.undo.setEnabled(book.can_undo)
        a.unload.setEnabled(state.ready is not None and state.occupied != "benchmark")

    def check_theme() -> None:
        themes[state.settings.theme].setChecked(True)

    watched = (state.model_changed, state.occupied_changed, state.chat_cleared, pages.page_changed)
    for changed in (*watched, book.way_changed, book.writing_changed, book.deleted, book.undone):
        changed.connect(lambda *_: offer())
    state.settings_changed.connect(check_theme)
    check_theme()
