"""The live dock: what the engine is doing right now."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDockWidget, QFrame, QHBoxLayout, QLabel, QSplitter, QStackedLayout, QVBoxLayout, QWidget

from helix_app.base import messages
from helix_app.gui.glossary.term import PROPERTY
from helix_app.gui.kit.controls.buttons import ThemedButton
from helix_app.gui.live.legend import Legend
from helix_app.gui.live.plots import LivePlots
from helix_app.gui.live.pool_map import PoolMap
from helix_app.gui.look.theme import Theme
from helix_app.gui.routing import Handlers
from helix_app.gui.state import State
from helix_app.protocol import events
from helix_app.protocol.models.loading import ModelReady

WIDTH = 288  # the least one


class BlockMaps(QWidget):
    """The maps of the target's pool and, if there is one, the draft's.

    Attributes:
        maps: one PoolMap a pool, by name.
    """

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.maps = {
            "target": PoolMap(theme, self.tr("KV cache blocks")),
            "draft": PoolMap(theme, self.tr("Draft cache blocks")),
        }
        self._empty = QLabel(self.tr("The block map appears when a model is loaded"))
        self._empty.setProperty("tone", "muted")
        self._empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._empty.setWordWrap(True)
        full = QWidget()
        inner = QVBoxLayout(full)
        inner.setContentsMargins(0, 0, 0, 0)
        inner.setSpacing(8)
        inner.addWidget(self.maps["target"], 3)
        inner.addWidget(self.maps["draft"], 2)
        self._legend = Legend(theme)
        inner.addWidget(self._legend)
        self._stack = QStackedLayout()
        column = QVBoxLayout(self)
        column.setContentsMargins(12, 8, 12, 8)
        column.addLayout(self._stack)
        self._stack.addWidget(self._empty)
        self._stack.addWidget(full)
        self.maps["draft"].hide()

    def apply(self, snapshot: events.CacheSnapshot) -> None:
        """Show a snapshot of one pool."""
        self.maps[snapshot.pool].apply(snapshot)
        if snapshot.pool == "draft":
            self.maps["draft"].show()
        self._legend.show_windows([window for pool in self.maps.values() for window in pool.grid.state.windows])
        self._stack.setCurrentIndex(1)

    def on_model_ready(self, event: ModelReady) -> None:
        """New pools, all free until the first snapshot."""
        pools: tuple[tuple[events.PoolName, int], ...] = (
            ("target", event.target_blocks),
            ("draft", event.draft_blocks),
        )
        for name, blocks in pools:
            if blocks:
                self.maps[name].clear()
                self.apply(events.CacheSnapshot(name, blocks, event.block_size, False, b"", b"", (), 0, 0, blocks))
        self.maps["draft"].setVisible(event.draft_blocks > 0)
        if event.remote:
            self._empty.setText(messages.error_text("remote_no_blocks"))
            self._stack.setCurrentIndex(0)

    def on_prefill(self, event: events.PrefillDone) -> None:
        """A reply of the chat has read its prompt."""
        self.maps["target"].on_prefill(event)

    def on_new_chat(self) -> None:
        """Another chat begins."""
        self.maps["target"].on_new_chat()

    def clear(self) -> None:
        """No pools."""
        self._empty.setText(self.tr("The block map appears when a model is loaded"))
        self._stack.setCurrentIndex(0)


class LiveDock(QDockWidget):
    """Plots above, block map below; the line between them can be moved.

    Attributes:
        plots: the three plots.
        blocks: the maps.
    """

    def __init__(self, theme: Theme, state: State, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._state = state
        self.setObjectName("liveDock")
        self.setWindowTitle(self.tr("Live"))
        self.setAccessibleName(self.tr("Live panel"))
        self.setAllowedAreas(Qt.DockWidgetArea.LeftDockWidgetArea | Qt.DockWidgetArea.RightDockWidgetArea)
        self.setProperty(PROPERTY, "page_live")
        title = QWidget()
        title.setObjectName("dockTitle")
        title.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        name = QLabel(self.tr("Live"))
        name.setFont(theme.fonts.strong)
        close = ThemedButton(theme, symbol="close", kind="smallicon", name=self.tr("Close the live panel"))
        close.setToolTip(self.tr("Close (bring it back from View)"))
        close.clicked.connect(self.close)
        row = QHBoxLayout(title)
        row.setContentsMargins(12, 4, 8, 4)
        row.addWidget(name)
        row.addStretch()
        row.addWidget(close)
        self.setTitleBarWidget(title)
        self.plots = LivePlots(theme)
        self.blocks = BlockMaps(theme)
        split = QSplitter(Qt.Orientation.Vertical)
        split.setObjectName("dockBody")
        split.setChildrenCollapsible(False)
        split.setHandleWidth(1)
        split.addWidget(self.plots)
        split.addWidget(self.blocks)
        split.setStretchFactor(0, 5)
        split.setStretchFactor(1, 3)
        split.setSizes([420, 240])
        body = QFrame()
        body.setObjectName("dockBody")
        column = QVBoxLayout(body)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(split)
        self.setWidget(body)
        body.setMinimumWidth(WIDTH)  # whatever its texts would like: the dock keeps the width that a person gave it
        self.setMinimumWidth(WIDTH)
        state.model_changed.connect(self.on_model_changed)
        state.chat_cleared.connect(self.on_chat_cleared)
        state.settings_changed.connect(self._say)
        self._say()

    def handlers(self) -> Handlers:
        """What is called with each kind of event."""
        return {
            events.PrefillDone: self.on_prefill,
            events.RoundDone: self.on_round_done,
            events.CacheSnapshot: self.blocks.apply,
        }

    def on_model_changed(self) -> None:
        """Another model is there, with pools of its own, or none is."""
        state = self._state
        if state.ready is not None and not state.model.kept:
            if state.occupied != "reply":  # which may go on elsewhere
                self.plots.clear()
            self.blocks.on_model_ready(state.ready)
        elif state.ready is None and state.loading is None:
            self.blocks.clear()
        self._say()

    def _say(self) -> None:
        """Why plots stay empty, as far as the model and the way of decoding say."""
        ready, remote = self._state.ready, self.tr("The server does not tell its rounds")
        if ready is None:
            self.plots.say()
        elif ready.remote:
            self.plots.say(remote, remote)
        elif self._state.settings.mode == "autoregressive":
            self.plots.say(self.tr("Plain decoding drafts nothing"))
        elif ready.draft == "none":
            self.plots.say(self.tr("No draft is chosen, so nothing is drafted"))
        else:
            self.plots.say()

    def on_chat_cleared(self) -> None:
        """Nothing is written yet: figures of the conversation before go."""
        self.plots.clear()
        self.blocks.on_new_chat()

    def on_prefill(self, event: events.PrefillDone) -> None:
        """A reply of the chat has read its prompt; its rounds come soon."""
        self.blocks.on_prefill(event)
        if self.isVisible():
            self.plots.prepare()

    def on_round_done(self, event: events.RoundDone) -> None:
        """A round of this conversation is plotted."""
        if self._state.is_current(event.request_id):
            self.plots.on_round(event)

    def filled(self) -> tuple[int, int, int]:
        """What is drawn: plots that show something, all plots, and blocks of the maps in sight."""
        plots = self.plots.plots()
        maps = self.blocks.maps.values()
        blocks = sum(len(pool.grid.state.cells) for pool in maps if pool.isVisible())
        return sum(not plot.is_empty() for plot in plots), len(plots), blocks

    def pulse(self) -> None:
        """A batch of events is through."""
        self.plots.pace.pulse()
        for pool in self.blocks.maps.values():
            pool.grid.pace.pulse()

    def flush(self) -> None:
        """Draw what has come since the last frame, now."""
        self.plots.on_frame()
        for pool in self.blocks.maps.values():
            pool.grid.on_frame()
