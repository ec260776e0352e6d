"""The window in German and in a pseudo-language: all is translated, and nothing is cut off in the least window."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pytest
from PySide6.QtCore import QCoreApplication
from PySide6.QtWidgets import QApplication

from helix_app.base.language import ENGLISH, Language, speak
from helix_app.gui.chat.empty import EmptyChat
from helix_app.gui.chat.message.footer import Footer
from helix_app.gui.compare.pane import ArmPane
from helix_app.gui.kit.controls.elided import Elided, Shortened
from helix_app.gui.window.main_window import MainWindow
from tests.gui import accessible, reading, views
from tests.gui.benchmark import bench_made

pytestmark = pytest.mark.styled

LEAST, USUAL = (1024, 700), (1280, 800)
# views in one window, one after the other: comparisons before what they end in, what still runs last
SHOWN = (
    ("welcome",),
    ("downloading",),
    ("loading", "cached", "error", "tokens", "prompting"),
    ("inspect_token", "compare_empty", "compare_noisy", "compare_failed"),
    ("benchmark", "benchmark_change", "benchmark_running"),
    ("help", "settings_engine", "diagnostics", "conversations"),
)

MOST_WORDS = (
    ("downloading",),
    ("cached", "settings_engine", "diagnostics", "prompting"),
    ("inspect_token", "compare_noisy", "benchmark_change", "benchmark_running"),
)

# what nobody translates: names, what a model or a person wrote, commands, what a machine says of itself
DATA = re.compile(
    r"SmolLM2|Qwen2|Helix$|Tiny|tiny|Some CPU|Another|CPU · |Linux|python|helix |torch |sha256|float32|A tiny chat"
    r"|How does a paged|KV cache in plain|Shopping|Work|Cover letter|Quarterly|Poem|Merge two|Names for|Why is the sky"
    r"|None$|Answer in one|END|[GM]i?B$|ms$|(?:Septem|Octo|Novem|Decem)ber|January"
)


def data(text: str) -> bool:
    """Whether nobody would translate it: no word in it, or a name."""
    return not re.search(r"[A-Za-z]{2,}", text) or DATA.search(text) is not None


@pytest.fixture
def pseudo(qapp: QApplication) -> Iterator[None]:
    """A program that speaks in brackets."""
    translator = reading.Pseudo(qapp)
    qapp.installTranslator(translator)
    speak(Language("pseudo", QCoreApplication.translate, comma=True))
    yield
    speak(ENGLISH)
    qapp.removeTranslator(translator)


def forget() -> None:
    """Benchmarks that were made speak the language of then."""
    bench_made.usual.cache_clear()
    bench_made.change.cache_clear()


@pytest.fixture
def shown(make_window: Callable[..., MainWindow]) -> Iterator[Callable[..., Iterator[list[reading.QWidget]]]]:
    """Brings a window, by default of the least size, into views; it and its dialogs for each of them."""

    def make(*names: str, size: tuple[int, int] = LEAST) -> Iterator[list[reading.QWidget]]:
        forget()
        window: MainWindow = make_window()
        for _ in views.in_turn(window, names, *size):
            yield reading.windows()

    yield make
    forget()


def too_narrow(window: reading.QWidget, *elided: type) -> list[str]:
    """What is cut off; headings that end with an ellipsis and tell all in their tooltip are not, nor what is
    ``elided`` or inside of it."""
    kinds = (Elided, *elided)
    return [str(text) for text in reading.cut_off(window) if not _inside(text.widget, kinds)]


def _inside(widget: reading.QWidget | None, kinds: tuple[type, ...]) -> bool:
    return widget is not None and (isinstance(widget, kinds) or _inside(widget.parentWidget(), kinds))


@pytest.mark.parametrize("names", SHOWN, ids=lambda names: names[0])
def test_nothing_is_cut_off_in_german(speaking, shown, names: tuple[str, ...]) -> None:
    assert speaking("de") == "de"
    for name, windows in zip(names, shown(*names), strict=True):
        for window in windows:
            assert too_narrow(window, ArmPane) == [], name


@pytest.mark.parametrize("names", MOST_WORDS, ids=lambda names: names[0])
def test_everything_is_translated_has_room_and_is_named(pseudo: None, shown, names: tuple[str, ...]) -> None:
    for name, windows in zip(names, shown(*names), strict=True):
        for window in windows:
            said = [text for text in reading.texts(window) if reading.OPEN not in text.text]
            assert [str(text) for text in said if not data(text.text)] == [], name
            assert too_narrow(window, ArmPane, EmptyChat, Shortened) == [], name
            accessible.check_controls(window)


def test_no_line_has_to_give_way_in_a_window_of_the_usual_size(pseudo: None, shown) -> None:
    ((window,),) = shown("cached", size=USUAL)
    lines = [line for line in window.findChildren(Shortened) if line.isVisible()]
    assert {type(line.parentWidget()) for line in lines} > {Footer}  # of the verdict, and of the status bar
    assert too_narrow(window, ArmPane, EmptyChat) == []
