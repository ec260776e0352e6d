"""Play, pause and scrub: the controls of the replay."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSlider, QWidget

from helix_app.base.language import number
from helix_app.gui.compare.replay import SPEEDS, ReplayClock
from helix_app.gui.kit import figures
from helix_app.gui.kit.controls.buttons import Choice, Picker, ThemedButton
from helix_app.gui.look.theme import Theme

STEPS = 2000  # positions of the slider


class Transport(QWidget):
    """Shows and moves a clock.

    Attributes:
        play: play or pause.
        slider: where the clock is.
        speed: how fast it goes.
    """

    def __init__(self, theme: Theme, clock: ReplayClock, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._clock = clock
        self.play = ThemedButton(theme, symbol="play", kind="icon", name=self.tr("Play the replay"))
        self.play.clicked.connect(clock.toggle)
        self.slider = QSlider(Qt.Orientation.Horizontal)
        self.slider.setRange(0, STEPS)
        self.slider.setPageStep(STEPS // 20)
        self.slider.setSingleStep(STEPS // 200)
        self.slider.setAccessibleName(self.tr("Position of the replay"))
        self.slider.valueChanged.connect(self.on_slid)
        self.time = QLabel()
        self.time.setFont(theme.fonts.mono_small)
        self.time.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.time.setMinimumWidth(self.time.fontMetrics().horizontalAdvance("000.00 / 000.00 s"))
        self.time.setAccessibleName(self.tr("Time of the replay"))
        self.speed = Picker(theme, "", self.tr("Speed of the replay"), least=72)
        self.speed.set_choices([Choice(f"{speed:g}", number(f"{speed:g}x")) for speed in SPEEDS])
        self.speed.set_value("1")
        self.speed.picked.connect(self.on_speed_picked)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        row.addWidget(self.play)
        row.addWidget(self.slider, 1)
        row.addWidget(self.time)
        row.addWidget(self.speed)
        clock.moved.connect(self.on_moved)
        clock.playing_changed.connect(self.on_playing_changed)
        self.on_playing_changed(False)
        self.on_moved(0.0)

    def on_moved(self, seconds: float) -> None:
        """The clock is somewhere else."""
        duration = self._clock.duration
        self.slider.blockSignals(True)
        self.slider.setValue(round(STEPS * seconds / duration) if duration else 0)
        self.slider.blockSignals(False)
        whole = figures.seconds(duration) if duration else figures.UNKNOWN
        now = number(f"{seconds:.2f}" if duration < 10 else f"{seconds:.0f}")
        self.time.setText(f"{now} / {whole}" if duration else whole)

    def on_playing_changed(self, playing: bool) -> None:
        """Show what a click would do."""
        self.play.set_symbol("pause" if playing else "play")
        name = self.tr("Pause the replay") if playing else self.tr("Play the replay")
        self.play.setAccessibleName(name)
        self.play.setToolTip(name)

    def on_slid(self, value: int) -> None:
        """A person moved the slider."""
        self._clock.seek(self._clock.duration * value / STEPS)

    def on_speed_picked(self, value: str) -> None:
        """Another speed."""
        self.speed.set_value(value)
        self._clock.speed = float(value)
