"""The set-up of a benchmark: what Run asks for, what may be run, and how long that takes."""

from __future__ import annotations

from dataclasses import replace

from helix_app.bench.config import BenchConfig
from helix_app.gui.benchmark import kinds
from helix_app.gui.benchmark.page import BenchmarkPage
from helix_app.gui.kit import figures
from helix_app.gui.state import State
from helix_app.gui.window.main_window import MainWindow
from helix_app.protocol import bench_views as bench
from helix_app.protocol.bench import BenchRequest
from tests.gui import fake
from tests.gui.benchmark.bench_made import Person, known


def test_run_asks_for_what_is_set_up(person: Person, page: BenchmarkPage) -> None:
    setup = page.setup
    setup.draft.pick("ngram")
    setup.k.pick("fixed:3")
    setup.dtype.pick("float32")
    setup.kinds["story"].setChecked(False)
    setup.prompts.setValue(4)
    setup.repeats.setValue(2)
    setup.max_tokens.setValue(32)
    setup.temperature.setValue(0.7)
    setup.peers["transformers"].setChecked(True)
    assert setup.estimate.text() == (
        "3 kinds × 4 prompts × 2 repeats × 3 configurations = 72 replies of up to 32 tokens"
    )
    setup.run.click()
    wanted = BenchRequest(
        target=fake.SMOL.id,
        draft="ngram",
        k="fixed:3",
        device="auto",
        dtype="float32",
        kinds=("chat", "code", "rewrite"),
        prompts_per_kind=4,
        max_tokens=32,
        repeats=2,
        temperature=0.7,
        peers=("transformers",),
    )
    assert person.asked[-1] == wanted
    BenchConfig(**vars(wanted)).check()
    assert page.running


def test_what_nobody_picked_follows_the_toolbar(window: MainWindow) -> None:
    page = window.benchmark
    window.state.change(draft="ngram", k="fixed:2", device="cpu")
    assert (page.setup.request().draft, page.setup.request().k, page.setup.request().device) == (
        "ngram",
        "fixed:2",
        "cpu",
    )
    page.setup.draft.pick("self-int4")
    window.state.change(draft="auto")
    assert page.setup.request().draft == "self-int4"


def test_nothing_can_be_run_without_a_kind_or_a_model(person: Person, page: BenchmarkPage, state: State) -> None:
    for box in page.setup.kinds.values():
        box.setChecked(False)
    assert not page.setup.run.isEnabled()
    assert page.setup.estimate.text() == "Choose at least one kind of prompts."
    page.setup.kinds["code"].setChecked(True)
    assert page.setup.run.isEnabled()
    state.set_catalog((fake.SMOL,))  # not on this computer
    assert not page.setup.run.isEnabled()
    assert "No model is on this computer" in page.setup.estimate.text()


def test_too_few_for_an_interval_is_said(page: BenchmarkPage) -> None:
    page.setup.repeats.setValue(2)
    assert page.setup.estimate.text().endswith("need 6 prompts × repeats or more.")
    page.setup.prompts.setValue(3)
    assert page.setup.estimate.text().endswith("tokens")


def test_an_unknown_duration_is_said_in_words(person: Person) -> None:
    words = person.page.setup.duration.text()
    assert "not known" in words
    person.hear(bench.BenchListed((known(target="another"),)))
    assert person.page.setup.duration.text() == words


def test_the_duration_comes_from_the_list(person: Person) -> None:
    setup = person.page.setup
    target = setup.request().target
    person.hear(bench.BenchListed((known(target=target, dtype="int4", plain=80.0), known(target=target, plain=40.0))))
    expected = figures.duration(kinds.seconds(setup.request(), 40.0))
    beside = "loading and reading the prompts come on top."
    assert setup.duration.text() == f"Writing takes {expected} at most, at 40 tok/s without drafts; {beside}"
    setup.max_tokens.setValue(640)
    longer = figures.duration(kinds.seconds(setup.request(), 40.0))
    assert longer != expected
    assert longer in setup.duration.text()
    setup.dtype.pick("float32")  # of which nothing is known: the same model in another format is near
    assert "80 tok/s" in setup.duration.text()
    next(iter(setup.peers.values())).setChecked(True)  # whose speed is not known
    assert setup.duration.text().startswith("Writing takes about ")


def test_what_the_chat_measured_comes_first(window: MainWindow) -> None:
    setup = window.benchmark.setup
    window.on_event(bench.BenchListed((known(target=window.settings.target, plain=80.0),)))
    assert "80 tok/s" in setup.duration.text()
    window.on_event(fake.finished("r", plain_tokens_per_second=38.0))
    assert "38 tok/s" in setup.duration.text()
    window.on_event(fake.finished("r", plain_tokens_per_second=None))
    window.on_event(replace(fake.finished("r", plain_tokens_per_second=9.0), beside_others=True))
    assert "38 tok/s" in setup.duration.text()


def test_nothing_can_be_changed_or_run_while_one_runs(page: BenchmarkPage) -> None:
    setup = page.setup
    pickers = (setup.target, setup.draft, setup.k, setup.dtype)
    numbers = (setup.prompts, setup.repeats, setup.max_tokens, setup.temperature)
    for running in (True, False):
        setup.set_running(running)
        controls = (*pickers, *numbers, *setup.kinds.values(), *setup.peers.values(), setup.run)
        assert {control.isEnabled() for control in controls} == {not running}
