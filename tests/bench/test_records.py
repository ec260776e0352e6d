"""A run as a JSON document: what is written is read again, and nothing else is."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest

from helix_app.base.errors import InputError
from helix_app.base.messages import error_text
from helix_app.bench.config import BASELINE, HELIX
from helix_app.bench.figures.summary import summarise
from helix_app.bench.records import BenchNotice, BenchResult, Divergence, ReferenceRun, read_json, to_json
from tests.bench.instruments import made

FULL = replace(
    made.result(),
    reference=(ReferenceRun(0, 9.5), ReferenceRun(24, 10)),
    divergences=(
        Divergence("chat", "chat-1", BASELINE, HELIX, 3, 5, 6, " a", "é😀", 0.125, 0.25),
        Divergence("chat", "chat-2", BASELINE, HELIX, 3, None, 6, "", "b", None, 0.25),
    ),
    notices=(BenchNotice("bench_drift", (("percent", "12 %"),)),),
    runs=(*made.result().runs, made.record(time_to_first_token=None, speed=7, finish_reason="eos")),
)


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str | bytes], Path]:
    """Puts a text or bytes into a file."""

    def put(content: str | bytes) -> Path:
        path = tmp_path / "run.json"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return put


def refused(path: Path, code: str = "bench_file") -> None:
    with pytest.raises(InputError) as caught:
        read_json(path)
    assert (caught.value.code, caught.value.exit_code) == (code, 2)
    sentence = error_text(caught.value.code, caught.value.fields)
    assert path.name in sentence
    assert "–" not in sentence  # a place that was not filled


def test_a_result_survives_the_file(write: Callable[..., Path]) -> None:
    path = write(to_json(FULL, asdict(summarise(FULL))))
    assert read_json(path) == FULL
    assert read_json(path).name == "run.json"


def test_the_document_is_strict_json_with_computed_figures() -> None:
    def no_constants(name: str) -> None:
        raise AssertionError(name)

    text = to_json(FULL, asdict(summarise(FULL)))
    document = json.loads(text, parse_constant=no_constants)
    assert (document["schema"], document["schema_version"]) == ("helix.bench", 1)
    assert document["summary"]["overall"]["comparisons"][0]["decode"]["value"] > 1
    assert len(document["runs"]) == len(FULL.runs)
    assert "é😀" in text
    assert text.endswith("}\n")


def test_unknown_keys_are_passed_over(write: Callable[..., Path]) -> None:
    document = json.loads(to_json(FULL))
    document["news"] = document["runs"][0]["news"] = {"of": ["later", "versions"]}
    assert read_json(write(json.dumps(document))) == FULL


def test_what_is_not_looked_at_may_hold_anything(write: Callable[..., Path]) -> None:
    document = json.loads(to_json(FULL))
    document["summary"] = {"value": float("nan")}
    document["machine"]["bytes"], document["machine"]["load"] = 2**70, [1, [2.5, None]]
    assert read_json(write(json.dumps(document))).machine == {**FULL.machine, "bytes": 2**70, "load": (1, (2.5, None))}


@pytest.mark.parametrize(
    "content",
    [
        "",
        "{",
        "[]",
        "3",
        "{}",
        "null",
        '{"schema": "helix.bench"}',
        '{"schema": "helix.bench", "schema_version": 1}',
        '{"schema": "other", "schema_version": 1, "runs": []}',
        b"\xff\xfe\x00",
        "[" * 100_000,
    ],
)
def test_what_is_no_result_is_refused(write: Callable[..., Path], content: str | bytes) -> None:
    refused(write(content))


def test_a_missing_file_and_a_folder_are_refused(tmp_path: Path) -> None:
    refused(tmp_path / "none.json", "file_failed")
    refused(tmp_path, "file_failed")


def _without(key: str) -> Callable[[dict[str, Any]], object]:
    return lambda document: document.pop(key)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda d: d.update(schema_version=0),
        lambda d: d.update(schema_version=2),
        lambda d: d.update(schema_version="x"),
        _without("runs"),
        _without("prompts"),
        _without("settings"),
        lambda d: d["runs"][0].pop("arm"),
        lambda d: d["runs"][0].update(decode_tokens_per_second="fast"),
        lambda d: d["runs"][0].update(decode_tokens_per_second=float("nan")),
        lambda d: d["runs"][0].update(decode_tokens_per_second=float("inf")),
        lambda d: d["runs"][0].update(draft_ms=float("-inf")),
        lambda d: d["runs"][0].update(timeline=[[float("nan"), 1]]),
        lambda d: d["runs"][0].update(tokens=1.0),
        lambda d: d["runs"][0].update(tokens=True),
        lambda d: d["runs"][0].update(repeat=None),
        lambda d: d["runs"][0].update(token_ids=["a"]),
        lambda d: d["runs"][0].update(timeline=[[1.0]]),
        lambda d: d["runs"].append(5),
        lambda d: d.update(runs={}),
        lambda d: d.update(settings=[]),
        lambda d: d.update(machine=None),
        lambda d: d["settings"].update(seed="seven"),
        lambda d: d["settings"].update(temperature=None),
        lambda d: d["models"].update(target=3),
        lambda d: d["prompts"][0].update(sha256=None),
    ],
)
def test_a_spoilt_result_is_refused(write: Callable[..., Path], spoil: Callable[[dict[str, Any]], object]) -> None:
    document = json.loads(to_json(FULL))
    spoil(document)
    refused(write(json.dumps(document)))


def test_a_cut_file_is_refused(write: Callable[..., Path]) -> None:
    text = to_json(FULL)
    for length in (10, len(text) // 2, len(text) - 3):
        refused(write(text[:length]))


def test_kinds_are_those_with_replies_in_the_order_of_the_prompts() -> None:
    whole: BenchResult = made.result(("story", "chat", "code"))
    assert whole.kinds == ("story", "chat", "code")
    some = replace(whole, runs=tuple(run for run in whole.runs if run.kind != "chat"))
    assert some.kinds == ("story", "code")
