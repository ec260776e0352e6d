"""The glossary: all terms by their keys."""

from __future__ import annotations

from functools import lru_cache

from PySide6.QtWidgets import QWidget

from helix_app.base.language import Language, spoken
from helix_app.gui.glossary import engine_words, user_words
from helix_app.gui.glossary.pages import pages
from helix_app.gui.glossary.term import Term, explain, tr


def groups() -> tuple[tuple[str, tuple[Term, ...]], ...]:
    """(heading, terms) in the order of the help page."""
    return _groups(spoken())


@lru_cache(maxsize=2)
def _groups(_: Language) -> tuple[tuple[str, tuple[Term, ...]], ...]:
    return (
        (tr("Pages"), pages()),
        (tr("Speculation"), engine_words.speculation()),
        (tr("Text and cache"), engine_words.cache()),
        (tr("Figures"), user_words.figures()),
        (tr("Loading"), user_words.loading()),
        (tr("Sampling"), user_words.sampling()),
    )


def every() -> tuple[Term, ...]:
    """All terms."""
    return tuple(term for _, terms in groups() for term in terms)


@lru_cache(maxsize=2)
def _by_key(_: Language) -> dict[str, Term]:
    return {term.key: term for term in every()}


def term(key: str) -> Term:
    """The term of a key. Raises KeyError for one that does not exist."""
    return _by_key(spoken())[key]


def find(key: str) -> Term | None:
    """The term of a key, None for one that does not exist."""
    return _by_key(spoken()).get(key)


def name(key: str) -> str:
    """What a term is called."""
    return term(key).name


def tip(key: str) -> str:
    """Its sentence."""
    return term(key).tip


def give(widget: QWidget, key: str, lead: str = "") -> None:
    """Give a widget a term: tooltip, description for screen readers, and where F1 leads."""
    explain(widget, term(key), lead)


def search(words: str) -> tuple[Term, ...]:
    """Terms that hold all of these words: those with a name that begins so first, then in a name, then anywhere."""
    wanted = words.casefold().split()
    found = [term for term in every() if all(word in term.words() for word in wanted)]

    def rank(term: Term) -> int:
        called = f"{term.name} {term.also}".casefold()
        return 0 if called.startswith(words.strip().casefold()) else 1 if all(w in called for w in wanted) else 2

    return tuple(sorted(found, key=rank)) if wanted else every()
