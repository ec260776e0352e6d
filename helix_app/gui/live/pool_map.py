"""A pool of the paged cache with its title, its totals and what it means for the chat."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QScrollArea, QVBoxLayout, QWidget

from helix_app.base import messages
from helix_app.gui.glossary import terms
from helix_app.gui.kit import figures
from helix_app.gui.kit.controls.buttons import ThemedButton
from helix_app.gui.kit.controls.elided import Elided
from helix_app.gui.kit.pictures import PictureMenu
from helix_app.gui.live.block_map import BlockGrid
from helix_app.gui.look.theme import Theme
from helix_app.protocol.events import CacheSnapshot, PrefillDone


class PoolMap(QWidget):
    """A pool with its title and totals.

    Attributes:
        grid: the picture: what is in use, or all of it.
        whole: switches between the two.
        note: how large a block is, and how many the chat has.
        reuse: how much of the latest prompt did not have to be read.
    """

    def __init__(self, theme: Theme, title: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName(title)
        self._chat = ""  # name of the latest reply's sequence
        self.grid = BlockGrid(theme, living=True)
        self.grid.setAccessibleName(title)
        heading = QLabel(title)
        heading.setProperty("tone", "muted")
        terms.give(self, "kv_cache")
        self.totals = Elided()
        self.totals.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.totals.setFont(theme.fonts.small)
        head = QHBoxLayout()
        head.addWidget(heading)
        head.addWidget(self.totals, 1)
        self._scroll = QScrollArea()
        self._scroll.setFrameShape(QFrame.Shape.NoFrame)
        self._scroll.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._scroll.setAccessibleName(title)
        self._scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._scroll.viewport().setAutoFillBackground(False)
        self._scroll.setWidget(self.grid)
        self.grid.setAutoFillBackground(False)
        self.note, self.reuse = self._line(theme), self._line(theme)
        self.reuse.hide()
        self.whole = ThemedButton(theme, "", kind="link", name=self.tr("Show all blocks"))
        self.whole.setCheckable(True)
        self.whole.toggled.connect(self.on_whole_toggled)
        self.whole.hide()
        foot = QHBoxLayout()
        foot.setSpacing(8)
        foot.addWidget(self.note, 1)
        foot.addWidget(self.whole)
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(4)
        self._column.addLayout(head)
        self._column.addWidget(self._scroll, 1)
        self._column.addLayout(foot)
        self._column.addWidget(self.reuse)
        PictureMenu(self, "kv-cache")

    def _line(self, theme: Theme) -> QLabel:
        label = QLabel()
        label.setProperty("tone", "muted")
        label.setFont(theme.fonts.small)
        label.setMinimumWidth(1)
        label.setWordWrap(True)
        return label

    def apply(self, snapshot: CacheSnapshot) -> None:
        """Show a snapshot."""
        self.grid.apply(snapshot)
        text = self.tr("{used} / {all:block|blocks}, {cached} cached")
        if snapshot.cached_blocks and not snapshot.used_blocks:  # between replies: the chat has not left the cache
            text = self.tr("{cached} / {all:block|blocks} cached")
        used, cached = figures.count(snapshot.used_blocks), figures.count(snapshot.cached_blocks)
        self.totals.show_text(messages.fill(text, used=used, all=snapshot.num_blocks, cached=cached))
        self._say()

    def on_prefill(self, event: PrefillDone) -> None:
        """A reply of the chat has read its prompt."""
        self._chat = event.request_id
        text = self.tr("{n} of {all:token|tokens} did not have to be read again")
        if not event.cached_tokens:
            text = self.tr("The prompt was read as a whole: {all:token|tokens}")
        self.reuse.setText(messages.fill(text, n=figures.count(event.cached_tokens), all=event.prompt_tokens))
        self.reuse.show()
        self._say()
        self._fit()

    def on_new_chat(self) -> None:
        """Another chat begins: nothing is said of the one before."""
        self._chat = ""
        self.reuse.hide()
        self._say()
        self._fit()

    def clear(self) -> None:
        """Another pool: nothing is known of its blocks."""
        self.grid.clear()
        self.on_new_chat()

    def on_whole_toggled(self, whole: bool) -> None:
        """Show every block, or what is in use."""
        self.grid.show_whole(whole)
        self._say()

    def _say(self) -> None:
        state, chats = self.grid.state, self.grid.chats
        size = messages.fill(self.tr("{n:token|tokens} each"), n=state.block_size)
        held = chats.blocks_of(self._chat, state.cells) if chats is not None and self._chat else 0
        if held:
            chat = messages.fill(self.tr("this chat: {n:block|blocks}"), n=held)
            size = self.tr("{size}; {chat}").format(size=size, chat=chat)
        if state.passed:
            passed = messages.fill(self.tr("out of the window: {n:block|blocks}"), n=state.passed)
            size = self.tr("{size}; {chat}").format(size=size, chat=passed)
        if state.states:
            states = messages.fill(
                self.tr("{n:state|states} in use, {m} kept"), n=state.used_states, m=state.kept_states
            )
            size = self.tr("{size}; {chat}").format(size=size, chat=states)
        self.note.setText(size)
        hidden = self.grid.hidden_blocks
        if self.grid.whole:
            self.whole.setText(self.tr("In use only"))
        else:
            self.whole.setText(self.tr("+ {n} free").format(n=figures.count(hidden)))
        self.whole.setVisible(self.grid.whole or hidden > 0)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        """Give the picture the room that the lines leave."""
        self._column.activate()
        room = self._scroll.size()
        self.grid.set_room(QSize(max(40, room.width() - 12), max(20, room.height() - 2)))
