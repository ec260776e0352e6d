"""The list as lines: pinned, folders, days; and what was found."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta, timezone

import pytest
from PySide6.QtCore import QLocale

from helix_app.gui.chats.rows import Row, day_group, found_rows, moment_text, rows_of, time_text
from helix_app.protocol.conversations.chats import ChatHit
from tests.gui.chats.made_chats import entry

TODAY = date(2026, 11, 29)


def when(days: int) -> str:
    return (datetime(2026, 11, 29, 12).astimezone() - timedelta(days=days)).isoformat()


def test_days_as_people_call_them() -> None:
    assert [day_group(when(d), TODAY) for d in (-1, 0, 1, 2, 6, 7, 29, 30, 400)] == [
        "Today",
        "Today",
        "Yesterday",
        "Previous 7 days",
        "Previous 7 days",
        "Previous 30 days",
        "Previous 30 days",
        "October",
        "October 2025",
    ]
    assert day_group("nonsense", TODAY) == "Earlier"


def test_each_once_and_no_empty_group() -> None:
    entries = [
        entry("a", updated=when(0)),
        entry("b", updated=when(0), pinned=True, folder="Work"),
        entry("c", updated=when(1), folder="work & play"),
        entry("d", updated=when(1)),
        entry("e", updated=when(1), folder="Art"),
    ]
    rows = rows_of(entries, TODAY, writing={"d"})
    assert [row.title for row in rows] == [
        "Pinned", "Chat b", "Art", "Chat e", "work & play", "Chat c", "Today", "Chat a", "Yesterday", "Chat d",
    ]  # fmt: skip
    assert [row.title for row in rows if row.writing] == ["Chat d"]
    folded = rows_of(entries, TODAY, folded={"Art"})
    assert [row.title for row in folded[2:4]] == ["Art", "work & play"]
    assert (folded[2].folded, folded[3].folded) == (True, False)
    assert rows_of([], TODAY) == []


def test_without_a_title_it_is_called_untitled() -> None:
    untitled = replace(entry("a", updated=when(0)), title="")
    assert rows_of([untitled], TODAY)[1].title == "Untitled"


def test_what_was_found() -> None:
    assert found_rows([], False) == [Row("Nothing found")]
    hit = ChatHit(entry("a"), "m", "a word here", ((2, 6),))
    rows = found_rows([hit], False, writing={"a"})
    assert [row.title for row in rows] == ["Found in 1 conversation", "Chat a"]
    assert rows[1].hit == hit
    assert rows[1].writing
    assert found_rows([hit], True)[0].title == "The first 1 conversation"


@pytest.fixture
def american() -> Iterator[None]:
    """Days and times as in the United States."""
    before = QLocale()
    QLocale.setDefault(QLocale("en_US"))
    yield
    QLocale.setDefault(before)


def moment(*when: int) -> str:
    """A moment here, in ISO 8601."""
    return datetime(*when).astimezone().isoformat(timespec="seconds")  # type: ignore[arg-type]


@pytest.mark.usefixtures("american")
def test_a_message_tells_its_time_where_much_went_by() -> None:
    now = moment(2026, 11, 29, 14, 32)
    assert time_text(now, moment(2026, 11, 29, 14, 1), TODAY) == ""
    assert time_text(now, "", TODAY) == ""  # begun today
    assert time_text(now, moment(2026, 11, 29, 9, 0), TODAY) == "2:32\u202fPM"
    yesterday = moment(2026, 11, 28, 23, 59)
    assert time_text(yesterday, "", TODAY) == "Yesterday, 11:59\u202fPM"
    assert time_text(now, yesterday, TODAY) == "2:32\u202fPM"
    assert time_text(moment(2025, 3, 4, 8, 5), "", TODAY) == "3/4/25, 8:05\u202fAM"
    assert time_text(moment(2025, 3, 4, 8, 5), moment(2025, 3, 4, 8, 0), TODAY) == ""
    assert time_text("nonsense", "", TODAY) == time_text(now, "nonsense", TODAY) == ""


@pytest.mark.usefixtures("american")
def test_a_moment_in_full() -> None:
    assert moment_text(moment(2025, 3, 4, 20, 5)) == "Tuesday, March 4, 2025, 8:05\u202fPM"
    assert moment_text("nonsense") == ""


@pytest.mark.usefixtures("american")
def test_a_time_is_told_in_the_zone_of_this_computer() -> None:
    here = datetime(2026, 11, 29, 14, 32).astimezone()
    elsewhere = here.astimezone(timezone(timedelta(hours=9))).isoformat()
    assert time_text(elsewhere, moment(2026, 11, 29, 9, 0), TODAY) == "2:32\u202fPM"
