"""Which installed models can draft for the one that is loaded, and the dialog about one of them."""

from __future__ import annotations

from collections.abc import Iterator

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QWidget

from helix_app.base import messages
from helix_app.base.message_texts import fit as words
from helix_app.gui.kit.controls.buttons import Choice
from helix_app.gui.kit.figures import size
from helix_app.gui.look.theme import Theme
from helix_app.gui.models.dialogs.pair_dialog import PairDialog
from helix_app.gui.routing import Handlers
from helix_app.gui.state import State
from helix_app.protocol.pairs import PairAsked, PairExamined, Verdict, VerdictsAsked, VerdictsFound
from helix_app.protocol.requests import CatalogItem

EXAMINE = "\0pair"  # the value of a picker that opens the dialog


class Pairs(QObject):
    """Asks for verdicts whenever another model is loaded or other models are there.

    Signals:
        asked: a VerdictsAsked or a PairAsked.
        stop_requested: nobody waits for the pair that is looked at.
        changed: there are other verdicts.
        draft_chosen: this model is to draft, by its id.
        opened: the dialog, just before it is shown.
    """

    asked = Signal(object)
    stop_requested = Signal()
    changed = Signal()
    draft_chosen = Signal(str)
    opened = Signal(object)

    def __init__(self, theme: Theme, state: State, window: QWidget) -> None:
        super().__init__(window)
        self._theme, self._state, self._inside = theme, state, window
        self._question = VerdictsAsked("", ())
        self._verdicts: dict[str, Verdict] = {}
        self._dialog: PairDialog | None = None
        state.model_changed.connect(self.on_state_changed)
        state.catalog_changed.connect(self.on_state_changed)

    def handlers(self) -> Handlers:
        """What is called with each kind of event."""
        return {VerdictsFound: self.on_verdicts_found, PairExamined: self.on_pair_examined}

    # ------------------------------------------------------------------ the picker

    def on_state_changed(self) -> None:
        """Ask anew where the question is another one."""
        ready = self._state.ready
        others = tuple(item.path for item in self.others())
        if ready is None or not ready.target_file or not others:
            return
        question = VerdictsAsked(ready.target_file, others)
        if question != self._question:
            self._question, self._verdicts = question, {}
            self.asked.emit(question)

    def on_verdicts_found(self, event: VerdictsFound) -> None:
        """The answer, unless it came too late."""
        if event.target == self._question.target:
            self._verdicts = {verdict.draft: verdict for verdict in event.verdicts}
            self.changed.emit()

    def others(self) -> list[CatalogItem]:
        """Installed models beside the target."""
        target = self._state.asked.target
        return [item for item in self._state.items if item.path and item.id != target]

    def choices(self) -> Iterator[Choice]:
        """A line of the picker for each installed model: what speaks against one that cannot be chosen."""
        for item in self.others():
            verdict = self._verdicts.get(item.path)
            if verdict is None or not (verdict.code or verdict.differs or verdict.heavy or verdict.head):
                yield Choice(item.id, item.name, size(item.size_bytes))
            elif verdict.code:
                reason = messages.error_text(verdict.code, verdict.fields)
                yield Choice(item.id, item.name, self.tr("cannot be used"), enabled=False, tip=reason)
            elif verdict.head and not verdict.heavy:
                yield Choice(item.id, item.name, self.tr("head for this model"), tip=words.verdict_text(verdict))
            elif verdict.differs:
                yield Choice(item.id, item.name, self.tr("re-encoded"), tip=words.verdict_text(verdict))
            else:
                reason = self.tr("It is as large as the target: drafting costs as much as writing.")
                yield Choice(item.id, item.name, self.tr("as large as the target"), tip=reason)

    # ------------------------------------------------------------------ the dialog

    def open_dialog(self) -> None:
        """Look at a pair of the loaded model and an installed one."""
        ready, others = self._state.ready, self.others()
        if ready is None or not others:
            return
        chosen = self._state.asked.draft
        first = next((item for item in others if item.id == chosen), None)
        first = first or next((item for item in others if not self._objects(item)), others[0])
        dialog = PairDialog(self._theme, ready.target_name, others, first.id, self._inside.window())
        dialog.examine_requested.connect(self._on_examine_requested)
        dialog.stop_requested.connect(self.stop_requested)
        dialog.draft_chosen.connect(self.draft_chosen)
        dialog.finished.connect(self._on_finished)
        self._dialog = dialog
        self.opened.emit(dialog)
        dialog.open()
        dialog.look()

    def _objects(self, item: CatalogItem) -> bool:
        """Whether anything is known that speaks against a draft."""
        verdict = self._verdicts.get(item.path)
        return verdict is not None and bool(verdict.code or verdict.differs)

    def on_pair_examined(self, event: PairExamined) -> None:
        """What was found."""
        if self._dialog is not None:
            self._dialog.show_found(event)

    def _on_examine_requested(self, draft: CatalogItem, probe: bool) -> None:
        ready, s = self._state.ready, self._state.settings
        if ready is None:
            return
        installed = tuple(item.path for item in self.others())
        device, context, cache = s.device_for(s.target), s.context_length or None, s.cache_tokens or None
        self.asked.emit(PairAsked(ready.target_file, draft.path, context, device, s.dtype, probe, installed, cache))

    def _on_finished(self) -> None:
        dialog, self._dialog = self._dialog, None
        if dialog is not None:
            self.stop_requested.emit()
            dialog.deleteLater()
