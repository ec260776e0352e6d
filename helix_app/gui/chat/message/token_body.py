"""A reply as its tokens, in place of its Markdown."""

from __future__ import annotations

from PySide6.QtWidgets import QWidget

from helix_app.gui.chat.column import Column
from helix_app.gui.look.theme import Theme
from helix_app.gui.tokens.legend import TokenLegend
from helix_app.gui.tokens.view import TokenView
from helix_app.runs.trace import Trace


class TokenBody(Column):
    """The tokens and what their marks mean.

    Attributes:
        view: the tokens.
    """

    def __init__(self, theme: Theme, trace: Trace, ghosts: bool, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._legend = TokenLegend(theme)
        self.view = TokenView(theme)
        self.view.show_trace(trace)
        self.add(self._legend)
        self.add(self.view, 4)
        self.set_ghosts(ghosts)

    def set_ghosts(self, shown: bool) -> None:
        """Show rejected draft tokens in place, or do not."""
        self._legend.set_ghosts(shown)
        self.view.set_ghosts(shown)
        self.relayout(0)

    def refresh(self) -> None:
        """More tokens came."""
        self.view.refresh()
