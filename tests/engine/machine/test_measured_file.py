"""The file of measurements: what it gives back, how long that holds, and that no file is ever in the way."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from helix_app.engine.machine import measured, measured_file
from helix_app.engine.machine.measured_file import REFERENCE, Entry
from tests.engine.machine.test_measured import Measure, another_program, home as home


def test_what_is_kept_is_told_the_latest_first(monkeypatch: pytest.MonkeyPatch) -> None:
    now = time.time()
    for second, what in enumerate(("a", "b", "c")):
        monkeypatch.setattr(time, "time", lambda second=second: now + second)
        measured_file.keep(f"{what} | this machine | 2 threads", {"x": second}, 1.234)
    assert measured_file.kept() == tuple(
        Entry(what, "this machine | 2 threads", {"x": second}, now + second, 1.23)
        for second, what in ((2, "c"), (1, "b"), (0, "a"))
    )


def test_a_measurement_takes_the_place_of_the_one_before() -> None:
    measured_file.keep("a | here", 1, 1.0)
    measured_file.keep("a | here", 2, 1.5)
    measured_file.keep("a | there", 3, 1.0)
    assert {(entry.machine, entry.value, entry.busy) for entry in measured_file.kept()} == {
        ("here", 2, 1.5),
        ("there", 3, 1.0),
    }


def test_one_is_dropped_and_the_others_stay() -> None:
    for what in ("a", "b"):
        measured_file.keep(f"{what} | here", 1, 1.0)
    measured_file.drop("a | here")
    measured_file.drop("never | here")
    assert [entry.what for entry in measured_file.kept()] == ["b"]


def test_all_are_forgotten_and_counted_but_for_the_reference() -> None:
    assert measured_file.forget() == 0
    for what in ("a", "b", REFERENCE):
        measured_file.keep(f"{what} | here", 1, 1.0)
    assert measured_file.forget() == 2
    assert measured_file.kept() == ()
    assert not measured_file.kept_file().exists()


def test_what_json_cannot_hold_is_not_kept_and_costs_nothing() -> None:
    measured_file.keep("a | here", 1, 1.0)
    measured_file.keep("b | here", object(), 1.0)
    assert [entry.what for entry in measured_file.kept()] == ["a"]
    assert [file.name for file in measured_file.kept_file().parent.iterdir() if file.suffix != ".json"] == []


# --------------------------------------------------------------- through what decides what is kept


@pytest.mark.parametrize(("days", "calls"), [(29, 1), (31, 2), (-1, 2)])
def test_it_holds_for_thirty_days(days: float, calls: int, monkeypatch: pytest.MonkeyPatch) -> None:
    measure = Measure()
    measured.remembered("x", measure)
    another_program()
    now = time.time() + days * 86400
    monkeypatch.setattr(time, "time", lambda: now)
    measured.remembered("x", measure)
    assert measure.calls == calls


@pytest.mark.parametrize("content", ["", "{broken", "[1]", '{"x": 1}', '{"x": {"at": "then", "value": 1}}', "\x00\xff"])
def test_a_damaged_file_is_measured_again_and_replaced(content: str) -> None:
    measured.kept_file().parent.mkdir(parents=True)
    measured.kept_file().write_text(content, encoding="utf-8")
    assert measured.remembered("x", Measure(3)) == 3
    another_program()
    assert measured.remembered("x", Measure(4)) == 3


def test_a_folder_that_cannot_be_written_costs_nothing(home: Path) -> None:
    (home / "cache").write_text("a file where the folder should be")
    assert measured.remembered("x", Measure(3)) == 3


def test_only_so_many_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measured_file, "_MAX", 3)
    for number in range(5):
        measured.remembered(f"m{number}", Measure(number))
    kept = json.loads(measured.kept_file().read_text(encoding="utf-8"))
    assert sorted(key.split(" | ")[0] for key in kept) == ["m2", "m3", "m4", "reference product"]


def test_what_versions_before_kept_without_saying_how_busy_they_were_is_not_believed() -> None:
    measured.remembered("x", Measure(1))
    entries = json.loads(measured.kept_file().read_text(encoding="utf-8"))
    for entry in entries.values():
        del entry["busy"]
    measured.kept_file().write_text(json.dumps(entries), encoding="utf-8")
    another_program()
    assert measured.remembered("x", Measure(2)) == 2
