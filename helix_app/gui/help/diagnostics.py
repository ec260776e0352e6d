"""Help > Diagnostics: how smoothly the window runs, what it shows, and what is wrong with this computer."""

from __future__ import annotations

import os
import platform
from collections.abc import Callable, Sequence
from pathlib import Path

from PySide6.QtCore import Qt, QTimer, QUrl, Signal, qVersion
from PySide6.QtGui import QDesktopServices, QGuiApplication
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QLabel, QPlainTextEdit, QSizePolicy, QVBoxLayout, QWidget

from helix_app import __version__
from helix_app.base import messages
from helix_app.base.language import english, number
from helix_app.base.process import paths
from helix_app.base.sizes import percent_text
from helix_app.gui.compare.plots import CurvePlot
from helix_app.gui.glossary import terms
from helix_app.gui.help.frames import SLOW_MS, FrameMeter, FrameReport
from helix_app.gui.kit import figures
from helix_app.gui.kit.controls.buttons import ThemedButton
from helix_app.gui.kit.dialog import Dialog
from helix_app.gui.live.metric import CurveStyle
from helix_app.gui.look.theme import Theme
from helix_app.protocol import events

REFRESH_MS = 500
SHOWN = 600  # frames of the plot
WITH_REPORT = 760  # pixels wide, so that its lines need no scrolling
Rows = Sequence[tuple[str, str]]


def milliseconds(value: float | None) -> str:
    """One digit below ten, none above."""
    if value is None:
        return figures.UNKNOWN
    return number(f"{value:.1f} ms" if value < 10 else f"{value:.0f} ms")


class FrameTable(QWidget):
    """Two reports beside each other: the last stretch and all of them.

    Attributes:
        cells: the labels of figures, a pair a row.
    """

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(24)
        grid.setVerticalSpacing(4)
        self.cells: list[tuple[QLabel, QLabel]] = []
        for column, text in enumerate((self.tr("Last reply"), self.tr("Since Helix was started")), 1):
            head = QLabel(text)
            head.setProperty("tone", "muted")
            head.setFont(theme.fonts.small)
            grid.addWidget(head, 0, column, Qt.AlignmentFlag.AlignRight)
        names = (
            self.tr("Frame time, median"),
            self.tr("95 of 100 frames within"),
            self.tr("99 of 100 frames within"),
            self.tr("Longest frame"),
            self.tr("Frames over {n} ms").format(n=f"{SLOW_MS:.0f}"),
            self.tr("Painting the window, median"),
            self.tr("Painting, 95 of 100 within"),
            self.tr("Frames"),
        )
        for row, name in enumerate(names, 1):
            label = QLabel(name)
            grid.addWidget(label, row, 0)
            pair = QLabel(), QLabel()
            for column, cell in enumerate(pair, 1):
                cell.setFont(theme.fonts.mono)
                cell.setAccessibleName(name)
                grid.addWidget(cell, row, column, Qt.AlignmentFlag.AlignRight)
            self.cells.append(pair)
        self.names = names
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        grid.setColumnStretch(3, 1)

    def show_reports(self, last: FrameReport | None, ever: FrameReport | None) -> None:
        """Fill the figures in; dashes for a report that is not there yet."""
        for column, report in enumerate((last, ever)):
            for (cells), text in zip(self.cells, frame_figures(report)):
                cells[column].setText(text)


def frame_figures(report: FrameReport | None) -> tuple[str, ...]:
    """The figures of a report in the order of the table."""
    if report is None:
        return (figures.UNKNOWN,) * 8
    return (
        milliseconds(report.median),
        milliseconds(report.p95),
        milliseconds(report.p99),
        milliseconds(report.worst),
        percent_text(report.slow, 1 if 0 < report.slow < 0.1 else 0),
        milliseconds(report.paint_median),
        milliseconds(report.paint_p95),
        figures.count(report.frames),
    )


def report_of_frames(last: FrameReport | None, ever: FrameReport | None) -> Rows:
    """The same table in English, for whoever is sent it."""
    names = (
        "Frame time, median",
        "95 of 100 frames within",
        "99 of 100 frames within",
        "Longest frame",
        f"Frames over {SLOW_MS:.0f} ms",
        "Painting the window, median",
        "Painting, 95 of 100 within",
        "Frames",
    )
    with english():
        pairs = zip(frame_figures(last), frame_figures(ever))
        return [(name, f"{a} | {b}") for name, (a, b) in zip(names, pairs)]


