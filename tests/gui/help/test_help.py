"""F1: words are explained where they are shown, under one name, by keyboard and mouse."""

from __future__ import annotations

import re

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QCursor
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QWidget

from helix_app.gui.glossary import terms
from helix_app.gui.glossary.term import PROPERTY, key_of
from helix_app.gui.help.about import AboutDialog
from helix_app.gui.help.help_page import HelpPage
from helix_app.gui.kit.controls.buttons import Picker
from helix_app.gui.window.main_window import MainWindow
from tests.gui import views
from tests.gui.settling import settle

pytestmark = pytest.mark.styled

# ------------------------------------------------------------------------------ the words


def test_every_term_of_a_widget_exists_and_is_in_its_tooltip(window: MainWindow) -> None:
    window.preferences.open_dialog()
    window.help.open_diagnostics()
    given = [widget for widget in window.findChildren(QWidget) if widget.property(PROPERTY)]
    assert len(given) > 40
    for widget in given:
        term = terms.term(str(widget.property(PROPERTY)))
        if widget.toolTip() and not term.page:
            assert term.tip.split("'")[0] in widget.toolTip(), term.key


def test_the_words_of_the_bar_and_the_plots_have_tooltips(window: MainWindow) -> None:
    bar, plots = window.toolbar, window.live.plots
    for widget, key in (
        (bar.target, "target"),
        (bar.draft, "draft"),
        (bar.mode, "speculative"),
        (bar.dtype, "dtype"),
        (plots.acceptance_plot, "acceptance"),
        (plots.k_plot, "k"),
        (plots.speed_plot, "speed"),
        (window.live.blocks.maps["target"], "kv_cache"),
        (window.status.blocks, "kv_cache"),
    ):
        assert terms.tip(key).split("'")[0] in widget.toolTip(), key
        assert key_of(widget) == key


def test_names_in_the_window_are_those_of_the_glossary(window: MainWindow) -> None:
    """One name for one thing: the short forms and the old names are shown nowhere."""
    window.preferences.open_dialog()
    seen = []
    for page in window.pages.pages():
        window.pages.show_page(page.name)
        settle()
        for widget in window.findChildren(QWidget):
            seen += [widget.text() if isinstance(widget, QLabel) else "", widget.accessibleName()]
            if isinstance(widget, Picker):
                seen.append(widget.shown())
                for choice in widget.choices():
                    seen += [choice.label, choice.short, choice.detail]
    assert len(seen) > 300
    wrong = re.compile(r"\b((?i:fp32|bf16|fp16|baseline|autoregressive|speed-up)|K (auto|additive|\d)|[Aa]daptive K)\b")
    assert not {text for text in seen if wrong.search(text)}


# ------------------------------------------------------------------------------ F1


def press_f1(widget: QWidget) -> None:
    """F1, with the widget as the one that listens."""
    QTest.keyClick(widget, Qt.Key.Key_F1)
    settle()


def opened(window: MainWindow) -> HelpPage:
    """The page of F1."""
    page = window.help.page
    assert page is not None
    assert page.isVisible()
    return page


def away(window: MainWindow) -> None:
    """The mouse points to nothing that is explained."""
    QCursor.setPos(window.mapToGlobal(QPoint(2, window.height() - 40)))


def test_f1_opens_at_the_focused_control(window: MainWindow) -> None:
    away(window)
    window.toolbar.draft.setFocus()
    press_f1(window)
    assert opened(window).key == "draft"
    page = opened(window)
    window.activateWindow()
    settle()
    window.toolbar.dtype.setFocus()
    press_f1(window)
    assert opened(window) is page  # the same page, turned
    assert page.key == "dtype"


def test_f1_opens_at_what_the_mouse_points_to(window: MainWindow) -> None:
    away(window)
    window.chat.composer.setFocus()
    plot = window.live.plots.acceptance_plot
    QCursor.setPos(plot.mapToGlobal(plot.rect().center()))
    press_f1(window)
    assert opened(window).key == "acceptance"


def test_f1_opens_at_the_page_where_nothing_else_is_meant(window: MainWindow) -> None:
    away(window)
    for name in ("chat", "inspect", "compare", "benchmark"):
        window.pages.show_page(name)
        QApplication.processEvents()
        focused = QApplication.focusWidget()
        if focused is not None:
            focused.clearFocus()
        window.help.open_page()
        assert opened(window).key == f"page_{name}"


def test_f1_works_in_the_settings_and_the_help_may_be_used_there(window: MainWindow) -> None:
    window.preferences.open_dialog()
    dialog = views.settings_dialog(window)
    settle()
    away(window)
    dialog.editors["top_p"].widget.setFocus()
    press_f1(dialog)
    page = opened(window)
    assert page.key == "top_p"
    assert page.parentWidget() is dialog  # else the dialog would lock it
    dialog.reject()
    settle()
    window.help.show_term("draft")
    assert opened(window).parentWidget() is window


def test_about_is_still_in_the_help_menu_and_not_on_f1(window: MainWindow) -> None:
    assert window.actions_.about.shortcut().isEmpty()
    assert window.actions_.help.shortcut().toString() == "F1"
    press_f1(window)
    assert window.findChild(AboutDialog) is None
