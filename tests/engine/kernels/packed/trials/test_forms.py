"""Which form of a product is taken: by its bits first, then by its time; the answer is kept."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from helix_app.engine.kernels.packed import library as libraries, products
from helix_app.engine.kernels.packed.emitter import Emitter
from helix_app.engine.kernels.packed.library import Library
from helix_app.engine.kernels.packed.processor import NoKernelsError, Processor, this_processor
from helix_app.engine.kernels.packed.trials import check, forms
from helix_app.engine.machine import jobs

PART = "Q2_K"
FASTER = {"avx2": [1.0, 2.0, 4.0], "vnni256": [0.8, 1.6, 3.2], "vnni512": [0.79, 1.59, 3.19]}
SLOWER = {"avx2": [1.0, 2.0, 4.0], "vnni256": [0.99, 2.0, 4.0], "vnni512": [1.2, 2.0, 4.0]}


@pytest.fixture
def processor(monkeypatch: pytest.MonkeyPatch) -> Processor:
    """This one as if it had VNNI; products of one row at a time, which take little to make."""
    try:
        found = replace(this_processor(), others=("vnni256", "vnni512"), plain=True)
    except NoKernelsError as exc:
        pytest.skip(str(exc))
    if found.form != "avx2":
        pytest.skip("this processor has no AVX2")
    monkeypatch.setattr(products, "ROWS", 1)
    monkeypatch.setattr(libraries, "this_processor", lambda: found)
    return found


class Jobs:
    """Does the jobs in this process, and tells their names; ``failure`` is what the one about forms ends with."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self.failure: jobs.JobError | None = None

    def run(self, name: str, folder: str, *parts: str, seconds: float) -> dict[str, Any]:
        self.names.append(name)
        if name == "packed-kernels":
            return {"wrong": []}
        assert name == "packed-forms"
        if self.failure is not None:
            raise self.failure
        return forms.run(folder, *parts)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Jobs:
    made = Jobs()
    monkeypatch.setattr(jobs, "run", made.run)
    return made


@pytest.fixture
def times(monkeypatch: pytest.MonkeyPatch) -> Callable[[dict[str, list[float]]], None]:
    """Sets what is measured of the forms that work."""

    def set_to(seconds: dict[str, list[float]]) -> None:
        monkeypatch.setattr(forms, "_timed", lambda works: {form: seconds[form] for form in works})

    set_to(FASTER)
    return set_to


def ready(folder: Path, part: str = PART) -> Library:
    made = Library(folder=folder)
    made.add((part,))
    return made


def suffixes(folder: Path) -> list[str]:
    return sorted(file.suffix for file in folder.iterdir())


Times = Callable[[dict[str, list[float]]], None]


def test_a_faster_form_is_taken_and_kept(tmp_path: Path, processor: Processor, asked: Jobs, times: Times) -> None:
    assert Library(folder=tmp_path).lacks((PART,))
    made = ready(tmp_path)
    assert made.form_of(PART) == "vnni256"  # the wide one is not clearly faster than that
    assert list(check.wrong_in(made, PART)) == []
    assert suffixes(tmp_path) == [".form", ".o", ".o"]
    assert made.chosen(PART) == {"form": "vnni256", "shares": {"avx2": 1.0, "vnni256": 0.8, "vnni512": 0.794}}
    again = Library(folder=tmp_path)
    assert not again.lacks((PART,))
    again.add((PART,))
    assert again.form_of(PART) == "vnni256"
    assert list(check.wrong_in(again, PART)) == []
    assert asked.names == ["packed-kernels", "packed-forms"]


def test_a_form_that_is_not_faster_is_not_taken(
    tmp_path: Path, processor: Processor, asked: Jobs, times: Times
) -> None:
    times(SLOWER)
    assert ready(tmp_path).form_of(PART) == "avx2"
    assert suffixes(tmp_path) == [".form", ".o"]
    assert ready(tmp_path).form_of(PART) == "avx2"
    assert asked.names == ["packed-kernels", "packed-forms"]


