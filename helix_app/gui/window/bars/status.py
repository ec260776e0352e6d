"""The status bar: where the model runs, how full the context and the cache are, what speculation gains."""

from __future__ import annotations

from typing import TypeVar

from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QSizePolicy, QStatusBar, QWidget

from helix_app.base import messages
from helix_app.base.language import number
from helix_app.gui.chat.composing.count_line import details
from helix_app.gui.chat.message import verdict
from helix_app.gui.glossary import terms
from helix_app.gui.help.about import update_text
from helix_app.gui.kit import figures
from helix_app.gui.kit.controls.elided import Shortened
from helix_app.gui.kit.controls.steady import SteadyLabel
from helix_app.gui.look.theme import Theme
from helix_app.gui.routing import Handlers
from helix_app.gui.state import State
from helix_app.gui.window.bars.context import ContextBar
from helix_app.protocol import events
from helix_app.protocol.conversations.prompts import PARTS, Part, PromptCounted
from helix_app.protocol.inquiries import UpdateKnown
from helix_app.protocol.models.loading import MemoryUse, ModelReady

L = TypeVar("L", bound=QLabel)

PAUSES = ("paused", "overdrawn", "costs_more", "below_30")  # reasons for k = 0 that last more than a round


class StatusBar(QStatusBar):
    """Four facts, each with its unit; an en dash where one is not known yet."""

    def __init__(self, theme: Theme, state: State, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setSizeGripEnabled(False)
        self._state = state
        self._context_length = 0
        self._tokens, self._blocks = 0, (0, 0, 0)  # of the conversation, and as ``set_blocks`` was told them
        self._round: events.RoundDone | None = None  # not shown yet
        self._counted: PromptCounted | None = None  # of the message that is being written
        self._prompt_tokens = 0  # of the reply that is being written
        self.place = self._label(theme, self.tr("Device and number format"), "device")
        self.context = self._label(theme, self.tr("Context used"), "context")
        self.bar = ContextBar(theme, 96)
        self.bar.setAccessibleName(self.tr("Context used"))
        self.blocks = self._label(theme, self.tr("KV cache blocks used"), "kv_cache")
        self.speculation = self._named(Shortened(), theme, self.tr("Speculative decoding"), "speculative")
        self.speculation.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.memory = self._label(theme, self.tr("Memory"), "memory")
        row = QWidget()
        layout = QHBoxLayout(row)
        layout.setContentsMargins(12, 0, 12, 0)
        layout.setSpacing(12)
        shown = (self.place, self.context, self.bar, self.blocks, self.memory, self.speculation)
        for index, widget in enumerate(shown):
            if index not in (0, 2):
                line = QFrame()
                line.setObjectName("divider")
                line.setFixedSize(1, 14)
                layout.addWidget(line)
            layout.addWidget(widget, 1 if widget is self.speculation else 0)
        self.addWidget(row, 1)
        self.newer = self._label(theme, self.tr("Newer version"), "")
        self.newer.hide()
        self.addPermanentWidget(self.newer)
        self.setFixedHeight(28)
        state.model_changed.connect(self.on_model_changed)
        self._mode = state.settings.mode
        self._plain: list[float] = []  # seconds of each round of this reply that drafted nothing
        state.settings_changed.connect(self.on_settings_changed)
        state.chat_cleared.connect(self.on_chat_cleared)
        self.on_model_changed()

    def on_settings_changed(self) -> None:
        """Another way of decoding: what the last reply gained says nothing of it."""
        if self._state.settings.mode != self._mode:
            self._mode = self._state.settings.mode
            self.show_speculation(None)

    def handlers(self) -> Handlers:
        """What is called with each kind of event."""
        return {
            MemoryUse: self.show_memory,
            events.PrefillDone: self.on_prefilled,
            events.RoundDone: self.on_round,
            events.Finished: self.on_finished,
            events.CacheSnapshot: self.on_cache_snapshot,
            UpdateKnown: self.on_update_known,
        }

    def on_update_known(self, event: UpdateKnown) -> None:
        """A newer version is told quietly, and nothing else of them."""
        self.newer.setText(update_text(event))
        self.newer.setToolTip(self.tr("Help, About Helix leads to its page"))
        self.newer.setVisible(event.state == "newer")

    def _label(self, theme: Theme, name: str, term: str) -> SteadyLabel:
        return self._named(SteadyLabel(), theme, name, term)

    @staticmethod
    def _named(label: L, theme: Theme, name: str, term: str) -> L:
        label.setProperty("tone", "muted")
        label.setFont(theme.fonts.small)
        label.setAccessibleName(name)
        if term:
            terms.give(label, term, name)
        return label

    def on_model_changed(self) -> None:
        """Another model is there; the conversation is still in the cache of one that was kept."""
        tokens, blocks = self._tokens, self._blocks
        if self._state.ready is None:
            self._show_none()
            return
        self._show(self._state.ready)
        if self._state.model.kept:
            self.set_context(tokens)
            self.set_blocks(*blocks)

    def _show(self, event: ModelReady) -> None:
        self._context_length = event.context_length
        if event.remote:
            self._show_remote(event)
            return
        self.place.setText(f"{figures.device(event.device)} · {event.dtype}")
        lead = messages.fill(
            self.tr("{device}; {n:parameter|parameters}; loaded in {t}"),
            device=event.device_name or figures.device(event.device),
            n=event.parameters,
            t=figures.seconds(event.load_seconds),
        )
        terms.give(self.place, "device", lead)
        self.set_context(0)
        self.set_blocks(0, event.target_blocks)
        self.show_memory(event.memory)
        self.show_speculation(None)

    def _show_remote(self, event: ModelReady) -> None:
        """A server writes: what it does not tell is unknown."""
        self.place.setText(self.tr("remote · {host}").format(host=event.device_name))
        terms.give(self.place, "remote_engine", event.remote)
        self.set_context(0)
        self.blocks.setText(self.tr("KV –"))
        terms.give(self.blocks, "kv_cache", messages.error_text("remote_no_blocks"))
        self.show_memory(None)
        self.show_speculation(None)

    def on_chat_cleared(self) -> None:
        """Another conversation, of which nothing is written yet."""
        self._round, self._counted, self._prompt_tokens = None, None, 0
        if self._state.ready is not None:
            self.set_context(0)
        self.show_speculation(None)

    def show_memory(self, use: MemoryUse | None) -> None:
        """What the model takes now, beside what is free."""
        text, tip = figures.memory_use(use)
        self.memory.setText(text)
        terms.give(self.memory, "memory", tip)

    def _show_none(self) -> None:
        self._context_length = 0
        self.place.setText(self.tr("No model loaded"))
        self.context.setText(self.tr("context –"))
        self.bar.set_fraction(0)
        self.blocks.setText(self.tr("KV –"))
        self.show_memory(None)
        self.speculation.setText(self.tr("speculation –"))

    def set_context(self, tokens: int) -> None:
        """Tokens of the running sequence."""
        self._tokens = tokens
        available = figures.count(self._context_length) if self._context_length else figures.UNKNOWN
        self.context.setText(self.tr("context {n} / {all}").format(n=figures.count(tokens), all=available))
        self.bar.set_fraction(tokens / self._context_length if self._context_length else 0)
        self._tell_parts([])

    def show_prompt(self, counted: PromptCounted | None, max_tokens: int) -> None:
        """What the message that is being written will take with its conversation, and what it leaves for a reply."""
        self._counted = counted
        if counted is None or counted.failed is not None or not self._context_length or self._writes():
            return
        self.set_context(counted.total)
        parts = {part: counted.of(part) / self._context_length for part in PARTS}
        self.bar.set_parts(parts, min(max_tokens, counted.room) / self._context_length)
        self._tell_parts(details(counted))

    def _tell_parts(self, lines: list[str]) -> None:
        """The figures behind the bar, where they are known."""
        for widget in (self.context, self.bar):
            terms.give(widget, "context", "\n".join(lines) or self.tr("Context used"))

    def _writes(self) -> bool:
        return self._state.occupied == "reply" and self._prompt_tokens > 0

    def on_prefilled(self, event: events.PrefillDone) -> None:
        """The prompt of a reply is read."""
        if self._state.is_current(event.request_id):
            self._prompt_tokens = event.prompt_tokens
            self._plain.clear()

    def _show_running(self, tokens: int) -> None:
        """How much of the context is the prompt, and how much the reply that is being written."""
        prompt, counted, room = self._prompt_tokens, self._counted, self._context_length
        if not prompt or not room or tokens < prompt:
            return
        system = 0 if counted is None else min(prompt, counted.of("system"))
        parts: dict[Part, float] = {
            "system": system / room,
            "history": (prompt - system) / room,
            "reply": (tokens - prompt) / room,
        }
        self.bar.set_parts(parts)
        text = self.tr("Prompt: {prompt}\nReply: {reply}\nLeft: {left}")
        shown = {"prompt": prompt, "reply": tokens - prompt, "left": max(0, room - tokens)}
        self._tell_parts([text.format(**{name: figures.count(n) for name, n in shown.items()})])

    def set_blocks(self, used: int, available: int, cached: int = 0) -> None:
        """Blocks of the target's pool: between replies none is in use, and those of the chat are kept."""
        self._blocks = used, available, cached
        text = self.tr("KV {n} / {all:block|blocks}")
        if cached and not used:
            text = self.tr("KV {kept} / {all:block|blocks} cached")
        self.blocks.setText(messages.fill(text, n=figures.count(used), kept=figures.count(cached), all=available))
        tip = self.tr(
            "KV cache: {n:block is|blocks are} in use by a reply, {kept:is|are} cached so that what they hold "
            "need not be read again."
        )
        terms.give(self.blocks, "kv_cache", messages.fill(tip, n=used, kept=cached))

    def on_cache_snapshot(self, event: events.CacheSnapshot) -> None:
        """The state of a pool."""
        if event.pool == "target":
            self.set_blocks(event.used_blocks, event.num_blocks, event.cached_blocks)

    def on_round(self, event: events.RoundDone) -> None:
        """A round of this conversation passed; shown with the batch it came in."""
        if self._state.is_current(event.request_id):
            self._round = event
            if event.k == 0:
                self._plain.append(event.draft_seconds + event.verify_seconds + event.overhead_seconds)

    def flush(self) -> None:
        """Show the latest round."""
        event, self._round = self._round, None
        if event is not None:
            self.set_context(event.context_tokens)
            self._show_running(event.context_tokens)
            self.show_speculation(event)

    def show_speculation(self, event: events.RoundDone | None) -> None:
        """What speculation does, from the latest round."""
        ready = self._state.ready
        if ready is None:
            self.speculation.setText(self.tr("speculation –"))
        elif ready.remote:
            self.speculation.setText(self.tr("speculation: the server's"))
        elif self._state.settings.mode != "speculative" or (event is not None and event.k_reason == "autoregressive"):
            self.speculation.setText(self.tr("speculation off"))
        elif ready.draft == "none":
            self.speculation.setText(self.tr("speculation off: no draft"))
        elif event is None:
            self.speculation.setText(self.tr("speculation on"))
        elif event.k == 0 and event.k_reason in PAUSES:
            reason = messages.k_reason_text(event.k_reason)
            self.speculation.setText(self.tr("speculation paused ({reason})").format(reason=reason))
        else:
            # of the latest rounds, as the plain speed is: others may have joined since the beginning
            self.speculation.setText(self._gain(event.rolling_tokens_per_second, event.plain_tokens_per_second))

    def on_finished(self, event: events.Finished) -> None:
        """What speculation gained in the whole reply."""
        if not self._state.is_current(event.request_id):
            return
        self.flush()
        self._prompt_tokens = 0
        m = event.metrics
        if self._state.ready is not None and self._state.ready.remote:
            if m.prompt_tokens is not None and m.tokens_generated is not None:
                self.set_context(m.prompt_tokens + m.tokens_generated)
        elif self._state.ready is not None and m.drafted_tokens:
            plain, _measured = verdict.plain_speed(m, self._plain)  # as the line below the reply has it
            self.speculation.setText(self._gain(m.decode_tokens_per_second, plain))

    def _gain(self, measured: float | None, plain: float | None) -> str:
        if measured is None or not plain:
            return self.tr("speculation on")
        factor = round(measured / plain, 1)
        if factor > 1:
            return self.tr("speculation on, {x}x faster than plain").format(x=number(str(factor)))
        if factor == 1:
            return self.tr("speculation on, as fast as plain")
        return self.tr("speculation on, {x}x of plain speed").format(x=number(str(factor)))
