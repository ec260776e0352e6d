"""The compare page on made-up events."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from helix_app.base.messages import ERRORS
from helix_app.base.settings import Settings, changed
from helix_app.gui.compare import arms
from helix_app.gui.compare.page import ComparePage
from helix_app.gui.kit import figures
from helix_app.gui.look.theme import Theme
from helix_app.gui.state import Model, State, load_choice
from helix_app.gui.window.main_window import MainWindow
from helix_app.protocol import events
from helix_app.protocol.events import Failed, Notice
from helix_app.protocol.loading import LoadProgress
from helix_app.protocol.requests import ArmChoice, CatalogItem
from helix_app.runs.comparison import agreement_text
from tests.comparing import WORDS, plain_reply, spec_reply
from tests.gui import fake
from tests.gui.compare.comparing import CompareDriver
from tests.gui.driver import Driver

TEXT = "".join(WORDS)
SPEC = [(2, 2, WORDS[i : i + 3]) for i in range(1, 58, 3)] + [(0, 0, WORDS[58:59]), (0, 0, WORDS[59:])]
OTHER = [*WORDS[:24], "elsewhere ", *WORDS[25:]]


OWN = load_choice(Settings(theme="light"))


@pytest.fixture
def driver(theme: Theme, state: State, qtbot: QtBot) -> CompareDriver:
    """The page by itself, with a model."""
    page = ComparePage(theme, state)
    qtbot.addWidget(page)
    page.resize(1180, 700)
    page.show()
    state.set_model(Model(fake.ready()))
    return CompareDriver(page)


@pytest.fixture
def in_window(window: MainWindow) -> CompareDriver:
    """The page in the window."""
    window.pages.show_page("compare")
    return CompareDriver(window.compare, window.on_event)


def compared(driver: CompareDriver, second: list[str] = WORDS, **values: object) -> None:
    driver.run()
    driver.arm(0, spec_reply(SPEC, WORDS[0]))
    driver.arm(1, plain_reply(second))
    driver.done(**values)


# --------------------------------------------------------------------------- what is asked for


def test_the_request_is_what_was_set_up(driver: CompareDriver, state: State) -> None:
    state.set_settings(Settings(system_prompt="Be brief.", top_k=7), None)
    driver.page.setup.seed.setText("42")
    driver.page.setup.temperature.setValue(0.3)
    driver.page.setup.max_tokens.setValue(99)
    request = driver.run("Hello.")
    assert [(m.role, m.content) for m in request.messages] == [("system", "Be brief."), ("user", "Hello.")]
    assert (request.sampling.seed, request.sampling.temperature, request.sampling.top_k) == (42, 0.3, 7)
    assert (request.max_tokens, request.loaded) == (99, True)
    assert request.arms == (ArmChoice(), ArmChoice("autoregressive"))
    assert request.own == OWN
    assert driver.page.setup.prompt.text() == "Hello."


def test_without_a_seed_one_is_drawn_for_both(driver: CompareDriver) -> None:
    driver.page.setup.seed.clear()
    assert driver.run().sampling.seed is not None


def test_presets(driver: CompareDriver) -> None:
    setup = driver.page.setup
    setup.on_preset_picked("k")
    assert setup.arms() == (ArmChoice(k=arms.FIXED), ArmChoice())
    assert setup.describe(0) == "Speculative · draft auto · k 4"
    setup.on_preset_picked("custom")
    assert all(row.isVisible() for row in setup.rows)
    assert setup.arms() == (ArmChoice(k=arms.FIXED), ArmChoice())
    setup.rows[1].mode.pick("autoregressive")
    setup.rows[1].dtype.pick("float32")
    assert setup.arms()[1] == ArmChoice("autoregressive", dtype="float32")
    assert not setup.rows[1].draft.isEnabled()
    assert setup.describe(1) == "Plain · float32"


def test_a_draft_model_is_only_offered_where_there_is_one() -> None:
    smol, big = fake.here(fake.SMOL), fake.here(fake.BIG)
    settings = Settings()

    def model_preset(settings: Settings, *items: CatalogItem) -> arms.Preset:
        return next(preset for preset in arms.presets(settings, items) if preset.name == "model")

    assert model_preset(settings, smol, fake.BIG).missing
    assert model_preset(settings, smol, big).arms == (ArmChoice(draft="ngram"), ArmChoice(draft=big.id))
    chosen = changed(settings, draft="/models/mine.gguf")
    assert model_preset(chosen, smol).arms[1] == ArmChoice(draft="/models/mine.gguf")


# --------------------------------------------------------------------------- while it runs


def test_both_panes_stream(driver: CompareDriver) -> None:
    driver.run()
    assert driver.page.running
    assert driver.page.setup.prompt.button.text() == "Stop"
    assert not driver.page.setup.preset.isEnabled()
    driver.arm(0, [LoadProgress("weights", 0.45)])
    assert driver.page.panes[0].figures.text() == "Loading weights 45 %"
    assert driver.page.panes[1].figures.text() == "waiting"
    whole = spec_reply(SPEC, WORDS[0])
    driver.arm(0, whole[:6])
    assert driver.texts()[0] == "".join(WORDS[:7])
    assert driver.page.panes[0].figures.text().startswith("7 tokens · ")
    driver.arm(0, whole[6:])
    driver.arm(1, plain_reply(WORDS)[:8])
    assert driver.texts() == [TEXT, "".join(WORDS[:4])]
    assert driver.page.badge.verdict == "so_far"


def test_stop_is_asked_once_and_keeps_what_is_there(driver: CompareDriver) -> None:
    driver.run()
    driver.arm(0, spec_reply(SPEC, WORDS[0])[:6])
    QTest.keyClick(driver.page.setup.prompt.editor, Qt.Key.Key_Escape)
    driver.page.stop()
    assert driver.cancels == 1
    driver.done("cancelled")
    assert not driver.page.running
    assert driver.texts()[0] == "".join(WORDS[:7])
    assert driver.page.panes[1].figures.text() == "not run"
    assert "Only one configuration" in driver.page.badge.sentence.text()
    assert driver.page.setup.prompt.button.text() == "Run"
    assert driver.page.setup.prompt.button.isEnabled()


def test_stopped_before_anything_was_written_is_the_beginning_again(driver: CompareDriver) -> None:
    driver.run()
    driver.done("cancelled")
    assert driver.page.empty.isVisible()


def test_an_error_of_one_arm_stands_in_its_pane(driver: CompareDriver) -> None:
    driver.run()
    driver.arm(0, [Notice("draft_dropped", (("reason", "no memory"),)), *spec_reply(SPEC, WORDS[0])])
    driver.arm(1, [Failed("draft_vocab_size", fields=(("draft_size", "1"), ("target_size", "2")))])
    driver.done()
    first, second = driver.page.panes
    assert second.error.isVisible()
    assert "Choose a draft from the same model family." in second.error.sentence.text()
    assert not first.error.isVisible()
    assert "no memory" in first.notice.text()
    assert driver.texts()[0] == TEXT
    driver.run()
    assert not second.error.isVisible()


def test_events_of_another_comparison_are_ignored(driver: CompareDriver) -> None:
    driver.run()
    driver.page.on_arm(events.CompareArm("another", 0, plain_reply(WORDS)[0]))
    driver.page.on_done(events.CompareDone("another", "done"))
    driver.page.flush()
    assert driver.page.running
    assert driver.texts() == ["", ""]


# --------------------------------------------------------------------------- what it says


def test_identical(driver: CompareDriver, theme: Theme) -> None:
    compared(driver)
    assert driver.page.badge.sentence.text() == "Identical: 60 tokens"
    assert driver.page.badge.accessibleName() == "Identical: 60 tokens"
    assert driver.page.badge.colour() == theme.colour("accepted")
    assert not driver.page.badge.go.isVisible()
    assert not any(pane.text.mark_visible() for pane in driver.page.panes)


def test_the_first_difference_is_marked_in_both_panes(driver: CompareDriver) -> None:
    compared(driver, OTHER, logit_gap=0.04)
    assert driver.page.badge.sentence.text().endswith("logit gap 0.04")
    assert "token 25" in driver.page.badge.sentence.text()
    for pane, word in zip(driver.page.panes, (WORDS[24], OTHER[24])):
        (mark,) = pane.text.extraSelections()
        assert mark.cursor.selectedText() == word.replace("\n", "\u2029")
        assert mark.format.fontUnderline() or mark.format.underlineStyle().value  # not by colour alone
    driver.page.clock.seek(0.0)
    assert not any(pane.text.mark_visible() for pane in driver.page.panes)
    driver.page.badge.go.click()
    assert all(pane.text.mark_visible() for pane in driver.page.panes)


def test_figures_are_those_of_the_events(driver: CompareDriver) -> None:
    compared(driver)
    a, b = (record.metrics for record in driver.page.records)
    assert a is not None
    assert b is not None
    shown = driver.page.table.texts()
    assert shown["Decode speed"] == tuple(f"{figures.rate(m.decode_tokens_per_second)} tok/s" for m in (a, b))
    assert shown["Time to first token"] == (figures.seconds(0.2), figures.seconds(0.2))
    assert shown["Acceptance rate"] == (figures.percent(a.acceptance_rate), figures.UNKNOWN)
    assert shown["Tokens per pass"] == (f"{a.mean_accepted_length:.2f}", "1.00")
    assert shown["k, fewest to most"] == ("0–2", figures.UNKNOWN)
    assert driver.page.gauge.sentence.text() == "Speculation gains 181 % here."
    assert driver.page.plots.ratio.value.text() == "2.81"
    x, y = driver.page.plots.tokens.curves[0].getOriginalDataset()
    assert list(x) == pytest.approx(driver.page.records[0].seconds)
    assert list(y) == driver.page.records[0].tokens


def test_the_speed_up_is_that_of_the_speculative_arm(driver: CompareDriver) -> None:
    setup = driver.page.setup
    setup.on_preset_picked("custom")
    setup.rows[0].set_arm(ArmChoice("autoregressive"))
    setup.rows[1].set_arm(ArmChoice())
    driver.run()
    driver.arm(0, plain_reply(WORDS))
    driver.arm(1, spec_reply(SPEC, WORDS[0]))
    driver.done()
    assert driver.page.gauge.sentence.text() == "Speculation gains 181 % here."
    assert driver.page.plots.ratio.value.text() == "2.81"


def test_the_gauge_says_where_drafting_pays(driver: CompareDriver) -> None:
    compared(driver)
    bar = driver.page.gauge.bar
    assert bar.isVisible()
    assert bar.accessibleName() == "100 % accepted; drafting pays from 0 % on"
    assert driver.page.gauge.cost.text().startswith("In A, a round drafts 2.0 tokens")


def test_empty_plots_are_words(driver: CompareDriver) -> None:
    driver.run()
    assert driver.page.plots.tokens.is_empty()
    assert driver.page.plots.ratio.is_empty()
    driver.arm(0, spec_reply(SPEC, WORDS[0]))
    driver.page.plots.draw()
    assert not driver.page.plots.tokens.is_empty()
    assert driver.page.plots.ratio.is_empty()


# --------------------------------------------------------------------------- replay


def test_both_replay_on_one_clock(driver: CompareDriver) -> None:
    compared(driver)
    clock = driver.page.clock
    assert clock.duration == pytest.approx(0.2 + 59 * 0.02)
    assert driver.texts() == [TEXT, TEXT]
    clock.seek(0.305)
    a, b = driver.page.records
    assert driver.texts() == [TEXT[: a.characters[a.step_at(0.305)]], TEXT[: b.characters[b.step_at(0.305)]]]
    assert len(driver.texts()[0]) > len(driver.texts()[1]) > 0
    assert driver.page.panes[1].figures.text().startswith("6 tokens")
    assert driver.page.plots.tokens.line.value() == 0.305
    clock.seek(0.1)
    assert driver.texts() == ["", ""]
    driver.page.transport.slider.setValue(driver.page.transport.slider.maximum())
    assert driver.texts() == [TEXT, TEXT]


def test_playing(driver: CompareDriver) -> None:
    compared(driver)
    page, now = driver.page, [0.0]
    page.clock._now = lambda: now[0]
    page.transport.play.click()
    assert page.clock.playing
    assert page.clock.seconds == 0.0
    assert page.transport.play.accessibleName() == "Pause the replay"
    for speed, seconds in (("1", 0.5), ("0.25", 0.5 + 0.5 / 4), ("4", 1.38)):
        page.transport.speed.pick(speed)
        now[0] += 0.5
        page.clock.on_tick()
        assert page.clock.seconds == pytest.approx(seconds)
    assert not page.clock.playing
    assert driver.texts() == [TEXT, TEXT]


def test_the_keyboard_moves_the_replay(driver: CompareDriver) -> None:
    compared(driver)
    before = driver.page.clock.seconds
    QTest.keyClick(driver.page.transport.slider, Qt.Key.Key_Left)
    assert driver.page.clock.seconds < before


def test_scrolling_is_linked(driver: CompareDriver) -> None:
    many = [f"{n}\n" for n in range(200)]
    driver.run()
    for index in (0, 1):
        driver.arm(index, plain_reply(many))
    driver.done()
    QApplication.processEvents()
    first, second = (pane.text.verticalScrollBar() for pane in driver.page.panes)
    assert first.value() == first.maximum() > 50
    first.setValue(20)
    assert second.value() == 20
    second.setValue(31)
    assert first.value() == 31


# --------------------------------------------------------------------------- with the rest of the window


def test_a_comparison_waits_for_a_chat_reply(in_window: CompareDriver, window: MainWindow, chat: Driver) -> None:
    chat.ask("Hello")
    in_window.page.setup.prompt.editor.setPlainText("x")
    in_window.page.run()
    assert not in_window.requests
    assert in_window.page.error.sentence.text() == ERRORS["compare_reply_running"]
    chat.finish("Hi.")
    in_window.run()
    assert in_window.page.error.isHidden()


def test_a_chat_message_waits_for_a_comparison(in_window: CompareDriver, window: MainWindow, chat: Driver) -> None:
    in_window.run()
    page = window.chat
    page.composer.editor.setPlainText("Hello")
    page.send()
    assert not chat.requests
    assert page.error.sentence.text() == ERRORS["compare_running"]
    assert page.composer.text() == "Hello"
    in_window.done("cancelled")
    assert page.error.isHidden()
    page.send()
    assert len(chat.requests) == 1


def test_an_empty_prompt_is_refused(driver: CompareDriver) -> None:
    driver.page.run()
    assert not driver.requests
    assert driver.page.error.sentence.text() == ERRORS["prompt_empty"]


def test_a_refused_comparison_says_why(driver: CompareDriver) -> None:
    driver.run()
    driver.done("failed", failed=Failed("compare_engine_busy"))
    assert driver.page.error.sentence.text() == ERRORS["compare_engine_busy"]
    assert not driver.page.running


def test_the_persons_own_choice_is_loaded_again(in_window: CompareDriver, window: MainWindow) -> None:
    loads = fake.record(window.load_requested)
    compared(in_window, reload=False)
    assert not loads
    compared(in_window, reload=True)
    assert loads == [window.state.choice()]
    assert in_window.texts() == [TEXT, TEXT]
    assert not in_window.page.setup.prompt.button.isEnabled()
    window.on_event(fake.ready())
    assert in_window.page.setup.prompt.button.isEnabled()
    assert window.pages.current is not None
    assert window.pages.current.name == "compare"


def test_without_a_model_nothing_can_be_run(driver: CompareDriver, state: State) -> None:
    state.set_model(Model())
    driver.page.setup.prompt.editor.setPlainText("x")
    driver.page.run()
    assert not driver.requests
    assert not driver.page.setup.prompt.button.isEnabled()


def test_the_agreement_is_that_of_the_whole_texts(driver: CompareDriver) -> None:
    """It is found piece by piece while the events come."""
    driver.run()
    driver.arm(0, spec_reply(SPEC, WORDS[0]))
    for event in plain_reply(OTHER):
        driver.arm(1, [event])
    assert driver.page.agreement().tokens == 24
    driver.done()
    assert driver.page.badge.sentence.text() == agreement_text(driver.page.agreement())
