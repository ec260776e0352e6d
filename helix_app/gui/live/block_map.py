"""The map of the paged cache: every physical block of a pool in one picture."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QPoint, QRectF, QSize
from PySide6.QtGui import QColor, QHelpEvent, QImage, QPainter, QPaintEvent, QShowEvent
from PySide6.QtWidgets import QToolTip, QWidget

from helix_app.base import messages
from helix_app.gui.kit.pace import Pace, by_cores
from helix_app.gui.live.chats import Chats, coloured
from helix_app.gui.live.pool import CellColours, draw_cells, grid_for, pages_in_use, state_word
from helix_app.gui.look.theme import Theme
from helix_app.protocol.events import CacheSnapshot
from helix_app.runs.pool_state import PoolState

FRAME_MS = by_cores(58, 118)  # painted with every batch of events, or with every second one
MOST_PARTS = 64  # blocks that are painted one by one
LEAST_PITCH, MOST_PITCH = 6, 40  # pixels from cell to cell
PAGE = 32  # blocks that are shown or left out together, so that a growing chat does not move the picture all the time
MOST_SHOWN = 0.6  # of the pool: where more of it is in use all of it is shown


class BlockGrid(QWidget):
    """All blocks as one image; hover says what a block holds.

    Attributes:
        state: the pool.
        chats: whose blocks they are, in a grid that follows a ``living`` pool; None takes the owners as they are.
        whole: every block is shown; otherwise, in a living one, those of the pages that hold something.
        images: how often the whole image was made.
        pace: when it draws what snapshots changed.
        fixed_pitch: pixels from cell to cell; None takes what fits the room.
    """

    def __init__(self, theme: Theme, parent: QWidget | None = None, *, living: bool = False) -> None:
        super().__init__(parent)
        self._theme = theme
        self.state = PoolState()
        self.chats = Chats() if living else None
        self.whole = not living
        self._shown = self._place = np.zeros(0, np.intp)  # blocks in the order of the cells; cell of a block, or -1
        self.images = 0
        self.fixed_pitch: int | None = None
        self._pixels = np.zeros((0, 0), np.uint32)
        self._pitch, self._columns, self._scale = 0, 1, 1.0
        self._room = QSize(280, 120)
        self._stale: set[int] | None = None  # blocks to draw again; None: all
        self.pace = Pace(self.on_frame, FRAME_MS, self)
        theme.changed.connect(self.on_theme_changed)

    def apply(self, snapshot: CacheSnapshot) -> None:
        """Take a snapshot in; the picture follows within a frame."""
        changed = self.state.apply(snapshot)
        if self.chats is not None:
            self.chats.follow(self.state.cells, self.state.owners, changed)
        self._choose()
        if changed is None:
            self._stale = None
        elif self._stale is not None:
            self._stale.update(changed.tolist())
        if self.isVisible():
            self.pace.ask()

    def clear(self) -> None:
        """Forget every block."""
        self.state.reset()
        if self.chats is not None:
            self.chats.reset()

    def show_cells(
        self,
        cells: NDArray[np.void],
        owners: tuple[str, ...],
        block_size: int,
        windows: tuple[int, ...] = (0,),
        readers: tuple[int, ...] = (),
    ) -> None:
        """Show another state of the pool, at once; only blocks that differ are drawn."""
        state = self.state
        if len(cells) != len(state.cells) or block_size != state.block_size:
            self._stale = None
        elif self._stale is not None:
            self._stale.update(np.flatnonzero(cells.view("<u8") != state.cells.view("<u8")).tolist())
        state.cells, state.owners, state.block_size = cells.copy(), owners, block_size
        state.windows, state.readers = windows, readers
        self.on_frame()

    def set_room(self, room: QSize) -> None:
        """How much space there is without scrolling."""
        if room != self._room:
            self._room = room
            self._stale = None
            self.on_frame()

    def on_theme_changed(self) -> None:
        """Draw everything in the new colours."""
        self._stale = None
        self.on_frame()

    def on_frame(self) -> None:
        """Bring the picture up to date."""
        blocks = len(self.state.cells)
        if not blocks:
            return
        self._choose()
        blocks = len(self._shown)
        scale = self.devicePixelRatioF()
        if self.fixed_pitch is None:
            pitch, columns = grid_for(blocks, self._room.width(), self._room.height(), LEAST_PITCH, MOST_PITCH)
        else:
            pitch, columns = self.fixed_pitch, max(1, self._room.width() // self.fixed_pitch)
        side = round((pitch - 1) * scale) if pitch < 12 else round((pitch - 2) * scale)
        step = round(pitch * scale)
        everything = True
        if (pitch, columns, scale) != (self._pitch, self._columns, self._scale) or self._stale is None:
            self._pitch, self._columns, self._scale = pitch, columns, scale
            rows = -(-blocks // columns)
            self._pixels = np.zeros((rows * step, columns * step), np.uint32)
            indices = self._shown
            self.images += 1
            self.setFixedSize(int(np.ceil(columns * step / scale)), int(np.ceil(rows * step / scale)))
        else:
            indices = np.fromiter(self._stale, np.intp, len(self._stale))
            indices = indices[self._place[indices] >= 0]
            everything = False
        self._stale = set()
        if len(indices):
            cells, line = self._cells(indices), max(1, round(scale))
            drawn = draw_cells(cells, self.state.block_size, side, line, cell_colours(self._theme))
            grid = self._pixels.reshape(-1, step, columns, step).transpose(0, 2, 1, 3)
            places = self._place[indices]
            grid[places // columns, places % columns, :side, :side] = drawn
        if everything or len(indices) > MOST_PARTS:
            self.update()
        else:
            for index in indices.tolist():
                self.update(self.rect_of(index).toAlignedRect())

    def _choose(self) -> None:
        """Which blocks are shown; others than before are drawn anew."""
        cells = self.state.cells
        shown = np.arange(len(cells))
        if not self.whole:
            used = pages_in_use(cells, PAGE)
            shown = used if len(used) <= MOST_SHOWN * len(cells) else shown
        if len(self._place) == len(cells) and np.array_equal(shown, self._shown):
            return
        self._shown, self._stale = shown, None
        self._place = np.full(len(cells), -1, np.intp)
        self._place[shown] = np.arange(len(shown))

    def _cells(self, indices: NDArray[np.intp]) -> NDArray[np.void]:
        cells = self.state.cells[indices]
        return cells if self.chats is None else coloured(cells, self.chats.hues()[indices])

    @property
    def hidden_blocks(self) -> int:
        """How many blocks are not shown; all of them are free."""
        return len(self.state.cells) - len(self._shown)

    def show_whole(self, whole: bool) -> None:
        """Show every block, or those of the pages that hold something."""
        self.whole = whole
        self.on_frame()

    def pixels(self) -> np.ndarray:
        """The picture as it is, in device pixels."""
        return self._pixels

    def block_at(self, point: QPoint) -> int | None:
        """Number of the block at a point."""
        if self._pitch == 0:
            return None
        step = round(self._pitch * self._scale) / self._scale
        column, row = int(point.x() // step), int(point.y() // step)
        place = row * self._columns + column
        return int(self._shown[place]) if 0 <= column < self._columns and 0 <= place < len(self._shown) else None

    def rect_of(self, index: int) -> QRectF:
        """Where a block is drawn; nothing for one that is not shown."""
        step = round(self._pitch * self._scale) / self._scale
        if index >= len(self._place) or self._place[index] < 0:
            return QRectF()
        row, column = divmod(int(self._place[index]), self._columns)
        gap = 1 if self._pitch < 12 else 2
        return QRectF(column * step, row * step, step - gap, step - gap)

    def fitting_pitch(self) -> int:
        """The pitch at which all blocks fit the room, or the least that is legible."""
        return grid_for(len(self.state.cells), self._room.width(), self._room.height(), LEAST_PITCH, MOST_PITCH)[0]

    @property
    def pitch(self) -> int:
        """Pixels from cell to cell as drawn."""
        return self._pitch

    def describe(self, index: int) -> str:
        """What a block holds, in words."""
        cell = self.state.cells[index]
        words = {
            "free": self.tr("free"),
            "used": self.tr("used"),
            "shared": self.tr("shared"),
            "cached": self.tr("cached, free to reuse"),
            "passed": self.tr("fell out of the window, free to reuse"),
        }
        lines = [self.tr("Block {n}: {state}").format(n=index, state=words[state_word(int(cell["state"]))])]
        owner = self.state.owner_name(index)
        if owner:
            lines.append(self.tr("Sequence {n}").format(n=int(cell["owner"]) + 1))
        filled = messages.fill(
            self.tr("{fill} of {size:slot|slots} filled"), fill=int(cell["fill"]), size=self.state.block_size
        )
        lines.append(filled)
        if cell["speculative"]:
            drafts = self.tr("{n:slot holds an unverified draft token|slots hold unverified draft tokens}")
            lines.append(messages.fill(drafts, n=int(cell["speculative"])))
        window = self.state.windows[min(int(cell["group"]), len(self.state.windows) - 1)]
        if window and cell["state"]:
            lines.append(messages.fill(self.tr("Of layers that see {n:token|tokens}"), n=window))
        elif len(self.state.windows) > 1 and cell["state"]:
            lines.append(self.tr("Of layers that see all tokens"))
        readers = self.state.readers[int(cell["group"])] if int(cell["group"]) < len(self.state.readers) else 0
        if readers and cell["state"]:
            told = self.tr("Also read by {n:layer that keeps nothing itself|layers that keep nothing themselves}")
            lines.append(messages.fill(told, n=readers))
        if cell["refcount"]:
            lines.append(messages.fill(self.tr("Used by {n:sequence|sequences}"), n=int(cell["refcount"])))
        return "\n".join(lines)

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            index = self.block_at(event.pos())
            if index is None:
                QToolTip.hideText()
            else:
                QToolTip.showText(event.globalPos(), self.describe(index), self)
            return True
        return super().event(event)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.on_frame()

    def paintEvent(self, event: QPaintEvent) -> None:
        if not self._pixels.size:
            return
        if self.devicePixelRatioF() != self._scale:
            self.pace.ask()
        rows, columns = self._pixels.shape
        image = QImage(self._pixels.data, columns, rows, columns * 4, QImage.Format.Format_ARGB32_Premultiplied)
        image.setDevicePixelRatio(self._scale)
        painter = QPainter(self)
        painter.setClipRegion(event.region())
        painter.drawImage(0, 0, image)
        painter.end()


def cell_colours(theme: Theme) -> CellColours:
    """The colours of the map in the theme in effect."""
    p = theme.palette

    def number(colour: str) -> int:
        return int(QColor(colour).rgba())

    return CellColours(
        free=number(p.track),
        edge=number(p.border_strong),
        cached=number(p.cached),
        cached_dot=number(p.panel),
        shared=number(p.text),
        speculative=number(p.corrected),
        hues=[number(hue) for hue in p.sequences],
    )
