"""Brings a window into each of its views, for screenshots."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from PySide6.QtWidgets import QApplication, QDialog, QLineEdit

from helix_app.base.settings import Settings
from helix_app.gui.kit.controls.buttons import ThemedButton
from helix_app.gui.kit.language import install
from helix_app.gui.window.main_window import MainWindow
from helix_app.protocol import bench_views, events
from helix_app.protocol.bench import BenchProgressed
from helix_app.protocol.models.hub import CatalogChanged, DownloadFailed, DownloadProgress
from helix_app.protocol.models.loading import LoadProgress
from helix_app.protocol.requests import GenerateRequest
from tests.gui import fake
from tests.gui.benchmark import bench_made
from tests.gui.chats.instruments import views as chat_views
from tests.gui.compare.instruments.views import (
    compare,
    compare_differs,
    compare_empty,
    compare_failed,
    compare_models,
    compare_noisy,
    compare_running,
)
from tests.gui.help.faults import fault_views
from tests.gui.library import library_views
from tests.gui.models import fit_views, remote_views
from tests.gui.prompting import prompt_views
from tests.gui.server import server_views
from tests.gui.settling import load, put_back, settings_dialog, settle, shown_dialog
from tests.runs.made_runs import made_run

QUESTION = "How does a paged KV cache work, and why do you share blocks between chats?"


def welcome(window: MainWindow) -> None:
    """First start."""
    window.on_event(CatalogChanged((fake.SMOL, fake.BIG)))
    window.start()


def downloading(window: MainWindow) -> None:
    """The suggested model is on its way."""
    welcome(window)
    window.welcome.start.click()
    window.on_event(DownloadProgress(fake.SMOL.id, "download", 61_400_000, 144_811_904, 11_200_000.0, 7.4))


def download_failed(window: MainWindow) -> None:
    """It did not arrive."""
    downloading(window)
    window.on_event(
        DownloadFailed(
            fake.SMOL.id,
            "download_no_network",
            "ConnectError: [Errno 111] Connection refused",
            (("host", "huggingface.co"), ("folder", "models/smollm2-135m-instruct")),
        )
    )


def loading(window: MainWindow) -> None:
    """A model is being loaded."""
    window.on_event(CatalogChanged((fake.here(fake.SMOL), fake.BIG)))
    window.start()
    window.on_event(LoadProgress("weights", 0.45))


def empty(window: MainWindow) -> None:
    """A model and no message yet."""
    load(window)


def _ask(window: MainWindow, text: str = QUESTION) -> str:
    requests: list[GenerateRequest] = []
    window.generate_requested.connect(requests.append)
    window.chat.composer.editor.setPlainText(text)
    window.chat.send()
    window.generate_requested.disconnect(requests.append)
    return requests[-1].request_id


def _rounds(window: MainWindow, request: str, count: int) -> None:
    for index in range(count):
        window.on_event(fake.round_done(request, index))
    window.on_event(fake.snapshot(fake.pool_cells(512)))
    window.live.flush()


def streaming(window: MainWindow) -> None:
    """A reply in the middle of its code block."""
    load(window)
    request = _ask(window)
    cut = fake.MARKDOWN.index("# may evict")
    for start in range(0, cut, 40):
        window.on_event(events.TextDelta(request, fake.MARKDOWN[start : min(cut, start + 40)]))
    window.chat.flush()
    _rounds(window, request, 240)


def done(window: MainWindow) -> None:
    """A finished reply and a second one before it."""
    load(window)
    first = _ask(window, "Hello!")
    window.on_event(events.PrefillDone(first, 31, 0, 0.1))
    _rounds(window, first, 60)
    window.on_event(fake.finished(first, "Hello! What would you like to know?", tokens_generated=9))
    request = _ask(window)
    window.on_event(events.PrefillDone(request, 430, 412, 0.02))
    _rounds(window, request, 700)
    window.on_event(fake.finished(request, fake.MARKDOWN))


def cached(window: MainWindow) -> None:
    """A reply that is over: its blocks are cached, in the colour of its chat, and its figures are asked for."""
    load(window)
    request = _ask(window)
    window.on_event(events.PrefillDone(request, 430, 412, 0.02))
    for state, owner in ((events.BLOCK_USED, 0), (events.BLOCK_CACHED, events.NO_OWNER)):
        cells = fake.pool_cells(512, 0)
        cells["state"] = events.BLOCK_FREE
        cells[:34] = fake.cell(state, 16, 0, 1 - state // events.BLOCK_CACHED, owner)
        window.on_event(replace(fake.snapshot(cells), owners=(request,) if owner == 0 else ()))
    window.on_event(fake.finished(request, fake.MARKDOWN))
    reply = window.chat.last_reply()
    assert reply is not None
    next(button for button in reply.findChildren(ThemedButton) if "Details" in button.text()).click()


def error(window: MainWindow) -> None:
    """A reply that failed halfway, a notice and an error under the composer."""
    load(window)
    window.on_event(events.Notice("fallback_cpu", (("device", "DirectML"), ("reason", "no adapter"))))
    request = _ask(window)
    window.on_event(events.TextDelta(request, fake.MARKDOWN[:200]))
    window.on_event(events.Failed("engine_died", "exit code -9 (SIGKILL)", (), request))
    window.chat.send()


def wrong_pick(window: MainWindow) -> None:
    """A draft that does not fit was picked: the model from before is still there."""
    done(window)
    window.toolbar.draft.pick("/models/other/Some-other-model.gguf")
    fields = (("path", "/models/other/Some-other-model.gguf"),)
    window.on_event(events.Failed("model_not_found", "", fields, kept=True))


def loading_again(window: MainWindow) -> None:
    """Another format is being loaded, a message waits, and Enter was pressed too early."""
    done(window)
    window.toolbar.dtype.pick("float32")
    window.on_event(LoadProgress("weights", 0.96))
    window.chat.composer.editor.setPlainText("What I write now is not lost")
    window.chat.send()


def reading(window: MainWindow) -> None:
    """A long prompt is being read."""
    load(window)
    request = _ask(window, "Summarise this: " + QUESTION * 9)
    window.on_event(events.PrefillProgress(request, 1024, 9000))


def too_long(window: MainWindow) -> None:
    """A message that was refused is back in the field."""
    done(window)
    window.actions_.new_chat.trigger()
    request = _ask(window, QUESTION)
    fields = (("tokens", "9,000"), ("limit", "8,192"))
    window.on_event(events.Failed("prompt_too_long", "", fields, request))


def chat_beside_benchmark(window: MainWindow) -> None:
    """A benchmark runs, and the chat says what that means before one types."""
    benchmark_running(window)
    window.pages.show_page("chat")


def _play(window: MainWindow, rounds: int, **values: int | tuple[int, ...]) -> None:
    """Ask, and answer with a run that was made."""
    request = _ask(window)
    run = made_run(rounds, name=request, **values)  # type: ignore[arg-type]
    for item in run.items[2:]:
        window.on_event(item.event)
    window.chat.flush()


def tokens(window: MainWindow) -> None:
    """A reply as its tokens, with the rejected ones in place."""
    load(window)
    window.actions_.origins.setChecked(True)
    window.actions_.ghosts.setChecked(True)
    _play(window, 90, alternatives=3)


def inspect_empty(window: MainWindow) -> None:
    """Nothing to inspect yet."""
    load(window)
    window.pages.show_page("inspect")


def inspect(window: MainWindow) -> None:
    """A run from inside, a round of it picked."""
    load(window)
    _play(window, 120)
    window.actions_.inspect.trigger()
    settle()
    window.desk.page.pick(40)


def inspect_windows(window: MainWindow) -> None:
    """A run of a model with layers that see a part of the text only."""
    load(window)
    _play(window, 120, prompt=300, windows=(0, 128, 128))
    window.actions_.inspect.trigger()
    settle()
    window.desk.page.pick(110)


def inspect_token(window: MainWindow) -> None:
    """One token of a run, and the rejected ones beside it."""
    inspect(window)
    page = window.desk.page
    page.ghosts.setChecked(True)
    settle()
    page.on_token_picked(page.trace.tokens_of(41)[-1])


def inspect_long(window: MainWindow) -> None:
    """A long run on a large pool."""
    load(window)
    _play(window, 2500, blocks=4096)
    window.actions_.inspect.trigger()
    settle()
    window.desk.page.pick(1200)


def settings(window: MainWindow) -> None:
    """The settings over the window."""
    load(window)
    window.preferences.open_dialog()


def settings_engine(window: MainWindow) -> None:
    """Their engine page, with something to say."""
    settings(window)
    settings_dialog(window).sections.setCurrentRow(2)
    window.on_event(events.Forgotten(0, events.Failed("forget_failed", fields=(("folder", "/data/ngram"),))))


def benchmark_setup(window: MainWindow) -> None:
    """A benchmark that is about to be run; one was run before."""
    load(window)
    window.pages.show_page("benchmark")
    window.on_event(bench_views.BenchListed((bench_made.listed(1),)))
    window.on_event(fake.finished("r", plain_tokens_per_second=38.0))


def benchmark_running(window: MainWindow) -> None:
    """A benchmark on its way."""
    benchmark_setup(window)
    window.benchmark.run()
    window.on_event(BenchProgressed("measure", "", 12, 48, "speculative", "code", 74.2, 61.3))


def benchmark(window: MainWindow) -> None:
    """A benchmark and the list."""
    benchmark_running(window)
    window.on_event(bench_views.BenchEnded("done", bench_made.view(2)))
    others = (bench_made.listed(3, draft="self-int4"), bench_made.listed(4, k="4", format="int4"))
    window.on_event(bench_views.BenchListed((bench_made.listed(2), bench_made.listed(1), *others)))


def benchmark_change(window: MainWindow) -> None:
    """Two benchmarks side by side."""
    benchmark(window)
    window.benchmark.history.select(2, 1)
    window.benchmark.on_compare_requested(1, 2)
    window.on_event(bench_views.BenchCompared(bench_made.change(1, 2)))


def diagnostics(window: MainWindow) -> None:
    """How smoothly the window ran, beside it."""
    done(window)
    window.help.open_diagnostics()


def help(window: MainWindow) -> None:
    """F1 at the cache."""
    empty(window)
    window.help.show_term("kv_cache")


def help_search(window: MainWindow) -> None:
    """F1 while something is searched for."""
    help(window)
    shown_dialog(window).findChild(QLineEdit).setText("accept")


VIEWS: dict[str, Callable[[MainWindow], None]] = {
    view.__name__: view
    for view in (
        welcome,
        downloading,
        download_failed,
        loading,
        empty,
        streaming,
        done,
        cached,
        error,
        wrong_pick,
        loading_again,
        reading,
        too_long,
        chat_beside_benchmark,
        *chat_views.VIEWS,
        *prompt_views.VIEWS,
        *fit_views.VIEWS,
        tokens,
        inspect_empty,
        inspect,
        inspect_windows,
        inspect_token,
        inspect_long,
        compare_empty,
        compare_running,
        compare,
        compare_differs,
        compare_noisy,
        compare_models,
        compare_failed,
        benchmark_setup,
        benchmark_running,
        benchmark,
        benchmark_change,
        *server_views.VIEWS,
        *library_views.VIEWS,
        *remote_views.VIEWS,
        *fault_views.VIEWS,
        settings,
        settings_engine,
        diagnostics,
        help,
        help_search,
    )
}

IN_DIALOGS = [name for name in VIEWS if name.startswith(("diagnostics", "help", "prompting"))]


def show(window: MainWindow, name: str, width: int = 1280, height: int = 800) -> None:
    """Bring a window into a view."""
    window.resize(width, height)
    settle()
    VIEWS[name](window)
    settle()
    window.live.flush()
    settle()


def in_turn(window: MainWindow, names: Sequence[str], width: int = 1280, height: int = 800) -> Iterator[str]:
    """Bring a window into one view after the other; it is put back between them."""
    for number, name in enumerate(names):
        if number:
            put_back(window)
        show(window, name, width, height)
        yield name


def main(name: str, theme: str, target: str, language: str = "en", width: str = "1280", height: str = "800") -> None:
    """Save one view as a picture, with the dialog that is open in it beside."""
    application = QApplication([])
    install(application, language)
    window = MainWindow(Settings(theme=theme, better_model_told=True))
    window.show()
    show(window, name, int(width), int(height))
    (shown_dialog(window) if name.startswith("prompting") else window).grab().save(target)
    for dialog in window.findChildren(QDialog):
        if dialog.isVisible():
            dialog.grab().save(target.replace(".png", "-dialog.png"))
    window.close()
    application.quit()


if __name__ == "__main__":
    main(*sys.argv[1:])
