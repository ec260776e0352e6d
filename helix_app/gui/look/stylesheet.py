"""The stylesheet of the window, made from a palette."""

from __future__ import annotations

from string import Template

from helix_app.gui.look.palette import Palette

# Widgets say what they are by their class, an object name or the properties "kind" (buttons) and
# "tone" (labels).
_SHEET = Template("""
QMainWindow, QDialog { background: $panel; color: $text; }
QWidget#canvas, QWidget#canvas > QWidget#content { background: $canvas; }
QScrollArea, QScrollArea > QWidget > QWidget#plainSurface { background: transparent; border: none; }
QToolTip { background: $raised; color: $text; border: 1px solid $border; padding: 4px 8px; }

QMenuBar { background: $panel; color: $text; padding: 2px 8px; }
QMenuBar::item { background: transparent; padding: 4px 8px; border-radius: 4px; }
QMenuBar::item:selected { background: $hover; }
QMenuBar::item:pressed { background: $pressed; }
QMenu { background: $raised; color: $text; border: 1px solid $border; padding: 4px; }
QMenu::item { padding: 6px 24px 6px 8px; min-height: 20px; border-radius: 4px; }
QMenu::item:selected { background: $hover; }
QMenu::item:disabled { color: $disabled; }
QMenu::icon { padding-left: 8px; }
QMenu::indicator { width: 16px; height: 16px; padding-left: 8px; }
QMenu::separator { height: 1px; background: $border; margin: 4px 8px; }

QToolBar { background: $panel; border: none; border-bottom: 1px solid $border; padding: 0px; spacing: 0px; }
QToolBar#navigation { border-bottom: none; border-right: 1px solid $border; }
QStatusBar { background: $panel; color: $muted; border-top: 1px solid $border; }
QStatusBar::item { border: none; }
QMainWindow::separator { background: $border; width: 1px; height: 1px; }
QMainWindow::separator:hover { background: $accent; }
QSplitter::handle { background: $border; }
QSplitter::handle:hover { background: $accent; }
QDockWidget { color: $text; }
QWidget#dockTitle { background: $panel; border-bottom: 1px solid $border; }
QWidget#dockBody { background: $panel; }

QLabel { background: transparent; color: $text; }
QLabel[tone="muted"] { color: $muted; }
QLabel[tone="danger"] { color: $danger_text; }
QLabel[tone="accent"] { color: $accent_text; }

QPushButton { background: $raised; color: $text; border: 1px solid $control; border-radius: 6px;
  min-height: 30px; padding: 0px 12px; }
QPushButton:hover { background: $hover; }
QPushButton:pressed { background: $pressed; }
QPushButton:disabled { color: $disabled; background: $panel; }
QPushButton:focus { border: 2px solid $accent; padding: 0px 11px; min-height: 28px; }
QPushButton[kind="primary"] { background: $accent; color: $on_accent; border: 1px solid $accent; font-weight: 600; }
QPushButton[kind="primary"]:hover { background: $accent_hover; border-color: $accent_hover; }
QPushButton[kind="primary"]:pressed { background: $accent; }
QPushButton[kind="primary"]:focus { border: 2px solid $text; }
QPushButton[kind="primary"]:disabled { background: $track; color: $disabled; border-color: $track; }
QPushButton[kind="ghost"] { background: transparent; border: 1px solid transparent; padding: 0px 8px; }
QPushButton[kind="ghost"]:hover { background: $hover; }
QPushButton[kind="ghost"]:pressed, QPushButton[kind="ghost"]:checked { background: $pressed; }
QPushButton[kind="ghost"]:focus { border: 2px solid $accent; padding: 0px 7px; }
QPushButton[kind="link"] { background: transparent; border: 1px solid transparent; color: $accent_text;
  padding: 0px 4px; min-height: 22px; }
QPushButton[kind="link"]:hover { text-decoration: underline; }
QPushButton[kind="link"]:focus { border: 1px solid $accent; padding: 0px 4px; min-height: 22px; }
QPushButton[kind="icon"] { background: transparent; border: 1px solid transparent; padding: 0px;
  min-width: 30px; max-width: 30px; }
QPushButton[kind="icon"]:hover { background: $hover; }
QPushButton[kind="icon"]:pressed, QPushButton[kind="icon"]:checked { background: $pressed; }
QPushButton[kind="icon"]:focus { border: 2px solid $accent; min-width: 28px; max-width: 28px; padding: 0px; }
QPushButton[kind="smallicon"] { background: transparent; border: 1px solid transparent; padding: 0px;
  min-width: 26px; max-width: 26px; min-height: 26px; max-height: 26px; }
QPushButton[kind="smallicon"]:hover { background: $hover; }
QPushButton[kind="smallicon"]:pressed, QPushButton[kind="smallicon"]:checked { background: $pressed; }
QPushButton[kind="smallicon"]:focus { border: 2px solid $accent; min-width: 24px; max-width: 24px;
  min-height: 24px; max-height: 24px; padding: 0px; }
QPushButton[kind="round"] { border-radius: 16px; background: $raised; border: 1px solid $control; padding: 0px 12px; }
QPushButton[kind="round"]:hover { background: $hover; }
QPushButton[kind="round"]:focus { border: 2px solid $accent; padding: 0px 11px; }

QLineEdit, QSpinBox, QDoubleSpinBox, QPlainTextEdit { background: $raised; color: $text; border: 1px solid $control;
  border-radius: 6px; padding: 0px 8px; min-height: 30px; selection-background-color: $accent;
  selection-color: $on_accent; }
QAbstractSpinBox QLineEdit { background: transparent; border: none; padding: 0px; min-height: 0px; }
QAbstractSpinBox::up-button, QAbstractSpinBox::down-button { width: 0px; border: none; }
QAbstractSpinBox QLineEdit:focus { border: none; }
QLineEdit, QPlainTextEdit { placeholder-text-color: $muted; }
QPlainTextEdit { padding: 6px 4px; }
QLineEdit:focus, QSpinBox:focus, QDoubleSpinBox:focus, QPlainTextEdit:focus { border: 1px solid $accent; }
QLineEdit:disabled, QSpinBox:disabled, QDoubleSpinBox:disabled { color: $disabled; background: $panel; }

QFrame#card { background: $raised; border: 1px solid $border; border-radius: 12px; }
QFrame#composerBox { background: $raised; border: 1px solid $control; border-radius: 10px; }
QFrame#composerBox[focused="true"] { border: 1px solid $accent; }
QPlainTextEdit#composerText { background: transparent; border: none; padding: 0px; min-height: 20px; }
QFrame#chip { background: $accent_soft; border: 1px solid $border; border-radius: 6px; }
QFrame#notice { background: $accent_soft; border: none; border-radius: 6px; }
QFrame#error { background: $danger_soft; border: none; border-radius: 6px; }
QFrame#error QLabel { color: $danger_text; }
QFrame#error QLabel#detail { color: $text; }
QFrame#codeBlock { background: $code; border: 1px solid $border; border-radius: 6px; }
QWidget#loadStrip { background: $panel; border-bottom: 1px solid $border; }
QFrame#comparePaneFrame { background: $raised; border: 1px solid $border; border-radius: 6px; }
QPlainTextEdit#comparePane { background: transparent; border: none; padding: 0px; border-radius: 0px; }
QPlainTextEdit#comparePane:focus { border: none; }
QTextBrowser#helpText { background: transparent; border: none; color: $text; }
QFrame#modelRow { background: transparent; border: none; border-bottom: 1px solid $border; }
QFrame#divider { background: $border; border: none; }

QListWidget#sections { background: transparent; border: none; outline: none; }
QListWidget#sections::item { color: $text; padding-left: 8px; border-radius: 6px; border: 1px solid transparent; }
QListWidget#sections::item:hover { background: $hover; }
QListWidget#sections::item:disabled { color: $muted; background: transparent; padding-top: 8px; }
QListWidget#sections::item:selected { background: $pressed; color: $text; }
QListWidget#sections::item:selected:focus { border: 1px solid $accent; }

QTreeWidget#keys { background: $raised; border: 1px solid $border; border-radius: 6px; outline: none; }
QTreeWidget#keys::item { color: $text; min-height: 26px; border: none; }
QTreeWidget#keys::item:hover { background: $hover; }
QTreeWidget#keys::item:selected { background: $pressed; color: $text; }
QTreeWidget#keys QHeaderView::section { background: $panel; color: $muted; border: none; padding: 4px 6px; }

QDialog#commands { background: $raised; border: 1px solid $border; }
QWidget#sidebar { background: $panel; }
QListView#chats { background: transparent; border: none; outline: none; }
QLineEdit#renameChat { padding: 0px 6px; min-height: 26px; }
QSplitter#chatDesk::handle { background: $border; }

QListWidget#replies { background: transparent; border: none; outline: none; }
QAbstractScrollArea::corner { background: transparent; border: none; }

QSlider::groove:horizontal { background: $control; height: 4px; border-radius: 2px; }
QSlider::sub-page:horizontal { background: $accent; height: 4px; border-radius: 2px; }
QSlider::handle:horizontal { background: $accent; width: 14px; margin: -5px 0px; border-radius: 7px; }
QSlider::handle:horizontal:focus { border: 2px solid $text; width: 10px; }
QSlider::sub-page:horizontal:disabled, QSlider::handle:horizontal:disabled { background: $control; }

QScrollBar:vertical { background: transparent; width: 12px; margin: 0px; }
QScrollBar:horizontal { background: transparent; height: 12px; margin: 0px; }
QScrollBar::handle { background: $scroll; border-radius: 3px; border: none; }
QScrollBar::handle:vertical { min-height: 32px; margin: 2px 3px; }
QScrollBar::handle:horizontal { min-width: 32px; margin: 3px 2px; }
QScrollBar::handle:hover { background: $border_strong; }
QScrollBar::add-line, QScrollBar::sub-line { width: 0px; height: 0px; }
QScrollBar::add-page, QScrollBar::sub-page { background: transparent; }
""")


def stylesheet(palette: Palette) -> str:
    """The whole sheet in these colours."""
    values = {name: value for name, value in vars(palette).items() if isinstance(value, str)}
    return _SHEET.substitute(values, scroll=palette.cached)