def test_a_wrong_form_is_not_taken_and_told_once(
    tmp_path: Path,
    processor: Processor,
    asked: Jobs,
    times: Times,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    usual = Emitter.dot

    def wrong(e: Emitter, *given: Any) -> Any:
        found = usual(e, *given)
        return e.builder.add(found, e.const(found.type, 1)) if e.form == "vnni256" else found

    monkeypatch.setattr(Emitter, "dot", wrong)
    times({**FASTER, "vnni512": SLOWER["vnni512"]})
    with caplog.at_level(logging.WARNING):
        made = ready(tmp_path)
    assert made.form_of(PART) == "avx2"
    assert list(check.wrong_in(made, PART)) == []
    told = [record.getMessage() for record in caplog.records]
    assert told[0].startswith(f"vnni256 product_{PART} of 1 rows computes something else")
    caplog.clear()
    assert ready(tmp_path).form_of(PART) == "avx2"
    assert not caplog.records
    assert asked.names == ["packed-kernels", "packed-forms"]


@pytest.mark.parametrize(("how", "lasts"), [("crashed", True), ("raised", True), ("hung", False)])
def test_forms_that_cannot_be_tried_are_not_taken(
    tmp_path: Path, processor: Processor, asked: Jobs, caplog: pytest.LogCaptureFixture, how: Any, lasts: bool
) -> None:
    """A crash would come again at each start; a busy computer may have time the next time."""
    asked.failure = jobs.JobError(how, "illegal instruction")
    made = ready(tmp_path)
    assert made.form_of(PART) == "avx2"
    assert "packed products run as avx2 alone" in caplog.text
    assert suffixes(tmp_path) == ([".form", ".o"] if lasts else [".o"])
    assert ready(tmp_path).form_of(PART) == "avx2"
    assert asked.names == ["packed-kernels", "packed-forms"] * (1 if lasts else 2)


def test_a_form_with_the_same_code_is_not_tried(
    tmp_path: Path, processor: Processor, asked: Jobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Scales of Q4_K are integers too large for bytes: narrow VNNI has nothing for it."""
    monkeypatch.setattr(libraries, "this_processor", lambda: replace(processor, others=("vnni256",)))
    assert ready(tmp_path, "Q4_K").form_of("Q4_K") == "avx2"
    assert ready(tmp_path, "Q4_K").chosen("Q4_K") == {"form": "avx2", "shares": {}}
    assert asked.names == ["packed-kernels"]


@pytest.mark.parametrize("content", [b'{"form": "vnni1024"}', b"[]", b"x"])
def test_a_damaged_choice_is_made_anew(
    tmp_path: Path, processor: Processor, asked: Jobs, times: Times, content: bytes
) -> None:
    made = ready(tmp_path)
    file = made._choice_file(PART)
    libraries._write(file, content)
    assert Library(folder=tmp_path).lacks((PART,))
    assert ready(tmp_path).form_of(PART) == "vnni256"
    assert json.loads(libraries._read(file) or b"")["form"] == "vnni256"


def test_a_choice_holds_for_the_forms_that_it_was_made_from(
    tmp_path: Path, processor: Processor, asked: Jobs, times: Times, monkeypatch: pytest.MonkeyPatch
) -> None:
    ready(tmp_path)
    monkeypatch.setattr(libraries, "this_processor", lambda: replace(processor, others=("vnni256",)))
    assert Library(folder=tmp_path).lacks((PART,))
    monkeypatch.setattr(libraries, "this_processor", lambda: replace(processor, others=()))
    assert ready(tmp_path).form_of(PART) == "avx2"  # its own code is kept from before


def test_a_lost_object_is_made_anew(tmp_path: Path, processor: Processor, asked: Jobs, times: Times) -> None:
    ready(tmp_path)._file(PART, "vnni256").unlink()
    assert Library(folder=tmp_path).lacks((PART,))
    assert ready(tmp_path).form_of(PART) == "vnni256"


def test_parts_that_are_no_products_have_one_form(tmp_path: Path, processor: Processor, asked: Jobs) -> None:
    assert ready(tmp_path, "add").form_of("add") == "avx2"
    assert asked.names == ["packed-kernels"]
    assert suffixes(tmp_path) == [".o"]


def test_real_times_decide(tmp_path: Path, processor: Processor, asked: Jobs, monkeypatch: pytest.MonkeyPatch) -> None:
    """Plain IR in place of VNNI is far slower than AVX2."""
    monkeypatch.setattr(forms, "_ROUNDS", 2)
    made = ready(tmp_path)
    choice = made.chosen(PART)
    assert choice is not None
    assert set(choice["shares"]) == {"avx2", "vnni256", "vnni512"}
    assert choice["shares"]["avx2"] == 1
    assert choice["form"] == "avx2" == made.form_of(PART)


@pytest.mark.parametrize(
    ("parts", "taken"),
    [
        ({"avx2": 1.0}, "avx2"),
        ({"avx2": 1.0, "vnni256": 0.98}, "avx2"),
        ({"avx2": 1.0, "vnni256": 0.9}, "vnni256"),
        ({"avx2": 1.0, "vnni512": 0.9}, "vnni512"),
        ({"avx2": 1.0, "vnni256": 0.9, "vnni512": 0.89}, "vnni256"),
        ({"avx2": 1.0, "vnni256": 0.9, "vnni512": 0.8}, "vnni512"),
        ({"avx2": 1.0, "vnni256": 1.2, "vnni512": 0.8}, "vnni512"),
    ],
)
def test_the_fastest_form(parts: dict[str, float], taken: str) -> None:
    assert forms.fastest(parts) == taken


def test_shares_weigh_all_numbers_of_rows_alike() -> None:
    found = forms.shares({"avx2": [1.0, 10.0, 100.0], "vnni256": [0.5, 10.0, 200.0]})
    assert found == pytest.approx({"avx2": 1.0, "vnni256": 1.0})


def test_what_is_kept_is_told(tmp_path: Path, processor: Processor, asked: Jobs, times: Times) -> None:
    ready(tmp_path)
    told = forms.kept(str(tmp_path))
    assert told["first"] == "avx2"
    assert told["others"] == ("vnni256", "vnni512")
    assert {part: choice["form"] for part, choice in told["chosen"].items()} == {PART: "vnni256"}


def test_the_jobs_have_their_names(tmp_path: Path) -> None:
    try:
        this_processor()
    except NoKernelsError as exc:
        pytest.skip(str(exc))
    assert jobs.run("packed-forms", str(tmp_path), seconds=60) == {"chosen": {}, "wrong": []}
    assert jobs.run("packed-forms-kept", str(tmp_path), seconds=60)["chosen"] == {}
