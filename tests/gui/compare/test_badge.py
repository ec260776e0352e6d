"""Small signs: the letter of an arm, and what two replies have in common."""

from __future__ import annotations

import math

import pytest
from pytestqt.qtbot import QtBot

from helix_app.gui.compare.badge import COLOURS, AgreementBadge, Letter
from helix_app.gui.look.theme import Theme
from helix_app.runs.comparison import Agreement, Verdict
from tests.comparing import WORDS
from tests.gui.compare.instruments.person import OTHER, CompareDriver, compared
from tests.gui.fake import record

pytestmark = pytest.mark.styled


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


@pytest.fixture
def badge(theme: Theme, qtbot: QtBot) -> AgreementBadge:
    """A badge by itself."""
    made = AgreementBadge(theme)
    qtbot.addWidget(made)
    made.show()
    return made


@pytest.mark.parametrize(
    ("verdict", "colour", "leads"),
    [
        ("nothing", "plain", False),
        ("so_far", "plain", False),
        ("identical", "accepted", False),
        ("differs", "corrected", True),
        ("other_sample", "bonus", True),
        ("other_model", "plain", False),
    ],
)
def test_each_verdict_has_its_colour_and_leads_to_a_difference(
    badge: AgreementBadge, theme: Theme, verdict: Verdict, colour: str, leads: bool
) -> None:
    badge.show_agreement(Agreement(verdict, 24, "a", "b"))
    assert badge.verdict == verdict
    assert badge.colour() == theme.colour(colour)
    assert badge.go.isVisible() is leads
    theme.choose("dark")
    assert badge.colour() == theme.colour(colour)


def test_show_asks_for_the_first_difference(badge: AgreementBadge) -> None:
    asked = record(badge.go_requested)
    badge.show_agreement(Agreement("differs", 24, "a", "b", 0.04))
    badge.go.click()
    assert len(asked) == 1
    badge.show_nothing_to_compare()
    assert badge.accessibleName() == badge.sentence.text()
    assert badge.sentence.text().startswith("Only one configuration has written")
    assert not badge.go.isVisible()


def test_the_rings_of_the_letters_differ_by_more_than_colour(theme: Theme, qtbot: QtBot) -> None:
    drawn = []
    for index in (0, 1):
        letter = Letter(theme, index)
        qtbot.addWidget(letter)
        assert letter.accessibleName() == "AB"[index]
        image = letter.grab().toImage()
        ring = [(12 + 10 * math.cos(n * math.pi / 90), 12 + 10 * math.sin(n * math.pi / 90)) for n in range(180)]
        colour = theme.colour(COLOURS[index]).lightness()
        near = [abs(image.pixelColor(int(x), int(y)).lightness() - colour) < 25 for x, y in ring]
        drawn.append(sum(near) / len(ring))
    whole, broken = drawn
    assert whole > 0.95
    assert 0.3 < broken < 0.9
