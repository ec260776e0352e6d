"""The menu bar: every action of the window, with its shortcut."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QCoreApplication
from PySide6.QtGui import QAction, QActionGroup, QKeySequence
from PySide6.QtWidgets import QMainWindow


def tr(text: str) -> str:
    """Translate in the context of the menus."""
    return QCoreApplication.translate("menus", text)


@dataclass(frozen=True)
class Actions:
    """The actions; the window connects them."""

    new_chat: QAction
    open_file: QAction
    open_folder: QAction
    unload: QAction
    settings: QAction
    quit: QAction
    focus: QAction
    stop: QAction
    again: QAction
    copy_reply: QAction
    live: QAction
    latest: QAction
    theme_system: QAction
    theme_light: QAction
    theme_dark: QAction
    about: QAction


def build(window: QMainWindow) -> Actions:
    """Make the menus of a window."""

    def action(text: str, shortcut: str = "", *, checkable: bool = False) -> QAction:
        made = QAction(text, window)
        made.setCheckable(checkable)
        if shortcut:
            made.setShortcut(QKeySequence(shortcut))
        return made

    actions = Actions(
        new_chat=action(tr("&New chat"), "Ctrl+N"),
        open_file=action(tr("&Open model file…"), "Ctrl+O"),
        open_folder=action(tr("Open model &folder…"), "Ctrl+Shift+O"),
        unload=action(tr("&Unload model")),
        settings=action(tr("&Settings…"), "Ctrl+,"),
        quit=action(tr("&Quit"), "Ctrl+Q"),
        focus=action(tr("Go to the &message field"), "Ctrl+L"),
        stop=action(tr("&Stop the reply"), "Esc"),
        again=action(tr("&Write the last reply again"), "Ctrl+R"),
        copy_reply=action(tr("&Copy the last reply"), "Ctrl+Shift+C"),
        live=action(tr("&Live panel"), "Ctrl+Shift+L", checkable=True),
        latest=action(tr("&Jump to latest"), "Ctrl+J"),
        theme_system=action(tr("As the &system"), checkable=True),
        theme_light=action(tr("&Light"), checkable=True),
        theme_dark=action(tr("&Dark"), checkable=True),
        about=action(tr("&About Helix"), "F1"),
    )
    actions.quit.setMenuRole(QAction.MenuRole.QuitRole)
    actions.settings.setMenuRole(QAction.MenuRole.PreferencesRole)
    actions.about.setMenuRole(QAction.MenuRole.AboutRole)
    group = QActionGroup(window)
    for theme in (actions.theme_system, actions.theme_light, actions.theme_dark):
        group.addAction(theme)
    bar = window.menuBar()
    file = bar.addMenu(tr("&File"))
    file.addActions([actions.new_chat])
    file.addSeparator()
    file.addActions([actions.open_file, actions.open_folder, actions.unload])
    file.addSeparator()
    file.addActions([actions.settings])
    file.addSeparator()
    file.addActions([actions.quit])
    bar.addMenu(tr("&Chat")).addActions([actions.focus, actions.stop, actions.again, actions.copy_reply])
    view = bar.addMenu(tr("&View"))
    view.addActions([actions.live, actions.latest])
    view.addMenu(tr("&Theme")).addActions([actions.theme_system, actions.theme_light, actions.theme_dark])
    bar.addMenu(tr("&Help")).addActions([actions.about])
    return actions
