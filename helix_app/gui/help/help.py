"""What the Help menu opens: the dialogs about Helix, and the meter that one of them shows."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, QPoint, Qt, Signal
from PySide6.QtGui import QCursor, QKeySequence, QShortcut
from PySide6.QtWidgets import QApplication, QDialog, QWidget

from helix_app.base import messages
from helix_app.gui.glossary import terms
from helix_app.gui.glossary.term import PROPERTY, key_of
from helix_app.gui.help.about import AboutDialog
from helix_app.gui.help.diagnostics import DiagnosticsDialog, Rows
from helix_app.gui.help.faults.desk import FaultDesk
from helix_app.gui.help.faults.facts import window_facts
from helix_app.gui.help.frames import FrameMeter
from helix_app.gui.help.help_page import HelpPage
from helix_app.gui.inspect.desk import RunDesk
from helix_app.gui.kit import figures
from helix_app.gui.live.dock import LiveDock
from helix_app.gui.look.theme import Theme
from helix_app.gui.routing import Handlers
from helix_app.gui.state import State
from helix_app.protocol import events
from helix_app.protocol.inquiries import UpdateAsked, UpdateKnown


class Help(QObject):
    """Opens the dialogs of a window.

    Attributes:
        frames: times the window's frames while something is written.
        faults: tells of faults that nobody expected.
        page: the page of F1, while it is open.

    Signals:
        checkup_requested: look for what is wrong with this computer.
        asked: something is to be found out, as in ``protocol/inquiries.py``.
    """

    checkup_requested = Signal()
    asked = Signal(object)

    def __init__(
        self,
        theme: Theme,
        state: State,
        window: QWidget,
        live: LiveDock,
        runs: RunDesk,
        *,
        page: Callable[[], str],
    ) -> None:
        """
        Args:
            page: name of the page that is shown; empty while none is.
        """
        super().__init__(window)
        self._theme, self._state, self._window, self._live = theme, state, window, live
        self._page_name = page
        self._dialog: DiagnosticsDialog | None = None
        self.page: HelpPage | None = None
        self._pointed = QPoint()  # where the mouse was when the focus last moved
        self.frames = FrameMeter(self)
        self._update = UpdateKnown("off")
        self._about: AboutDialog | None = None
        self.faults = FaultDesk(theme, window, runs, self._reported, self)
        self.faults.asked.connect(self.asked)
        state.occupied_changed.connect(self.on_occupied_changed)
        app = QApplication.instance()
        if isinstance(app, QApplication):
            app.focusChanged.connect(self._on_focus_changed)

    # ------------------------------------------------------------------ F1

    def open_page(self) -> None:
        """Explain what the mouse points to or the cursor is in: the one that moved last; or else this page."""
        widget = QApplication.activeWindow() or self._window
        self.show_term(self.key_here(), widget if widget is not self.page else self._window)

    def show_term(self, key: str, beside: QWidget | None = None) -> None:
        """Show a term in the page of F1, which opens above ``beside`` (the window) or comes to the front."""
        above = beside or self._window
        if self.page is not None and self.page.parentWidget() is not above:
            self.page.close()  # a dialog that stops the rest would stop it, too
        if self.page is None:
            page = HelpPage(self._theme, above)
            page.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
            page.finished.connect(lambda: self._on_page_closed(page))
            page.destroyed.connect(lambda: self._on_page_closed(page))
            self.page = page
        self.page.show_term(key)
        self.page.show()
        self.page.raise_()
        self.page.activateWindow()
        self.page.search.setFocus()

    def add_key(self, dialog: QDialog, key: str) -> None:
        """Let F1 work in a dialog as in the window; ``key`` is what the dialog is about."""
        dialog.setProperty(PROPERTY, key)
        shortcut = QShortcut(QKeySequence(Qt.Key.Key_F1), dialog)
        shortcut.activated.connect(self.open_page)

    def key_here(self) -> str:
        """The term of what the mouse points to or the cursor is in."""
        mouse, focused = QCursor.pos(), QApplication.focusWidget()
        active = QApplication.activeWindow() or self._window
        pointed = active.childAt(active.mapFromGlobal(mouse))
        by_mouse = mouse != self._pointed
        for widget in (pointed, focused) if by_mouse else (focused, pointed):
            key = key_of(widget)
            if key and not terms.term(key).page:
                return key
        page = self._page_name()
        around = key_of(focused) or (f"page_{page}" if page else "")
        return around if terms.find(around) is not None else "page_keys"

    def _on_focus_changed(self, _before: QWidget | None, _now: QWidget | None) -> None:
        self._pointed = QCursor.pos()

    def _on_page_closed(self, page: HelpPage) -> None:
        if self.page is page:
            self.page = None

    # ------------------------------------------------------------------ dialogs

    def open_about(self) -> None:
        """Show the version."""
        dialog = self._about = AboutDialog(self._theme, self._window)
        dialog.show_update(self._update)
        dialog.finished.connect(self._on_about_closed)
        self.add_key(dialog, "page_keys")
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.open()
        self.asked.emit(UpdateAsked())  # whoever answers asks the releases page only where that is wanted and due

    def open_diagnostics(self) -> None:
        """Show, beside the window, how it runs; the one that is open comes to the front."""
        if self._dialog is None:
            dialog = DiagnosticsDialog(self._theme, self.frames, self.facts, self._reported, self._window)
            dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
            dialog.checkup_requested.connect(self.checkup_requested)
            dialog.finished.connect(self._on_closed)
            self.add_key(dialog, "page_diagnostics")
            self._dialog = dialog
        self._dialog.show()
        self._dialog.raise_()
        self._dialog.activateWindow()

    def on_checkup_done(self, event: events.CheckupDone) -> None:
        """What was found is shown where it was asked for."""
        if self._dialog is not None:
            self._dialog.on_checkup_done(event)

    def handlers(self) -> Handlers:
        """What is called with each kind of event."""
        return {events.CheckupDone: self.on_checkup_done, UpdateKnown: self.on_update_known, **self.faults.handlers()}

    def on_update_known(self, event: UpdateKnown) -> None:
        """What is known of newer versions; About says it, also while it is open."""
        self._update = event
        if self._about is not None:
            self._about.show_update(event)

    def on_occupied_changed(self) -> None:
        """A reply or a comparison began or ended: frames are timed meanwhile."""
        if self._state.occupied in ("reply", "compare"):
            self.frames.start()
        else:
            self.frames.stop()

    def facts(self) -> Rows:
        """What the window shows and what writes in it."""
        window = self._window
        scale = f"{window.devicePixelRatioF() * 100:.0f} %"
        size = self.tr("{w} x {h} at {scale}").format(w=window.width(), h=window.height(), scale=scale)
        live = self.tr("live panel closed")
        if self._live.isVisible():
            filled, plots, blocks = self._live.filled()
            live = messages.fill(
                self.tr("live panel with {n} of {all:plot|plots} and a map of {blocks:block|blocks}"),
                n=filled,
                all=plots,
                blocks=blocks,
            )
        ready = self._state.ready
        model = self.tr("none is loaded") if ready is None else figures.model_facts(ready)
        engine = {
            "child": self.tr("in a process of its own"),
            "thread": self.tr("on a thread of the window"),
        }[self._state.settings.engine_process]
        return (
            (self.tr("Window"), f"{size}, {live}"),
            (self.tr("Model"), model),
            (self.tr("Engine"), engine),
        )

    def _reported(self) -> Rows:
        return window_facts(self._window, self._live, self._state)

    def _on_closed(self) -> None:
        self._dialog = None

    def _on_about_closed(self) -> None:
        self._about = None