class DiagnosticsDialog(Dialog):
    """Stays open beside the window and follows it.

    Args:
        meter: what times the frames.
        shown: what the window shows and runs on, as pairs of a name and a fact.
        reported: the same in English, for whoever is sent a report.

    Signals:
        checkup_requested: look for what is wrong with this computer.
    """

    checkup_requested = Signal()

    def __init__(
        self,
        theme: Theme,
        meter: FrameMeter,
        shown: Callable[[], Rows],
        reported: Callable[[], Rows],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._theme, self._meter, self._facts, self._reported = theme, meter, shown, reported
        self.setWindowTitle(self.tr("Diagnostics"))
        self.verdict = QLabel()
        self.verdict.setWordWrap(True)
        self.table = FrameTable(theme)
        self.plot = CurvePlot(
            theme,
            self.tr("Frame time"),
            "ms",
            self.tr("Frames are timed while a reply is written"),
            (
                CurveStyle("accent_text", self.tr("measured")),
                CurveStyle("plain", self.tr("{n} ms").format(n=f"{SLOW_MS:.0f}"), dashed=True),
            ),
            top=40,
            along="",
        )
        terms.give(self.plot, "frame_time")
        self.plot.setMinimumHeight(150)
        if (inside := self.plot.layout()) is not None:
            inside.setContentsMargins(0, 0, 0, 0)
        self.facts = QLabel()
        self.facts.setTextFormat(Qt.TextFormat.PlainText)
        self.facts.setProperty("tone", "muted")
        self.facts.setWordWrap(True)
        self.facts.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        self.check = ThemedButton(theme, self.tr("Check this computer"))
        self.check.setToolTip(self.tr("Look at drivers, devices, memory and folders, and try each device"))
        self.check.clicked.connect(self.on_check_clicked)
        self.checked = QLabel(self.tr("Tries each device with a tiny model. Takes up to a minute."))
        self.checked.setProperty("tone", "muted")
        self.checked.setWordWrap(True)
        self.report = QPlainTextEdit()
        self.report.setReadOnly(True)
        self.report.setFont(theme.fonts.mono)
        self.report.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self.report.setAccessibleName(self.tr("What is here, what is wrong and what to do"))
        self.report.setMinimumHeight(200)
        self.report.hide()
        self.copied = ThemedButton(theme, self.tr("Copy for a bug report"))
        self.copied.clicked.connect(self.on_copy_clicked)
        self.logs = ThemedButton(theme, self.tr("Open the folder of log files"))
        self.logs.clicked.connect(self.on_logs_clicked)
        close = ThemedButton(theme, self.tr("Close"), kind="primary")
        close.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        close.setDefault(True)
        close.clicked.connect(self.accept)
        self._lay_out(close)
        self._timer = QTimer(self)
        self._timer.setInterval(REFRESH_MS)
        self._timer.timeout.connect(self.refresh)
        self._timer.start()
        meter.ended.connect(self.refresh)
        self.refresh()

    def _lay_out(self, close: QWidget) -> None:
        check_row, buttons = QHBoxLayout(), QHBoxLayout()
        check_row.setSpacing(12)
        check_row.addWidget(self.check)
        check_row.addWidget(self.checked, 1)
        buttons.setSpacing(8)
        buttons.addWidget(self.copied)
        buttons.addWidget(self.logs)
        buttons.addStretch()
        buttons.addWidget(close)
        column = QVBoxLayout(self)
        column.setContentsMargins(24, 20, 24, 20)
        column.setSpacing(8)
        for heading, parts in (
            (self.tr("Smoothness"), (self.verdict, self.table, self.plot)),
            (self.tr("This window"), (self.facts,)),
        ):
            column.addWidget(self._heading(heading))
            for part in parts:
                column.addWidget(part)
            column.addSpacing(8)
        column.addWidget(self._heading(self.tr("This computer")))
        column.addLayout(check_row)
        column.addWidget(self.report, 1)
        column.addStretch(0)
        column.addSpacing(8)
        column.addLayout(buttons)
        self.setMinimumWidth(600)

    def _heading(self, text: str) -> QLabel:
        label = QLabel(text)
        label.setFont(self._theme.fonts.strong)
        return label

    # ------------------------------------------------------------------ frames

    def refresh(self) -> None:
        """Show what is known now."""
        last = self._meter.last()
        self.table.show_reports(last, self._meter.ever())
        self.verdict.setText(self._verdict(last))
        times = self._meter.recent(SHOWN).tolist()
        if times:
            numbers = [float(n) for n in range(1, len(times) + 1)]
            level = (0.0, numbers[-1]), (SLOW_MS, SLOW_MS)
            self.plot.show_curves(((numbers, times), level), f"{times[-1]:.0f}")
        self.facts.setText("\n".join(f"{name}: {text}" for name, text in self._shown()))

    def _verdict(self, report: FrameReport | None) -> str:
        if report is None:
            return self.tr("Write a reply, and this page tells how smoothly the window ran meanwhile.")
        smooth = self.tr("The window runs smoothly: 95 of 100 frames took {t} or less.")
        halting = self.tr(
            "The window stutters: one frame in twenty took longer than {t}. Close the live panel or other programs."
        )
        return (smooth if report.p95 < SLOW_MS else halting).format(t=milliseconds(report.p95))

    def _shown(self) -> Rows:
        program = self._program(self.tr("Helix {version}, Python {python}, Qt {qt} ({platform}), {system}"))
        return (
            *self._facts(),
            (self.tr("Program"), program),
            (self.tr("Log files"), without_home(paths.log_dir())),
        )

    def _program(self, text: str = "Helix {version}, Python {python}, Qt {qt} ({platform}), {system}") -> str:
        return text.format(
            version=__version__,
            python=platform.python_version(),
            qt=qVersion(),
            platform=QGuiApplication.platformName(),
            system=f"{platform.system()} {platform.release()}",
        )

    # ------------------------------------------------------------------ this computer

    def on_check_clicked(self) -> None:
        """Look for what is wrong."""
        self.check.setEnabled(False)
        self._tell(self.tr("Looking at this computer…"))
        self.checkup_requested.emit()

    def on_checkup_done(self, event: events.CheckupDone) -> None:
        """Show what was found."""
        self.check.setEnabled(True)
        if event.failed is not None:
            self._tell(messages.error_text(event.failed.code, event.failed.fields), "danger")
            return
        one = self.tr("One thing to look at, at the end of the report.")
        some = messages.plural(event.findings, one, self.tr("{n} things to look at, at the end of the report."))
        self._tell(some if event.findings else self.tr("Nothing is wrong."))
        self.report.setPlainText(event.report)
        if self.report.isHidden():
            self.plot.hide()  # both are too much for a small screen
            self.report.show()
            self.resize(max(self.width(), WITH_REPORT), self.height() + 80)
        if event.findings:
            self.report.verticalScrollBar().setValue(self.report.verticalScrollBar().maximum())

    def _tell(self, text: str, tone: str = "muted") -> None:
        self.checked.setText(text)
        self.checked.setProperty("tone", tone)
        self.checked.style().unpolish(self.checked)
        self.checked.style().polish(self.checked)

    # ------------------------------------------------------------------ taking it elsewhere

    def text(self) -> str:
        """Everything as plain text in English, without the person's home folder."""
        lines = [f"{name}: {text}" for name, text in self._reported()]
        lines += [f"Program: {self._program()}", f"Log files: {without_home(paths.log_dir())}", ""]
        lines.append("Frames (last reply | since start)")
        frames = report_of_frames(self._meter.last(), self._meter.ever())
        lines += [f"  {name}: {text}" for name, text in frames]
        if self.report.toPlainText():
            lines += ["", self.report.toPlainText()]
        return "\n".join(lines) + "\n"

    def on_copy_clicked(self) -> None:
        """Put everything on the clipboard."""
        QGuiApplication.clipboard().setText(self.text())
        self.copied.setText(self.tr("Copied"))

    def on_logs_clicked(self) -> None:
        """Show the log files in the system's own program."""
        QDesktopServices.openUrl(QUrl.fromLocalFile(str(paths.log_dir())))


def without_home(path: Path) -> str:
    """A path that does not name the person."""
    home = paths.home()
    text = str(path)
    inside = len(home) > 1 and (text == home or text.startswith(home + os.sep))
    return "~" + text[len(home) :] if inside else text
