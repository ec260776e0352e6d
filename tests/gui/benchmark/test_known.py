"""What is known before a benchmark runs, and what tells the runs of the list apart."""

from __future__ import annotations

from dataclasses import replace

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from helix_app.bench import reference, runner
from helix_app.gui.benchmark import kinds
from helix_app.gui.benchmark.page import BenchmarkPage
from helix_app.gui.kit import figures
from helix_app.gui.look.theme import Theme
from helix_app.gui.state import State
from helix_app.gui.window.main_window import MainWindow
from helix_app.protocol import bench_views as bench
from helix_app.protocol.bench import BenchRequest
from tests.gui import fake
from tests.gui.benchmark import bench_made
from tests.gui.benchmark.bench_made import Person, looking_at

NAMED = (("model", "m"), ("format", "bfloat16"), ("draft", "ngram"), ("k", "auto"), ("kinds", "chat, code"))


def entry(run_id: int = 1, **values: object) -> bench.BenchEntry:
    base = replace(bench_made.view(run_id).entry, named=NAMED, target="m", dtype="auto", plain=40.0)
    return replace(base, **values)  # type: ignore[arg-type]


def named(**values: str) -> tuple[tuple[str, str], ...]:
    return tuple({**dict(NAMED), **values}.items())


@pytest.fixture
def person(theme: Theme, qtbot: QtBot, state: State) -> Person:
    """Someone who looks at the page alone."""
    page = BenchmarkPage(theme, state)
    qtbot.addWidget(page)
    return looking_at(page, state)


# --------------------------------------------------------------------------- how long it takes


def test_the_longest_a_benchmark_takes() -> None:
    """Two kinds of one prompt, three repeats, two arms: 12 replies, 4 besides, and the last reference reply."""
    request = BenchRequest("m", kinds=("chat", "code"), prompts_per_kind=1, repeats=3, max_tokens=100)
    assert kinds.seconds(request, 10.0) == pytest.approx((12 * 100 + 4 * 32) / 10)
    assert kinds.seconds(replace(request, peers=("transformers",)), 10.0) > 1.4 * kinds.seconds(request, 10.0)
    assert (kinds.REFERENCE_TOKENS, kinds.REFERENCE_EVERY) == (reference.TOKENS, runner._REFERENCE_EVERY)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (3, "about 5 seconds"),
        (42, "about 40 seconds"),
        (70, "about 1 minute"),
        (715, "about 12 minutes"),
        (2000, "about 35 minutes"),
        (7200, "about 2 hours"),
        (9000, "about 2.5 hours"),
    ],
)
def test_durations_in_words(seconds: float, words: str) -> None:
    assert figures.duration(seconds) == words


def test_an_unknown_duration_is_said_in_words(person: Person) -> None:
    words = person.page.setup.duration.text()
    assert "not known" in words
    person.hear(bench.BenchListed((entry(target="another"),)))
    assert person.page.setup.duration.text() == words


def test_the_duration_comes_from_the_list(person: Person) -> None:
    setup = person.page.setup
    target = setup.request().target
    person.hear(bench.BenchListed((entry(target=target, dtype="int4", plain=80.0), entry(target=target, plain=40.0))))
    expected = figures.duration(kinds.seconds(setup.request(), 40.0))
    assert setup.duration.text() == f"That takes {expected} at most, at 40 tok/s without drafts."
    setup.max_tokens.setValue(640)
    longer = figures.duration(kinds.seconds(setup.request(), 40.0))
    assert longer != expected
    assert longer in setup.duration.text()
    setup.dtype.pick("float32")  # of which nothing is known: the same model in another format is near
    assert "80 tok/s" in setup.duration.text()


def test_what_the_chat_measured_comes_first(window: MainWindow) -> None:
    setup = window.benchmark.setup
    window.on_event(bench.BenchListed((entry(target=window.settings.target, plain=80.0),)))
    assert "80 tok/s" in setup.duration.text()
    window.on_event(fake.finished("r", plain_tokens_per_second=38.0))
    assert "38 tok/s" in setup.duration.text()
    window.on_event(fake.finished("r", plain_tokens_per_second=None))
    assert "38 tok/s" in setup.duration.text()


# --------------------------------------------------------------------------- the list


def test_runs_name_what_differs_between_them() -> None:
    runs = (entry(1), entry(2, named=named(draft="self-int4", k="4")), entry(3, named=named(kinds="chat")))
    assert kinds.differing(runs) == [
        "draft n-gram · k auto · Chat, Code",
        "draft self, 4 bits · k 4 · Chat, Code",
        "draft n-gram · k auto · Chat",
    ]
    assert kinds.differing((entry(1), entry(2))) == ["", ""]
    assert kinds.differing((entry(1), entry(2, named=named(format="int4")))) == ["bfloat16", "int4"]
    assert kinds.differing((entry(1, named=()), entry(2))) == ["", ""]  # of one nothing is known


def test_the_list_shows_it(person: Person) -> None:
    box = person.page.history.list
    person.hear(bench.BenchListed((entry(1), entry(2))))
    low = box.sizeHintForRow(0)
    person.hear(bench.BenchListed((entry(1), entry(2, named=named(draft="self-int4")))))
    words = [box.item(row).data(Qt.ItemDataRole.AccessibleTextRole) for row in range(2)]
    assert ["draft n-gram" in words[0], "draft self, 4 bits" in words[1]] == [True, True]
    assert box.sizeHintForRow(0) > low
