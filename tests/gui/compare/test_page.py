"""The compare page on made-up events: running, stopping, refusals, and the rest of the window."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from helix_app.base.messages import ERRORS
from helix_app.gui.state import Model, State
from helix_app.gui.window.main_window import MainWindow
from helix_app.protocol import events
from helix_app.protocol.events import Failed
from helix_app.runs.comparison import agreement_text
from tests.comparing import WORDS, plain_reply, spec_reply
from tests.gui import fake
from tests.gui.compare.instruments.person import OTHER, SPEC, TEXT, CompareDriver, compared
from tests.gui.driver import Driver


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


def test_events_of_another_comparison_are_ignored(driver: CompareDriver) -> None:
    driver.run()
    driver.page.on_arm(events.CompareArm("another", 0, plain_reply(WORDS)[0]))
    driver.page.on_done(events.CompareDone("another", "done"))
    driver.page.flush()
    assert driver.page.running
    assert driver.texts() == ["", ""]


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


def test_two_models_write_their_own_text(driver: CompareDriver, state: State) -> None:
    state.set_catalog((fake.here(fake.SMOL), fake.here(fake.BIG)))
    setup = driver.page.setup
    setup.on_preset_picked("targets")
    assert "one model is in memory at a time" in setup.note.text().lower()
    request = driver.run()
    assert [arm.target for arm in request.arms] == ["", fake.BIG.id]
    titles = [pane.title.text() for pane in driver.page.panes]
    assert [title.startswith(item.name) for title, item in zip(titles, (fake.SMOL, fake.BIG))] == [True, True]
    driver.arm(0, plain_reply(WORDS))
    driver.arm(1, plain_reply(OTHER, 0.01))
    driver.done()
    assert driver.page.badge.verdict == "other_model"
    assert driver.page.badge.sentence.text().startswith("Two models: each writes its own text")
    assert not driver.page.badge.go.isVisible()
    assert not any(pane.text.mark_visible() for pane in driver.page.panes)
    assert driver.page.gauge.sentence.text() == "B decodes 100 % faster than A here."


def test_the_first_difference_is_shown_in_the_plain_text(driver: CompareDriver) -> None:
    compared(driver, OTHER, logit_gap=0.04)
    assert driver.page.look.value == "formatted"
    driver.page.badge.go.click()
    assert driver.page.look.value == "plain"
    assert all(pane.text.isVisible() for pane in driver.page.panes)
