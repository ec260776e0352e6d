"""A benchmark, and two of them side by side."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QCoreApplication, Qt, Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QFrame, QGridLayout, QHBoxLayout, QLabel, QMenu, QScrollArea, QVBoxLayout, QWidget

from helix_app.gui.benchmark.history import when
from helix_app.gui.benchmark.plots import Bars, RatioPlot
from helix_app.gui.benchmark.table import TextTable, clear
from helix_app.gui.glossary import terms
from helix_app.gui.kit.controls.buttons import ThemedButton
from helix_app.gui.look.theme import Theme
from helix_app.protocol.bench_views import BenchChange, BenchEntry, BenchTable, BenchView, ExportFormat

WIDEST = 960
SIDE = 24


class Sheet(QScrollArea):
    """A page that scrolls: headings, and what stands under them."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self.setWidgetResizable(True)
        self.setAccessibleName(QCoreApplication.translate("benchmark", "Result"))
        self.setFrameShape(QScrollArea.Shape.NoFrame)
        surface = QWidget()
        surface.setObjectName("plainSurface")
        body = QWidget()
        body.setMaximumWidth(WIDEST)
        row = QHBoxLayout(surface)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(body, 1)
        row.addStretch(0)
        self.column = QVBoxLayout(body)
        self.column.setContentsMargins(SIDE, 16, SIDE, 24)
        self.column.setSpacing(8)
        self.setWidget(surface)

    def label(self, tone: str = "", *, wrap: bool = True) -> QLabel:
        """Selectable text."""
        label = QLabel()
        label.setTextFormat(Qt.TextFormat.PlainText)
        label.setWordWrap(wrap)
        label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        if tone:
            label.setProperty("tone", tone)
        return label

    def section(self, heading: str, note: str, *parts: QWidget) -> QWidget:
        """Parts under a heading and a muted note, as one widget that can be hidden."""
        whole = QWidget()
        column = QVBoxLayout(whole)
        column.setContentsMargins(0, 16, 0, 0)
        column.setSpacing(6)
        head = QLabel(heading)
        head.setFont(self._theme.fonts.strong)
        column.addWidget(head)
        if note:
            words = self.label("muted")
            words.setFont(self._theme.fonts.small)
            words.setText(note)
            column.addWidget(words)
        for part in parts:
            column.addWidget(part)
        return whole


