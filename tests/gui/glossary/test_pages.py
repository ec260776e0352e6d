"""What each page is for: every page of the window has its entry, and the keys are those of the menus."""

from __future__ import annotations

from helix_app.gui.glossary import terms
from helix_app.gui.glossary.pages import pages
from helix_app.gui.window.keys.shortcuts import plain
from helix_app.gui.window.main_window import MainWindow


def test_every_page_of_the_window_is_explained_under_its_name(window: MainWindow) -> None:
    shown = window.pages.pages()
    assert len(shown) == 6
    assert [terms.name(f"page_{page.name}") for page in shown] == [page.label for page in shown]


def test_all_of_them_are_pages_and_lead_to_words() -> None:
    every = pages()
    assert all(term.page and term.key.startswith("page_") for term in every)
    assert {key for term in every for key in term.see} <= {term.key for term in terms.every()}


def test_keys_do_what_is_said_of_them(window: MainWindow) -> None:
    a, said = window.actions_, terms.term("page_keys").text
    for action in (a.keys, a.commands):
        assert plain(action.text()) in said
        assert action in window.menuBar().actions()[-1].menu().actions()
    assert plain(window.menuBar().actions()[-1].text()) in said
    assert a.help.shortcut().toString() == "F1"
    assert [action.shortcut().toString() for action in window.pages.actions_] == [f"Ctrl+{n}" for n in range(1, 7)]
