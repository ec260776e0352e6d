"""The compare page where runs are noisy, models differ and replies are Markdown."""

from __future__ import annotations

import pytest
from pytestqt.qtbot import QtBot

from helix_app.base.settings import Settings
from helix_app.gui.compare.page import ComparePage
from helix_app.gui.look.theme import Theme
from helix_app.gui.state import Model, State, load_choice
from helix_app.protocol.requests import ArmChoice
from tests.comparing import WORDS, plain_reply, spec_reply
from tests.gui import fake
from tests.gui.compare.comparing import CompareDriver

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


def compared(driver: CompareDriver, second: list[str] = WORDS, **values: object) -> None:
    driver.run()
    driver.arm(0, spec_reply(SPEC, WORDS[0]))
    driver.arm(1, plain_reply(second))
    driver.done(**values)


def test_a_noisy_run_is_called_so(driver: CompareDriver) -> None:
    compared(driver, drift=0.23, noisy=True)
    gauge = driver.page.gauge
    assert gauge.noise.isVisible()
    assert gauge.noise.text().startswith("Noisy: the machine's own speed moved by 23 % meanwhile.")
    assert "differed by 23 %" in gauge.sentence.toolTip()
    driver.run()
    assert not gauge.noise.isVisible()
    driver.done("cancelled")
    compared(driver, drift=0.03)
    assert not gauge.noise.isVisible()
    assert gauge.sentence.text() == "Speculation gains 181 % here."


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


def test_a_model_of_its_own_can_be_picked_for_an_arm(driver: CompareDriver, state: State) -> None:
    state.set_catalog((fake.here(fake.SMOL), fake.here(fake.BIG)))
    setup = driver.page.setup
    setup.on_preset_picked("custom")
    assert setup.note.isHidden()
    setup.rows[1].target.pick(fake.BIG.id)
    assert setup.arms()[1] == ArmChoice("autoregressive", target=fake.BIG.id)
    assert setup.describe(1) == f"{fake.BIG.name} · Plain"


def test_replies_are_shown_as_the_chat_shows_them(driver: CompareDriver) -> None:
    words = ["A ", "**bold** ", "word.\n\n", "- one\n", "- two\n"]
    driver.run()
    driver.arm(0, plain_reply(words))
    driver.arm(1, plain_reply(words))
    driver.done()
    first = driver.page.panes[0]
    assert first.formatted.isVisible()
    shown = "\n".join(block.text() for block in first.formatted.blocks().text_blocks())
    assert "A bold word." in shown
    assert "**" not in shown
    driver.page.clock.seek(driver.page.records[0].seconds[1])
    assert first.formatted.shown_text() == "A **bold** "
    driver.page.clock.seek(driver.page.clock.duration)
    assert first.formatted.shown_text() == "".join(words)
    driver.page.look.pick("plain")
    assert first.text.isVisible()
    assert first.text.shown_text() == "".join(words)


def test_the_first_difference_is_shown_in_the_plain_text(driver: CompareDriver) -> None:
    compared(driver, OTHER, logit_gap=0.04)
    assert driver.page.look.value == "formatted"
    driver.page.badge.go.click()
    assert driver.page.look.value == "plain"
    assert all(pane.text.isVisible() for pane in driver.page.panes)
