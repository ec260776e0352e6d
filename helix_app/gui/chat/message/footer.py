"""What stands under a reply: one sentence, its figures on demand, and what can be done with it."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QPoint, Qt, QTimer, Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QHBoxLayout, QLabel, QMenu, QSizePolicy, QVBoxLayout, QWidget

from helix_app.gui.chat.message.versions import VersionSwitch
from helix_app.gui.kit.controls.buttons import ThemedButton
from helix_app.gui.kit.controls.elided import Shortened
from helix_app.gui.look.theme import Theme

GAP = 4  # pixels between buttons
COPIED_MS = 1500  # how long the button says that it has copied


class Footer(QWidget):
    """Actions of a reply and its figures; what changes a conversation is there where the reply is ``kept`` in one.

    Attributes:
        verdict: the sentence.
        speed: the first of the figures, beside the sentence.
        details: shows and hides all of them.
        stats: the figures.
        versions: which version of the reply is shown.
        copy, again, edit, go_on, race: what is done most: the last two where they can be done.
        more: opens the menu of the rest: ``tokens``, ``inspect`` and ``save``, which need a recorded run (``of_run``),
            ``branch`` and ``delete``.

    Signals:
        height_changed: it needs another height.
    """

    height_changed = Signal()

    def __init__(self, theme: Theme, parent: QWidget | None = None, *, kept: bool = True) -> None:
        super().__init__(parent)
        self._worded: dict[str, int] = {}  # width of each link with its words
        self.versions = VersionSwitch(theme)
        self.copy = ThemedButton(theme, symbol="copy", kind="smallicon", name=self.tr("Copy reply"))
        self.copy.setToolTip(self.tr("Copy reply"))
        self.again = ThemedButton(theme, symbol="refresh", kind="smallicon", name=self.tr("Write this reply again"))
        self.again.setToolTip(self.tr("Write this reply again; this version stays"))
        self.edit = ThemedButton(theme, symbol="edit", kind="smallicon", name=self.tr("Edit this reply"))
        self.edit.setToolTip(self.tr("Edit this reply; this version stays"))
        self.more = ThemedButton(theme, symbol="more", kind="smallicon", name=self.tr("More about this reply"))
        self.more.setToolTip(self.tr("More"))
        self.more.clicked.connect(self._on_more_clicked)
        self.go_on = ThemedButton(theme, self.tr("Continue"), symbol="play", kind="link")
        self.go_on.setToolTip(self.tr("Go on writing where this reply ended"))
        self.go_on.hide()
        self.race = ThemedButton(theme, self.tr("Race it against plain"), symbol="compare", kind="link")
        self.race.setToolTip(self.tr("Write it again with and without drafts, then replay both side by side"))
        self.race.hide()
        self._make_menu()
        self.verdict = Shortened()
        self.verdict.setFont(theme.fonts.small)
        self.verdict.setTextFormat(Qt.TextFormat.PlainText)
        self.verdict.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.speed = self._label(theme)
        self.speed.setProperty("tone", "muted")
        self.details = ThemedButton(theme, self.tr("Details"), kind="link", name=self.tr("Figures of this reply"))
        self.details.setCheckable(True)
        self.details.toggled.connect(self.on_details_toggled)
        self.stats = self._label(theme)
        self.stats.setProperty("tone", "muted")
        self.stats.setWordWrap(True)
        policy = QSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        policy.setHeightForWidth(True)
        self.stats.setSizePolicy(policy)
        self._lay_out()
        for act in (self.edit, self.branch, self.delete):
            act.setVisible(kept)
        self.show_verdict("")

    def _make_menu(self) -> None:
        self.menu = QMenu(self)
        self.tokens: QAction = self.menu.addAction(self.tr("Show where its tokens came from"))
        self.tokens.setCheckable(True)
        self.inspect: QAction = self.menu.addAction(self.tr("Inspect this reply"))
        self.save: QAction = self.menu.addAction(self.tr("Save run…"))
        self.of_run = (self.tokens, self.inspect, self.save)
        self._between = self.menu.addSeparator()
        self.branch: QAction = self.menu.addAction(self.tr("Branch from here"))
        self.branch.setToolTip(self.tr("Open a copy of the conversation that ends with this reply"))
        self.delete: QAction = self.menu.addAction(self.tr("Delete this reply"))

    def _label(self, theme: Theme) -> QLabel:
        label = QLabel()
        label.setFont(theme.fonts.small)
        label.setTextFormat(Qt.TextFormat.PlainText)
        return label

    def _lay_out(self) -> None:
        head = QHBoxLayout()
        head.setSpacing(8)
        for part in (self.verdict, self.speed, self.details):
            head.addWidget(part)
        head.addStretch()
        row = QHBoxLayout()
        row.setSpacing(GAP)
        for widget in (*self._buttons(), self.go_on, self.race):
            row.addWidget(widget)
        row.addStretch()
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(4)
        self._column.addLayout(head)
        self._column.addWidget(self.stats)
        self._column.addLayout(row)

    def _buttons(self) -> tuple[QWidget, ...]:
        return self.versions, self.copy, self.again, self.edit, self.more

    def event(self, event: QEvent) -> bool:
        done = super().event(event)
        if event.type() in (QEvent.Type.LayoutRequest, QEvent.Type.Resize):
            self._name_links()
        return done

    def _name_links(self) -> None:
        """Let links have their words where there is room, the last one first without: its icon and tooltip stay."""
        links = [link for link in (self.go_on, self.race) if not link.isHidden()]
        room = self.width() - sum(part.sizeHint().width() + GAP for part in self._buttons() if not part.isHidden())
        words = {link: link.fontMetrics().horizontalAdvance(link.accessibleName()) for link in links}
        needed = sum(self._worded.setdefault(link.accessibleName(), link.sizeHint().width()) + GAP for link in links)
        for link in reversed(links):
            fits = needed <= room
            if bool(link.text()) is not fits:
                link.setText(link.accessibleName() if fits else "")
            needed -= 0 if fits else words[link]

    def height_for(self, width: int) -> int:
        """Height at a width, for a Column; also before it was ever shown."""
        for child in self.findChildren(QWidget):
            child.ensurePolished()
        self._column.invalidate()
        self._column.activate()  # the rows in it, too
        if self._column.hasHeightForWidth():  # which it has while the figures are shown
            return self._column.totalHeightForWidth(width)
        return self._column.totalSizeHint().height()

    def set_recorded(self, recorded: bool, *, tokens: bool = True) -> None:
        """Whether there is a run to look into, and whether all of the reply's ``tokens`` are in it."""
        for action in self.of_run:
            action.setVisible(recorded and (tokens or action is not self.tokens))
        self._between.setVisible(recorded)

    def show_figures(self, parts: list[tuple[str, str]]) -> None:
        """The figures as (text, what it means) pairs; the first one is the speed."""
        self.speed.setText(parts[0][0].replace(" ", "\u00a0") if parts else "")
        self.speed.setToolTip(parts[0][1] if parts else "")
        self.stats.setText(" · ".join(text.replace(" ", "\u00a0") for text, _tip in parts))
        self.stats.setToolTip("\n".join(f"{text}: {tip}" for text, tip in parts))
        self.verdict.setToolTip(self.stats.toolTip())
        self._refresh()

    def show_verdict(self, sentence: str) -> None:
        """The sentence; without one the figures are shown at once."""
        self.verdict.setText(sentence)
        self._refresh()

    def show_copied(self) -> None:
        """Say for a moment that the reply is on the clipboard."""
        self.copy.set_symbol("check")
        QTimer.singleShot(COPIED_MS, self.copy, lambda: self.copy.set_symbol("copy"))

    def on_details_toggled(self, _shown: bool) -> None:
        """Show or hide the figures."""
        self._refresh()
        self.height_changed.emit()

    def _on_more_clicked(self) -> None:
        self.menu.popup(self.more.mapToGlobal(QPoint(0, self.more.height())))

    def _refresh(self) -> None:
        judged = bool(self.verdict.text())
        self.verdict.setVisible(judged)
        figures = bool(self.stats.text())
        self.details.setVisible(judged and figures)
        self.speed.setVisible(judged and figures and not self.details.isChecked())
        self.stats.setVisible(bool(self.stats.text()) and (self.details.isChecked() or not judged))
