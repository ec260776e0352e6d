"""One arm: what it is, how far it is, its text, and what went wrong."""

from __future__ import annotations

import pytest
from pytestqt.qtbot import QtBot

from helix_app.gui.compare.pane import ArmPane
from helix_app.gui.look.theme import Theme
from helix_app.protocol.events import Event, Failed, Notice
from helix_app.protocol.models.loading import LoadProgress
from helix_app.runs.comparison import ArmRecord
from tests.comparing import WORDS, plain_reply, spec_reply
from tests.gui.compare.instruments.person import SPEC, TEXT, CompareDriver


class Arm:
    """A pane by itself, and what it is told."""

    def __init__(self, theme: Theme) -> None:
        self.pane, self.record = ArmPane(theme, 1), ArmRecord()
        self.pane.resize(400, 300)
        self.pane.show()
        self.pane.show_formatted(False)
        self.pane.begin(self.record)

    def hear(self, *happened: Event) -> str:
        """What it says of it."""
        for event in happened:
            self.record.add(event)
        self.pane.show_live()
        return self.pane.figures.text()


@pytest.fixture
def arm(theme: Theme, qtbot: QtBot) -> Arm:
    """The second arm of a comparison that has just begun."""
    made = Arm(theme)
    qtbot.addWidget(made.pane)
    return made


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


def test_an_error_of_one_arm_stands_in_its_pane(driver: CompareDriver) -> None:
    driver.run()
    driver.arm(0, [Notice("draft_dropped", (("reason", "no memory"),)), *spec_reply(SPEC, WORDS[0])])
    driver.arm(1, [Failed("model_not_found", fields=(("path", "/x/draft.gguf"),))])
    driver.done()
    first, second = driver.page.panes
    assert second.error.isVisible()
    assert "There is no model at /x/draft.gguf." in second.error.sentence.text()
    assert not first.error.isVisible()
    assert "no memory" in first.notice.text()
    assert driver.texts()[0] == TEXT
    driver.run()
    assert not second.error.isVisible()


def test_it_says_how_far_it_is(arm: Arm) -> None:
    assert arm.pane.figures.text() == "waiting"
    assert arm.hear(LoadProgress("weights", 0.25)) == "Loading weights 25 %"
    assert arm.hear(LoadProgress("warm_up")) == "Warming up"
    first, *rest = plain_reply(WORDS)
    assert arm.hear(first) == "1 token · – tok/s"
    assert arm.hear(*rest[:-1]) == "60 tokens · 50 tok/s"
    assert arm.pane.text.shown_text() == TEXT


def test_at_its_end_the_speed_is_that_of_the_whole_reply(arm: Arm) -> None:
    shown = arm.hear(*plain_reply(WORDS, decode_tokens_per_second=47.0))
    assert shown == "60 tokens · 47 tok/s"


def test_an_earlier_moment_shows_what_was_written_by_then(arm: Arm) -> None:
    arm.hear(*plain_reply(WORDS))
    arm.pane.show_at(0.305)
    assert arm.pane.figures.text().startswith("6 tokens · ")
    assert arm.pane.text.shown_text() == "".join(WORDS[:6])
    arm.pane.show_at(0.0)
    assert arm.pane.figures.text() == "0 tokens · – tok/s"
    assert arm.pane.text.shown_text() == ""


def test_what_went_wrong_stays_until_the_next_comparison(arm: Arm) -> None:
    assert arm.hear(Failed("out_of_memory")) == "failed"
    arm.pane.not_run()
    assert arm.pane.figures.text() == "failed"
    assert arm.pane.error.isVisible()
    arm.pane.begin(ArmRecord())
    assert not arm.pane.error.isVisible()
    arm.pane.not_run()
    assert arm.pane.figures.text() == "not run"


def test_every_notice_is_shown(arm: Arm) -> None:
    arm.hear(Notice("forced_cpu"))
    arm.hear(Notice("draft_dropped", (("reason", "no memory"),)))
    assert len(arm.pane.notice.text().splitlines()) == 2
    assert arm.pane.notice.isVisible()


def test_a_long_title_can_be_read_in_its_tooltip(arm: Arm) -> None:
    arm.pane.set_title("Speculative · " * 20)
    assert arm.pane.title.toolTip() == arm.pane.title.text()
