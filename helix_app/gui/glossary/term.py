"""A word of the window, and how a widget is given it."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape

from PySide6.QtCore import QCoreApplication
from PySide6.QtWidgets import QWidget

PROPERTY = "term"  # of a widget: the key of what it shows


def tr(text: str) -> str:
    """Translate in the context of the glossary."""
    return QCoreApplication.translate("glossary", text)


@dataclass(frozen=True)
class Term:
    """One entry of the glossary.

    Attributes:
        key: what widgets call it.
        name: the one name that the window uses.
        tip: one sentence, for tooltips.
        text: the page of F1: paragraphs, an empty line between them.
        also: other words for it, found by the search.
        see: keys of related terms.
        page: whether it is about a page of the window and not about a word.
    """

    key: str
    name: str
    tip: str
    text: str
    also: str = ""
    see: tuple[str, ...] = ()
    page: bool = False

    def words(self) -> str:
        """All that the search looks through."""
        return "\n".join((self.name, self.also, self.tip, self.text)).casefold()


def explain(widget: QWidget, term: Term, lead: str = "") -> None:
    """Let the tooltip of a widget be that of a term, after what is said of the widget itself; F1 opens the term."""
    widget.setProperty(PROPERTY, term.key)
    widget.setToolTip(tooltip(term, lead))
    if not widget.accessibleDescription():
        widget.setAccessibleDescription(term.tip)


def tooltip(term: Term, lead: str = "") -> str:
    """Rich text, for plain text would not be wrapped."""
    parts = [escape(part).replace("\n", "<br>") for part in (lead, term.tip) if part]
    parts.append(f"<i>{escape(tr('F1 tells more.'))}</i>")
    return "<qt>" + "<br>".join(parts) + "</qt>"


def key_of(widget: QWidget | None) -> str:
    """The term of a widget, or of the nearest widget around it; empty for none."""
    while widget is not None:
        key = widget.property(PROPERTY)
        if key:
            return str(key)
        widget = None if widget.isWindow() else widget.parentWidget()
    return ""
