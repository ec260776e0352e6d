"""The block map at a moment of the run, with the blocks of a round or a token framed, and the books below it."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QObject, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen, QResizeEvent, QWheelEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QScrollArea, QVBoxLayout, QWidget

from helix_app.base import messages
from helix_app.gui.glossary import terms
from helix_app.gui.glossary.term import PROPERTY
from helix_app.gui.kit import figures, pictures
from helix_app.gui.kit.controls.buttons import Choice, Picker, ThemedButton
from helix_app.gui.live.block_map import MOST_PITCH, BlockGrid
from helix_app.gui.live.legend import Legend
from helix_app.gui.look.focus import RINGED
from helix_app.gui.look.theme import Theme
from helix_app.protocol.events import PoolName
from helix_app.runs.pool_state import PoolState
from helix_app.runs.trace import Trace
from helix_app.runs.waste import Ledger, ledger


class RunGrid(BlockGrid):
    """All blocks as one image, some of them framed, one slot marked.

    Signals:
        block_picked: a person clicked this block.
        zoom_asked: larger (1) or smaller (-1) cells.
    """

    block_picked = Signal(int)
    zoom_asked = Signal(int)

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(theme, parent)
        self._framed: tuple[int, ...] = ()
        self._slot: tuple[int, int] | None = None
        self._at: int | None = None  # where the keyboard is
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setProperty(RINGED, True)

    def frame(self, blocks: Sequence[int], slot: tuple[int, int] | None = None) -> None:
        """Frame these blocks; ``slot`` is (block, slot in it) to mark."""
        self._framed, self._slot = tuple(blocks), slot
        if blocks:
            self._at = blocks[0]
        self.update()

    def framed(self) -> tuple[int, ...]:
        """The blocks that are framed."""
        return self._framed

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if not self._framed or not self.pitch:
            return
        p = self._theme.palette
        painter = QPainter(self)
        whole = QRectF(self.rect()).adjusted(1, 1, -1, -1)  # nothing of a frame at the edge is cut off
        for block in self._framed:
            if block < len(self.state.cells):
                box = self.rect_of(block)
                painter.setBrush(Qt.BrushStyle.NoBrush)
                painter.setPen(QPen(QColor(p.panel), 3))
                painter.drawRect(box.adjusted(-1, -1, 1, 1))
                painter.setPen(QPen(QColor(p.accent_text), 2))
                painter.drawRect(box.adjusted(-2, -2, 2, 2) & whole)
        if self._slot is not None and self._slot[0] < len(self.state.cells):
            box = self.rect_of(self._slot[0])
            share = (self._slot[1] + 0.5) / self.state.block_size
            y = box.bottom() - share * box.height()
            painter.setPen(QPen(QColor(p.accent_text), 2))
            painter.drawLine(QPointF(box.left() - 5, y), QPointF(box.right() + 5, y))
        painter.end()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        block = self.block_at(event.position().toPoint())
        if event.button() == Qt.MouseButton.LeftButton and block is not None:
            self._at = block
            self.block_picked.emit(block)
        else:
            super().mousePressEvent(event)

    def wheelEvent(self, event: QWheelEvent) -> None:
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier and event.angleDelta().y():
            self.zoom_asked.emit(1 if event.angleDelta().y() > 0 else -1)
            event.accept()
        else:
            super().wheelEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        columns = max(1, self._columns)
        steps = {
            Qt.Key.Key_Left: -1,
            Qt.Key.Key_Right: 1,
            Qt.Key.Key_Up: -columns,
            Qt.Key.Key_Down: columns,
        }
        step = steps.get(Qt.Key(event.key()))
        if step is not None and len(self.state.cells):
            at = 0 if self._at is None else self._at + step
            self._at = min(max(0, at), len(self.state.cells) - 1)
            self.block_picked.emit(self._at)
        elif event.key() in (Qt.Key.Key_Plus, Qt.Key.Key_Minus):
            self.zoom_asked.emit(1 if event.key() == Qt.Key.Key_Plus else -1)
        else:
            super().keyPressEvent(event)


class PoolPanel(QWidget):
    """A pool of the run over time.

    Attributes:
        grid: the picture.
        books: the waste ledger as last shown.

    Signals:
        block_picked: a person clicked this block.
        pool_picked: another pool is shown now.
    """

    block_picked = Signal(int)
    pool_picked = Signal()

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._trace = Trace()
        self.pool: PoolName = "target"
        self.books: Ledger | None = None
        self.grid = RunGrid(theme)
        self.grid.setAccessibleName(self.tr("KV cache blocks"))
        self.grid.block_picked.connect(self.block_picked)
        self.grid.zoom_asked.connect(self.zoom)
        self.empty = QLabel(self.tr("This run has no snapshot of the cache"))
        self.empty.setProperty("tone", "muted")
        self.empty.setWordWrap(True)
        self.words = QLabel()
        self.words.setFont(theme.fonts.small)
        self.words.setWordWrap(True)
        self.words.setTextFormat(Qt.TextFormat.PlainText)
        self._legend = Legend(theme)
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(12, 8, 12, 8)
        self._column.setSpacing(8)
        self._column.addLayout(self._make_head(theme))
        self._column.addWidget(self.empty)
        self._column.addWidget(self._make_scroll(), 1)
        self._column.addWidget(self._legend)
        self._column.addWidget(self.words)
        self._menu = pictures.PictureMenu(self, "kv-cache")
        self.show_trace(self._trace)

    def _make_head(self, theme: Theme) -> QHBoxLayout:
        """What is shown, which pool, and how large."""
        title = QLabel(terms.name("kv_cache"))
        terms.give(title, "kv_cache")
        self.setProperty(PROPERTY, "kv_cache")
        title.setFont(theme.fonts.strong)
        self.picker = Picker(theme, "", self.tr("Pool"), least=96)
        self.picker.set_choices([Choice("target", self.tr("Target")), Choice("draft", self.tr("Draft"))])
        self.picker.picked.connect(self.on_pool_picked)
        self.totals = QLabel()
        self.totals.setFont(theme.fonts.small)
        self.totals.setProperty("tone", "muted")
        smaller = ThemedButton(theme, symbol="minus", kind="smallicon", name=self.tr("Smaller blocks"))
        larger = ThemedButton(theme, symbol="plus", kind="smallicon", name=self.tr("Larger blocks"))
        for button, by in ((smaller, -1), (larger, 1)):
            button.setToolTip(button.accessibleName())
            button.clicked.connect(lambda _=False, by=by: self.zoom(by))
        head = QHBoxLayout()
        head.setSpacing(4)
        head.addWidget(title)
        head.addSpacing(4)
        head.addWidget(self.picker)
        head.addStretch()
        head.addWidget(self.totals)
        head.addSpacing(4)
        head.addWidget(smaller)
        head.addWidget(larger)
        return head

    def _make_scroll(self) -> QScrollArea:
        """The map, where it is higher than its place."""
        self._scroll = QScrollArea()
        self._scroll.setFrameShape(QFrame.Shape.NoFrame)
        self._scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._scroll.viewport().setAutoFillBackground(False)
        self._scroll.setWidget(self.grid)
        self.grid.setAutoFillBackground(False)
        self._scroll.viewport().installEventFilter(self)
        return self._scroll

    def show_trace(self, trace: Trace) -> None:
        """Show another run."""
        self._trace = trace
        self.pool = "target"
        self.refresh_pools()

    def refresh_pools(self) -> None:
        """The run may have more pools now."""
        pools = self._trace.pools
        self.picker.setVisible(len(pools) > 1)
        self.picker.set_value(self.pool)
        for part in (self._scroll, self._legend, self.words, self.totals):
            part.setVisible(self.pool in pools)
        self.empty.setVisible(self.pool not in pools)

    def show_moment(self, rounds: int) -> PoolState | None:
        """Show the pool when so many rounds were done."""
        history = self._trace.pools.get(self.pool)
        if history is None:
            return None
        view = history.at(rounds, self._trace.name)
        self.grid.show_cells(view.cells, view.owners, view.block_size, view.windows, view.readers)
        self._legend.show_windows(view.windows)
        self.books = ledger(self._trace, view, rounds, self.pool)
        self.words.setText("\n".join(self.lines(self.books)))
        self.totals.setText(
            self.tr("{used} / {all} used, {cached} cached").format(
                used=figures.count(view.used), all=figures.count(len(view.cells)), cached=figures.count(view.cached)
            )
        )
        return view

    def frame(self, blocks: Sequence[int], slot: tuple[int, int] | None = None) -> None:
        """Frame blocks and bring the first into sight."""
        self.grid.frame(blocks, slot)
        if blocks and self.grid.pitch:
            box = self.grid.rect_of(blocks[-1])
            self._scroll.ensureVisible(int(box.center().x()), int(box.center().y()), 20, 20)

    def lines(self, books: Ledger) -> list[str]:
        """The ledger in words."""
        out = [
            messages.fill(
                self.tr(
                    "Empty: {n:slot|slots} in {b:part-filled block|part-filled blocks} · unverified: {s:slot|slots}"
                ),
                n=books.empty_slots,
                b=books.part_filled_blocks,
                s=books.speculative_slots,
            ),
            messages.fill(
                self.tr("Rolled back so far: {n:slot of a rejected draft token|slots of rejected draft tokens}"),
                n=books.rolled_back_slots,
            ),
        ]
        if books.shared_blocks:
            out.append(
                messages.fill(
                    self.tr("Shared: {n:block|blocks}, which spares {m} more"),
                    n=books.shared_blocks,
                    m=figures.count(books.shared_spared),
                )
            )
        if books.passed_blocks:
            spared = self.tr("Fallen out of windows: {n:block that is not held|blocks that are not held}")
            out.append(messages.fill(spared, n=books.passed_blocks))
        if books.used_states or books.kept_states:
            out.append(self._states(books))
        saved = books.saved_bytes
        if saved is None or books.paged_bytes is None:
            out.append(self.tr("Bytes: unknown, this run does not tell the size of a block"))
        else:
            out.append(
                messages.fill(
                    self.tr("{paged} in use; {saved} less than {n:whole context|whole contexts} reserved at the start"),
                    paged=figures.size(books.paged_bytes),
                    saved=figures.size(max(0, saved)),
                    n=books.sequences,
                )
            )
        return out

    def _states(self, books: Ledger) -> str:
        used = self.tr("Recurrent layers: {n:state|states} in use, {m} kept for prompts to come")
        text = messages.fill(used, n=books.used_states, m=books.kept_states)
        if not books.kept_bytes:
            return text
        return self.tr("{text} ({size})").format(text=text, size=figures.size(books.kept_bytes))

    def zoom(self, by: int) -> None:
        """Larger or smaller cells, but never smaller than those that fit."""
        pitch = min(self.grid.pitch + 3 * by, MOST_PITCH)
        self.grid.fixed_pitch = pitch if pitch > self.grid.fitting_pitch() else None
        self.grid.on_theme_changed()

    def on_pool_picked(self, pool: str) -> None:
        """Show the other pool."""
        self.pool = "draft" if pool == "draft" else "target"
        self.refresh_pools()
        self.pool_picked.emit()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is self._scroll.viewport() and isinstance(event, QResizeEvent):
            self._fit()
        return super().eventFilter(watched, event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._column.activate()
        self._fit()

    def _fit(self) -> None:
        room = self._scroll.size()
        self.grid.set_room(QSize(max(40, room.width() - 12), max(20, room.height() - 2)))
