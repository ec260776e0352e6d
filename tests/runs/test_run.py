"""A run survives its file; anything else is refused with a code, whatever is in it."""

from __future__ import annotations

import base64
import gzip
import json
import random
from contextlib import suppress
from dataclasses import fields, is_dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from helix_app.base import messages, typed
from helix_app.base.errors import RunFileError
from helix_app.protocol.events import (
    CacheSnapshot,
    Failed,
    Finished,
    Notice,
    PrefillDone,
    RoundDone,
    RunMetrics,
    TextDelta,
)
from helix_app.protocol.models.loading import ModelReady
from helix_app.protocol.requests import ChatMessage, GenerateRequest
from helix_app.runs import run as runs
from helix_app.runs.run import Run, RunItem
from tests.runs.made_runs import made_run

NUMBER = st.floats(allow_nan=False, allow_infinity=False, min_value=0, max_value=1e9)
COUNT = st.integers(0, 10_000)


@st.composite
def snapshots(draw: st.DrawFn) -> CacheSnapshot:
    full, blocks = draw(st.booleans()), draw(st.integers(0, 20))
    changed = blocks if full else draw(st.integers(0, blocks))
    return CacheSnapshot(
        draw(st.sampled_from(["target", "draft"])),
        blocks,
        draw(st.integers(1, 32)),
        full,
        b"" if full else draw(st.binary(min_size=4 * changed, max_size=4 * changed)),
        draw(st.binary(min_size=8 * changed, max_size=8 * changed)),
        tuple(draw(st.lists(st.text(max_size=5), max_size=3))),
        1,
        2,
        3,
        tuple((name, b"\1\0\0\0") for name in draw(st.lists(st.text(max_size=5), max_size=2))),
    )


EVENTS = st.one_of(
    st.builds(TextDelta, st.text(), st.text()),
    st.builds(Notice, st.text(), st.just((("a", "b"),)), st.text(), st.text()),
    st.builds(PrefillDone, st.text(), COUNT, COUNT, NUMBER),
    st.builds(Failed, st.text(), st.text(), st.just((("a", "ü"),)), st.text()),
    snapshots(),
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)
@given(st.lists(st.tuples(NUMBER, EVENTS), max_size=12))
def test_every_event_comes_back_as_it_was(tmp_path: Path, events: list[tuple[float, Any]]) -> None:
    request = RunItem(0.0, GenerateRequest("r", (ChatMessage("user", "🙂 ü \x00 \ud83d"),)))
    items = [request, *(RunItem(seconds, event) for seconds, event in events)]
    runs.save(items, tmp_path / "run")
    assert list(runs.read(tmp_path / "run")) == items


def test_a_whole_run_comes_back(tmp_path: Path) -> None:
    run = made_run(60, alternatives=2)
    assert {type(item.event) for item in run.items} >= {
        GenerateRequest,
        ModelReady,
        PrefillDone,
        RoundDone,
        CacheSnapshot,
        Finished,
    }
    run.save(tmp_path / "run")
    again = runs.load(tmp_path / "run")
    assert again == run
    assert again.complete
    assert again.request == run.items[0].event
    assert isinstance(again.ready, ModelReady)
    assert [path.name for path in tmp_path.iterdir()] == ["run"]


def test_a_run_without_its_end_is_not_complete(tmp_path: Path) -> None:
    run = made_run(3)
    runs.save(run.items[:-1], tmp_path / "run")
    assert not runs.load(tmp_path / "run").complete


def lines_of(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in gzip.decompress(path.read_bytes()).splitlines()]


def coded(line: Any) -> bytes:
    return json.dumps(line).encode() + b"\n"


def write(path: Path, lines: list[Any]) -> Path:
    path.write_bytes(gzip.compress(b"".join(map(coded, lines))))
    return path


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    made_run(5).save(tmp_path / "run")
    return tmp_path / "run"


def test_fields_that_nobody_knows_are_left_out(saved: Path, tmp_path: Path) -> None:
    lines = lines_of(saved)
    for line in lines:
        line["later"] = {"x": [1]}
        line.get("event", {})["from_a_later_helix"] = [1, {"y": None}]
    assert runs.load(write(tmp_path / "later", lines)) == runs.load(saved)


