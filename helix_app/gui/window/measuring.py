"""What measures in the window: the compare and the benchmark page, which need the engine to themselves, and races."""

from __future__ import annotations

from typing import TYPE_CHECKING

from helix_app.protocol.requests import GenerateRequest

if TYPE_CHECKING:
    from helix_app.gui.window.main_window import MainWindow


def connect(window: MainWindow) -> None:
    """Join the pages, the chat, the live panel and what the window asks for."""
    chat, page, benchmark = window.chat, window.compare, window.benchmark
    page.compare_requested.connect(window.compare_requested)
    page.cancel_requested.connect(window.cancel_requested)
    page.running_changed.connect(lambda running: chat.block("compare_running" if running else ""))
    page.running_changed.connect(window.help.on_writing)
    page.may_run = lambda: occupied(window, "compare_reply_running")
    benchmark.asked.connect(window.benchmark_requested)
    benchmark.running_changed.connect(lambda running: _on_benchmark(window, running))
    benchmark.may_run = lambda: occupied(window, "bench_reply_running")
    chat.cleared.connect(window.live.blocks.on_new_chat)
    chat.race_requested.connect(lambda request: race(window, request))


def race(window: MainWindow, request: GenerateRequest) -> None:
    """Show the compare page and let it write this reply again, with drafts and without."""
    window.pages.show_page("compare")
    window.compare.race(request)


def occupied(window: MainWindow, replying: str) -> str:
    """Why nothing can be measured now, as a code of messages.py; ``replying`` while a reply is being written."""
    if window.chat.generating:
        return replying
    if window.compare.running:
        return "bench_compare_running"
    if window.benchmark.running:
        return "bench_running"
    return "bench_load_running" if window.models.loading is not None else ""


def _on_benchmark(window: MainWindow, running: bool) -> None:
    """A benchmark began or ended: meanwhile nothing else is written or loaded."""
    window.chat.block("bench_running" if running else "")
    window.toolbar.set_locked(window.tr("A benchmark is running") if running else "")
    window.actions_.unload.setEnabled(not running and window.models.ready is not None)
