"""The drawings of formulas: made one after the other beside the window, kept, and painted in any colour and size.

A drawing takes milliseconds, and the first one the import of its library. So a formula that is asked for
the first time is not there yet: whoever asked shows its source and listens to ``changed``.
"""

from __future__ import annotations

import math
import queue
import threading
from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtCore import QByteArray, QObject, QRectF, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QImage, QPainter
from PySide6.QtSvg import QSvgRenderer

from helix_app.gui.formulas.child import ChildTypesetter
from helix_app.gui.formulas.formula import LONGEST, Formula
from helix_app.gui.formulas.typeset import INK, Drawing

DRAWINGS = 400  # kept, of some 10 kB each
IMAGE_BYTES = 24 << 20
POLL_MS = 15
IDLE_SECONDS = 60.0  # after which thread and process that draw are ended

Typeset = Callable[[str, bool], Drawing]
Key = tuple[str, bool]


@dataclass(frozen=True)
class Failed:
    """A formula that cannot be drawn; its source is shown."""

    why: str


@dataclass(frozen=True)
class Painted:
    """A drawing as pixels.

    Attributes:
        image: the picture, with its device pixel ratio.
        baseline: device pixels from its top to the baseline of the text.
    """

    image: QImage
    baseline: int


class _Worker:
    """Has drawings made on a thread that ends when there is nothing to do for a while. Knows no Qt object."""

    def __init__(self, draw: Typeset) -> None:
        self._draw = draw
        self._jobs: queue.Queue[Key | None] = queue.Queue()
        self._results: deque[tuple[Key, Drawing | Failed]] = deque()
        self._thread: threading.Thread | None = None
        self._ended = False

    def add(self, key: Key) -> None:
        """Another drawing is wanted."""
        self._jobs.put(key)
        self.keep_going()

    def keep_going(self) -> None:
        """Start the thread, unless it runs; it may have ended just before it saw the last job."""
        if not self._ended and (self._thread is None or not self._thread.is_alive()):
            self._thread = threading.Thread(target=self._run, name="formulas", daemon=True)
            self._thread.start()

    def take(self) -> list[tuple[Key, Drawing | Failed]]:
        """What was made since the last time."""
        return [self._results.popleft() for _ in range(len(self._results))]

    def end(self) -> None:
        """Make no more."""
        self._ended = True
        self._jobs.put(None)

    def _run(self) -> None:
        try:
            while not self._ended and (key := self._jobs.get(timeout=IDLE_SECONDS)) is not None:
                self._results.append((key, self._made(key)))
        except queue.Empty:
            pass
        close = getattr(self._draw, "close", None)
        if close is not None:
            close()

    def _made(self, key: Key) -> Drawing | Failed:
        try:
            return self._draw(*key)
        except Exception as error:  # of a library that meets whatever a model writes
            return Failed(f"{type(error).__name__}: {error}")


class Formulas(QObject):
    """Drawings of formulas by what is written in them.

    ``draw`` makes them, on a thread; a process of its own does where nothing else is given.

    Signals:
        changed: formulas that were asked for are there now, or have failed.
    """

    changed = Signal()

    def __init__(self, draw: Typeset | None = None, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._worker = _Worker(ChildTypesetter() if draw is None else draw)
        self._made: OrderedDict[Key, Drawing | Failed] = OrderedDict()
        self._wanted: set[Key] = set()
        self._images: OrderedDict[tuple[Drawing, float, str, float], Painted] = OrderedDict()
        self._image_bytes = 0
        self._poll = QTimer(self)
        self._poll.setInterval(POLL_MS)
        self._poll.timeout.connect(self.on_poll)
        self.destroyed.connect(self._worker.end)

    @property
    def busy(self) -> bool:
        """Whether a formula is being drawn."""
        return bool(self._wanted)

    def look(self, formula: Formula) -> Drawing | Failed | None:
        """The drawing of a formula; None when it is not there yet, and is made now."""
        key = (formula.latex, formula.display)
        made = self._made.get(key)
        if made is not None:
            self._made.move_to_end(key)
        elif len(formula.latex) > LONGEST:
            return Failed("too long")
        elif key not in self._wanted:
            self._wanted.add(key)
            self._worker.add(key)
            self._poll.start()
        return made

    def on_poll(self) -> None:
        """Take over what has been drawn."""
        results = self._worker.take()
        for key, result in results:
            self._wanted.discard(key)
            self._made[key] = result
        while len(self._made) > DRAWINGS:
            self._made.popitem(last=False)
        if self._wanted:
            self._worker.keep_going()
        else:
            self._poll.stop()
        if results:
            self.changed.emit()

    def image(self, drawing: Drawing, scale: float, colour: str, ratio: float) -> Painted:
        """The pixels of a drawing, ``scale`` times its size, on a screen of that device pixel ratio."""
        key = (drawing, scale, colour, ratio)
        painted = self._images.get(key)
        if painted is None:
            painted = self._images[key] = paint(drawing, scale, colour, ratio)
            self._image_bytes += painted.image.sizeInBytes()
            while self._image_bytes > IMAGE_BYTES and len(self._images) > 1:
                self._image_bytes -= self._images.popitem(last=False)[1].image.sizeInBytes()
        else:
            self._images.move_to_end(key)
        return painted


def paint(drawing: Drawing, scale: float, colour: str, ratio: float) -> Painted:
    """Paint a drawing; its baseline is between two rows of pixels, so that it can stand on that of the text."""
    zoom = scale * ratio
    above, below = math.ceil(drawing.ascent * zoom), math.ceil(drawing.descent * zoom)
    size = QSize(max(1, math.ceil(drawing.width * zoom)), max(1, above + below))
    image = QImage(size, QImage.Format.Format_ARGB32_Premultiplied)
    image.fill(Qt.GlobalColor.transparent)
    renderer = QSvgRenderer(QByteArray(drawing.svg.replace(INK, colour).encode()))
    painter = QPainter(image)
    height = (drawing.ascent + drawing.descent) * zoom
    renderer.render(painter, QRectF(0, above - drawing.ascent * zoom, drawing.width * zoom, height))
    painter.end()
    image.setDevicePixelRatio(ratio)
    return Painted(image, above)