def test_fields_with_a_default_may_be_missing(saved: Path, tmp_path: Path) -> None:
    lines = lines_of(saved)
    for line in lines:
        for name in ("tables", "target_block_bytes", "source", "thinking", "thinking_switch", "thinking_opens"):
            line.get("event", {}).pop(name, None)
    assert all(
        item.event.tables == () for item in runs.read(write(tmp_path / "old", lines)) if hasattr(item.event, "tables")
    )


def refused(path: Path) -> RunFileError:
    with pytest.raises(RunFileError) as caught:
        runs.load(path)
    sentence = messages.error_text(caught.value.code, caught.value.fields)
    assert str(path) in sentence
    assert "–" not in sentence
    return caught.value


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"not gzip at all",
        gzip.compress(b""),
        gzip.compress(b"\xff\xfe\xff\n"),
        gzip.compress(b"[]\n"),
        gzip.compress(b"[" * 100_000 + b"\n"),
        gzip.compress(b'{"format": "helix-run", "version": 1}\n'),
        gzip.compress(b'{"format": "helix-run", "version": 1}'),
        gzip.compress(b'{"format": "helix-run", "version": 2}\n'),
        gzip.compress(b'{"format": "helix-run", "version": true}\n'),
        gzip.compress(b'{"format": "other", "version": 1}\n'),
        gzip.compress(b'{"format": "helix-run", "version": 1}\n{"type": "os.system", "t": 0, "event": {}}\n'),
        gzip.compress(b'{"format": "helix-run", "version": 1}\n{"type": [], "t": 0, "event": {}}\n'),
    ],
    ids=lambda data: f"{len(data)} bytes",
)
def test_what_is_no_run_is_refused(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "x"
    path.write_bytes(data)
    assert refused(path).code == "run_file"


def test_a_missing_file_and_a_folder_are_refused(tmp_path: Path) -> None:
    assert refused(tmp_path / "nothing").code == "run_missing"
    assert refused(tmp_path).code == "run_missing"


def test_every_truncation_is_refused(saved: Path) -> None:
    data = saved.read_bytes()
    for length in (10, len(data) // 3, len(data) // 2, len(data) - 9, len(data) - 1):
        saved.write_bytes(data[:length])
        assert refused(saved).code == "run_file"


def test_no_flipped_byte_is_believed(saved: Path) -> None:
    data, whole = saved.read_bytes(), runs.load(saved)
    chance = random.Random(1)
    for _ in range(150):
        damaged = bytearray(data)
        damaged[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
        saved.write_bytes(damaged)
        with suppress(RunFileError):
            assert runs.load(saved) == whole  # a bit of gzip's own header that means nothing


WRONG = [None, True, -1, 1e300, 10**30, "text", [], [[]], {}, {"a": 1}, [1, 2, 3], "A" * 11]


def test_values_of_the_wrong_type_are_refused_or_right(saved: Path, tmp_path: Path) -> None:
    """Whatever stands in a field: the file is refused, or the object holds values of the declared types."""
    lines = list({line.get("type"): line for line in lines_of(saved)}.values())  # one of each kind, in their order
    written, tried, refusals = list(map(coded, lines)), 0, 0
    assert len(list(runs.read(write(tmp_path / "x", lines)))) == len(lines) - 1
    for number, line in enumerate(lines):
        for name in line.get("event", {}):
            for wrong in WRONG:
                changed = coded({**line, "event": {**line["event"], name: wrong}})
                whole = b"".join((*written[:number], changed, *written[number + 1 :]))
                (tmp_path / "x").write_bytes(gzip.compress(whole, compresslevel=1))
                tried += 1
                try:
                    assert_typed(list(runs.read(tmp_path / "x"))[number - 1].event)
                except RunFileError:
                    refusals += 1
    assert refusals > tried * 0.7


def assert_typed(value: Any) -> None:
    """The object can be written again and read back equal: every field is what it says."""
    assert is_dataclass(value)
    assert fields(value)
    assert typed.read(type(value), json.loads(json.dumps(typed.plain(value)))) == value


def test_a_number_too_large_may_stand_only_where_nobody_knows_the_field(saved: Path, tmp_path: Path) -> None:
    lines = lines_of(saved)
    for line in lines[1:]:
        line["event"]["of_tomorrow"] = [2**60, 1e300]
    assert runs.load(write(tmp_path / "later", lines)) == runs.load(saved)
    line = next(line for line in lines if line.get("type") == "Finished")
    line["event"]["metrics"]["prompt_tokens"] = 2**60
    assert "metrics.prompt_tokens" in refused(write(tmp_path / "large", lines)).detail


@pytest.mark.parametrize("literal", ["NaN", "Infinity", "-Infinity", "1" + "0" * 5000, "1e999"])
def test_numbers_that_are_none_are_refused(saved: Path, literal: str) -> None:
    text = gzip.decompress(saved.read_bytes()).decode()
    key = '"verify_seconds":'
    start = text.index(key) + len(key)
    end = text.index(",", start)
    saved.write_bytes(gzip.compress((text[:start] + literal + text[end:]).encode()))
    assert refused(saved).code == "run_file"


@pytest.mark.parametrize(
    ("kind", "change"),
    [
        ("CacheSnapshot", {"cells": base64.b64encode(b"12345").decode()}),
        ("CacheSnapshot", {"cells": base64.b64encode(b"12345678").decode()}),
        ("CacheSnapshot", {"full": False, "indices": base64.b64encode(b"1234").decode()}),
        ("CacheSnapshot", {"num_blocks": 2**30}),
        ("RoundDone", {"tokens_generated": 10**17}),
        ("RoundDone", {"elapsed_seconds": 1e17}),
        ("CacheSnapshot", {"block_size": 0}),
        ("CacheSnapshot", {"tables": [["r", base64.b64encode(b"123").decode()]]}),
        ("CacheSnapshot", {"cells": "%%%"}),
        ("RoundDone", {"accepted": 99}),
        ("RoundDone", {"k": -1}),
        ("RoundDone", {"draft_seconds": -0.5}),
        ("ModelReady", {"block_size": 0}),
        ("GenerateRequest", {"mode": "other"}),
    ],
)
def test_values_that_cannot_be_are_refused(saved: Path, tmp_path: Path, kind: str, change: dict[str, Any]) -> None:
    lines = lines_of(saved)
    line = next(line for line in lines if line.get("type") == kind)
    line["event"].update(change)
    error = refused(write(tmp_path / "x", lines))
    assert error.detail.startswith(f"line {lines.index(line) + 1}:")


def test_a_line_without_end_is_not_read_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runs, "_LONGEST_LINE", 1000)
    path = tmp_path / "bomb"
    path.write_bytes(gzip.compress(b"{" + b" " * 5000 + b"}\n"))
    assert "too long" in refused(path).detail


def test_the_request_comes_first_and_once(saved: Path, tmp_path: Path) -> None:
    lines = lines_of(saved)
    refused(write(tmp_path / "x", [lines[0], *lines[2:]]))
    refused(write(tmp_path / "y", [*lines, lines[1]]))


def test_a_folder_that_cannot_be_written_to(tmp_path: Path) -> None:
    with pytest.raises(RunFileError) as caught:
        made_run(1).save(tmp_path / "no" / "such" / "folder" / "run")
    assert caught.value.code == "run_not_saved"


def test_reading_is_a_generator(tmp_path: Path) -> None:
    """The first items come without reading the rest, which here is damaged."""
    run = made_run(400)
    run.save(tmp_path / "run")
    data = (tmp_path / "run").read_bytes()
    (tmp_path / "run").write_bytes(data[: len(data) // 2])
    items = runs.read(tmp_path / "run")
    assert [next(items) for _ in range(20)] == run.items[:20]
    with pytest.raises(RunFileError):
        list(items)


def test_saving_does_not_change_the_run() -> None:
    run = Run([RunItem(0.0, GenerateRequest("r"))])
    assert replace(run.items[0], seconds=0.0) == run.items[0]
    assert isinstance(made_run(2).items[-1].event, Finished)
    assert isinstance(made_run(2).items[-1].event.metrics, RunMetrics)


def test_a_run_as_bytes_is_the_run_as_a_file(tmp_path: Path) -> None:
    run = made_run(12)
    data = runs.dumps(run.items)
    assert runs.loads(data) == Run(run.items, complete=True)
    (tmp_path / "r").write_bytes(data)
    assert list(runs.read(tmp_path / "r")) == run.items
    with pytest.raises(RunFileError) as error:
        runs.loads(data[:-40], "a reply")
    assert error.value.code == "run_file"