class Headline(QWidget):
    """Plain decoding, Helix and what lies between them, large."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName(self.tr("Headline"))
        self._theme = theme
        self.shown: BenchTable | None = None
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 8, 0, 0)
        self._grid.setHorizontalSpacing(24)
        self._grid.setVerticalSpacing(4)

    def show_table(self, table: BenchTable | None) -> None:
        """Replace what is shown."""
        clear(self._grid)
        self.shown = table
        self.setVisible(table is not None)
        if table is None:
            return
        for column, text in enumerate(table.head):
            head = QLabel(text)
            head.setProperty("tone", "muted")
            head.setFont(self._theme.fonts.small)
            self._grid.addWidget(head, 0, column)
        for number, row in enumerate(table.rows, 1):
            for column, text in enumerate(row):
                value, rest = _split(text) if column == len(row) - 1 else (text, "")
                self._grid.addWidget(self._cell(value, rest, f"{row[0]}, {table.head[column]}", column), number, column)
        self._grid.setColumnStretch(len(table.head) - 1, 1)

    def _cell(self, value: str, rest: str, name: str, column: int) -> QWidget:
        label = QLabel(value)
        label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        if not column:
            label.setProperty("tone", "muted")
            return label
        label.setFont(self._theme.fonts.figure)
        label.setAccessibleName(f"{name}: {value} {rest}".strip())
        if not rest:
            return label
        both = QWidget()
        row = QHBoxLayout(both)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        note = QLabel(rest)
        note.setProperty("tone", "muted")
        note.setFont(self._theme.fonts.small)
        note.setWordWrap(True)
        row.addWidget(label)
        row.addWidget(note, 1)
        return both


def _split(text: str) -> tuple[str, str]:
    """``1.42x [1.38, 1.47]`` as value and rest."""
    value, _, rest = text.partition(" ")
    return value.rstrip(","), rest


class ResultSheet(Sheet):
    """One benchmark.

    Attributes:
        view: what is shown.

    Signals:
        export_requested: (BenchEntry, format).
    """

    export_requested = Signal(object, str)

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(theme, parent)
        self.view: BenchView | None = None
        self.title = self.label()
        self.title.setFont(theme.fonts.title)
        self.subtitle, self.moment = self.label("muted"), self.label("muted")
        self.export = ThemedButton(theme, self.tr("Export"), symbol="download")
        self.export.setMenu(self._menu())
        top = QHBoxLayout()
        top.setSpacing(16)
        top.addWidget(self.title, 1)
        top.addWidget(self.export, 0, Qt.AlignmentFlag.AlignTop)
        self.headline = Headline(theme)
        self.nothing = self.label("muted")
        self.nothing.setText(self.tr("Too little was measured to compare Helix with plain decoding. Run it again."))
        self.ratios = RatioPlot(theme, self.tr("Speedup by kind of prompt"))
        self.kinds = TextTable(theme, self.tr("Decode speed by kind of prompt"), total=True)
        self.positions = Bars(theme, self.tr("Acceptance rate by position"), self.tr("position in the draft"))
        self.rounds = Bars(theme, self.tr("Tokens drafted a round"), self.tr("tokens drafted (k)"))
        self.details = TextTable(theme, self.tr("Helix in detail"), total=True)
        self.peers = TextTable(theme, self.tr("Other programs"), total=True)
        self.agreement, self.notes = self.label(), self.label()
        self.command = self.label()
        self.command.setFont(theme.fonts.mono_small)
        self.copy = ThemedButton(theme, symbol="copy", kind="smallicon", name=self.tr("Copy the command"))
        self.copy.setToolTip(self.tr("Copy the command"))
        self.copy.clicked.connect(lambda: QGuiApplication.clipboard().setText(self.command.text()))
        self.facts = TextTable(theme, self.tr("Settings and machine"))
        self._lay_out(top)

    def _lay_out(self, top: QHBoxLayout) -> None:
        self._by_kind = self.section(
            self.tr("Speedup by kind of prompt"),
            self.tr(
                "Helix over plain decoding on the same weights, with 95 % intervals. Hollow circles: no significant "
                "difference; crosses: too few replies for a verdict."
            ),
            self.ratios,
            self.kinds,
        )
        self._acceptance = self.section(
            self.tr("Acceptance rate by position"), self.tr("Where all before it were accepted"), self.positions
        )
        self._rounds = self.section(self.tr("Tokens drafted a round"), self.tr("Share of rounds by k"), self.rounds)
        for part, term in ((self._by_kind, "speedup"), (self._acceptance, "acceptance"), (self._rounds, "k")):
            terms.give(part, term)
        terms.give(self.headline, "speedup")
        bars = QHBoxLayout()
        bars.setSpacing(24)
        bars.addWidget(self._acceptance, 1)
        bars.addWidget(self._rounds, 1)
        box = QFrame()
        box.setObjectName("codeBlock")
        row = QHBoxLayout(box)
        row.setContentsMargins(12, 4, 4, 4)
        row.addWidget(self.command, 1)
        row.addWidget(self.copy, 0, Qt.AlignmentFlag.AlignTop)
        self._details = self.section(self.tr("Helix in detail"), "", self.details)
        self._peers = self.section(
            self.tr("Other programs on the same weights"), self.tr("Decode speed in tok/s"), self.peers
        )
        self._agreement = self.section(
            self.tr("Same tokens"), self.tr("Greedy replies, token by token"), self.agreement
        )
        self._notes = self.section(self.tr("Notes"), "", self.notes)
        self.column.addLayout(top)
        self.column.addWidget(self.subtitle)
        self.column.addWidget(self.moment)
        self.column.addWidget(self.headline)
        self.column.addWidget(self.nothing)
        self.column.addWidget(self._notes)
        self.column.addWidget(self._by_kind)
        self.column.addLayout(bars)
        for part in (self._details, self._peers, self._agreement):
            self.column.addWidget(part)
        self.column.addWidget(self.section(self.tr("Run it again in a terminal"), "", box))
        self.column.addWidget(self.section(self.tr("Settings and machine"), "", self.facts))
        self.column.addStretch()

    def _menu(self) -> QMenu:
        menu = QMenu(self)
        for code, text in (
            ("html", self.tr("HTML report, with plots…")),
            ("md", self.tr("Markdown…")),
            ("csv", self.tr("CSV, a row a reply…")),
            ("json", self.tr("JSON, every figure…")),
        ):
            menu.addAction(text).triggered.connect(lambda _=False, code=code: self._on_export(code))
        return menu

    def _on_export(self, code: ExportFormat) -> None:
        if self.view is not None:
            self.export_requested.emit(self.view.entry, code)

    def show_view(self, view: BenchView) -> None:
        """Show a benchmark."""
        self.view = view
        self.title.setText(view.title)
        self.subtitle.setText(view.subtitle)
        self.moment.setText(f"{when(view.entry.created)} · {view.replies}")
        self.headline.show_table(view.headline)
        self.nothing.setVisible(view.headline is None)
        self.ratios.show_ratios(view.ratios)
        self.kinds.show_table(view.kinds)
        self._by_kind.setVisible(view.headline is not None)
        self.positions.show_bars(view.positions)
        self._acceptance.setVisible(bool(view.positions))
        self.rounds.show_bars(view.rounds, max((bar.share for bar in view.rounds), default=1.0))
        self._rounds.setVisible(bool(view.rounds))
        self.details.show_table(view.details if view.details.rows else None)
        self._details.setVisible(bool(view.details.rows))
        self.peers.show_table(view.peers)
        self._peers.setVisible(view.peers is not None)
        self.agreement.setText(_lines((*view.agreement, *view.divergences)))
        self._agreement.setVisible(bool(view.agreement))
        self.notes.setText(_lines(view.notes))
        self._notes.setVisible(bool(view.notes))
        self.command.setText(view.command)
        self.facts.show_table(BenchTable(("", ""), _facts(view)))
        self.verticalScrollBar().setValue(0)


class ChangeSheet(Sheet):
    """Two benchmarks side by side.

    Attributes:
        change: what is shown.
    """

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(theme, parent)
        self.change: BenchChange | None = None
        title = self.label()
        title.setFont(theme.fonts.title)
        title.setText(self.tr("Two benchmarks side by side"))
        self.names = (self.label(), self.label())
        self.ratios = RatioPlot(theme, self.tr("Speedup of B over that of A, by kind of prompt"))
        self.table = TextTable(theme, self.tr("Speedups of both by kind of prompt"))
        self.differences = TextTable(theme, self.tr("What else differs"))
        self.column.addWidget(title)
        for name in self.names:
            self.column.addWidget(name)
        self.column.addWidget(
            self.section(
                self.tr("Speedup of B over that of A"),
                self.tr(
                    "On the prompts that both have. Intervals are widened for the number of kinds, and a verdict needs "
                    "more than what plain decoding itself moved between the two."
                ),
                self.ratios,
                self.table,
            )
        )
        self._differences = self.section(
            self.tr("What else differs"),
            self.tr("The runs differ in these points too, so a verdict may come from them."),
            self.differences,
        )
        self.column.addWidget(self._differences)
        self.column.addStretch()

    def show_change(self, change: BenchChange) -> None:
        """Show two benchmarks."""
        self.change = change
        for letter, label, entry in zip("AB", self.names, (change.a, change.b)):
            label.setText(f"{letter}: {_name(entry)}")
        self.ratios.show_ratios(change.changes)
        self.table.show_table(change.table)
        self.differences.show_table(BenchTable(("", "A", "B"), change.differences) if change.differences else None)
        self._differences.setVisible(bool(change.differences))
        self.verticalScrollBar().setValue(0)


def _name(entry: BenchEntry) -> str:
    return f"{entry.title} · {when(entry.created)}"


def _facts(view: BenchView) -> tuple[tuple[str, str], ...]:
    """Settings and machine, with the moment of the run as it is written here; files have it in ISO's form."""
    created = view.entry.created
    return tuple((what, value.replace(created, when(created))) for what, value in view.facts)


def _lines(lines: Sequence[str]) -> str:
    return "\n".join(f"• {line}" for line in lines)
