"""The page of F1: a list of terms with a search, and the term that is picked in words."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QCoreApplication, QEvent, Qt
from PySide6.QtTest import QTest

from helix_app.gui.glossary import terms
from helix_app.gui.glossary.term import Term
from helix_app.gui.help.help_page import HelpPage, page as html
from helix_app.gui.look.theme import Theme
from helix_app.gui.window.main_window import MainWindow
from tests.gui.fake import record


@pytest.fixture
def page(window: MainWindow) -> HelpPage:
    """The page of F1 at the KV cache."""
    window.help.show_term("kv_cache")
    page = window.help.page
    assert page is not None
    assert page.isVisible()
    return page


@pytest.mark.parametrize(
    ("words", "first"),
    [
        ("autoregressive", "plain"),
        ("baseline", "plain"),
        ("bf16", "dtype"),
        ("TTFT", "ttft"),
        ("mean accepted", "tokens_per_pass"),
        ("nucleus", "top_p"),
        ("paged", "kv_cache"),
    ],
)
def test_the_search_knows_other_names(page: HelpPage, words: str, first: str) -> None:
    QTest.keyClicks(page.search, words)
    assert page.keys()[0] == first
    assert page.key == first
    assert terms.name(first) in page.text.toPlainText()


def test_a_search_without_an_answer_says_so_and_an_empty_one_shows_all(page: HelpPage) -> None:
    page.search.setText("zebra")
    assert page.keys() == []
    assert page.nothing.isVisible()
    page.search.clear()
    assert page.keys() == [term.key for term in terms.every()]
    assert not page.nothing.isVisible()


def test_by_keyboard_alone(page: HelpPage) -> None:
    assert page.search.hasFocus()
    QTest.keyClicks(page.search, "draft")
    shown = page.keys()
    QTest.keyClick(page.search, Qt.Key.Key_Down)
    assert page.list.hasFocus()
    assert page.key == shown[1]
    QTest.keyClick(page.list, Qt.Key.Key_Escape)
    assert not page.isVisible()


def test_links_lead_on_and_the_page_follows_the_theme(window: MainWindow, page: HelpPage) -> None:
    before = page.text.toHtml()
    window.theme.choose("dark")
    assert window.theme.palette.text in page.text.toHtml()
    assert page.text.toHtml() != before
    page.search.setText("cache")
    page.text.anchorClicked.emit("term:sequence")
    assert page.key == "sequence"
    assert page.search.text() == ""


def test_a_term_stays_while_the_list_is_another(page: HelpPage) -> None:
    page.show_term("block")
    page.search.setText("acceptance")
    assert page.key != "block"
    page.show_term("block")  # what was searched for is over
    assert (page.key, page.search.text()) == ("block", "")
    page.show_term("no such term")
    assert page.key == "block"


def test_a_term_is_text_and_never_markup(theme: Theme) -> None:
    made = html(Term("x", "a < b", "One & two.", "First.\n\nSecond <b>.", also="c > d", see=("draft",)), theme)
    assert "a &lt; b" in made
    assert "One &amp; two." in made
    assert "Second &lt;b&gt;." in made
    assert "Also called: c &gt; d" in made
    assert f"href='term:draft'>{terms.name('draft')}</a>" in made
    assert made.count("<p ") + made.count("<p>") == 5  # its sentence, two paragraphs, other names, links


def test_what_a_term_has_not_is_not_said(theme: Theme) -> None:
    made = html(Term("x", "Name", "Tip.", "Text."), theme)
    assert "Also called" not in made
    assert "See also" not in made


def test_a_page_that_was_closed_hears_of_no_theme(window: MainWindow, page: HelpPage) -> None:
    """What goes wrong while it does fails this test: pytest-qt catches it."""
    gone = record(page.destroyed)
    page.close()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)
    assert gone
    window.state.change(theme="dark")
