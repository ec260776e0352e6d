"""What all benchmarks of one question share: loading, ratios in words, tables and the JSON."""

from __future__ import annotations

import datetime
import json
import random
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest

from helix_app.base.errors import HelixError
from helix_app.bench.arms import Task
from helix_app.bench.config import BenchConfig
from helix_app.bench.experiments.experiment import (
    Bench,
    Experiment,
    Table,
    apart,
    document,
    kinds_of,
    middle,
    open_bench,
    ratio,
    ratio_text,
    reply_of,
    spread,
    tasks_of,
    text,
)
from helix_app.bench.figures.statistics import Estimate
from helix_app.bench.workloads import Prompt
from helix_app.engine.drafts.ngrams.ngram import NgramDraft
from helix_app.protocol.events import Finished
from tests.bench.instruments.tiny import opened
from tests.engine.made.tiny import Zoo


@pytest.mark.parametrize(
    ("values", "digits", "shown"),
    [
        ([], 1, "–"),
        ([3.0], 1, "3.0 (3.0 to 3.0)"),
        ([3.0, 1.0, 2.04], 1, "2.0 (1.0 to 3.0)"),
        ([3.0, 1.0], 2, "2.00 (1.00 to 3.00)"),
    ],
)
def test_a_spread_is_the_median_and_both_ends(values: list[float], digits: int, shown: str) -> None:
    assert spread(values, digits) == shown


def test_the_middle_is_over_all_replies() -> None:
    assert middle({"a": {0: 1.0, 1: 9.0}, "b": {0: 2.0}, "none": {}}) == "2.0"
    assert middle({"none": {}}) == middle({}) == "–"


def test_a_ratio_pairs_the_same_prompt_in_the_same_repeat() -> None:
    one = {"a": {0: 4.0, 1: 9.0}, "b": {0: 8.0}, "only here": {0: 1000.0}}
    other = {"b": {0: 2.0}, "a": {0: 1.0, 2: 0.001}, "only there": {0: 1.0}}
    found = ratio(one, other, 0)
    assert (found.value, found.pairs) == (pytest.approx(4.0), 2)
    assert ratio({}, other, 0).value is None


@pytest.mark.parametrize(
    ("estimate", "shown"),
    [
        (Estimate(None), "–"),
        (Estimate(1.417), "1.42x"),
        (Estimate(1.417, 1.38, 1.466), "1.42x [1.38, 1.47]"),
    ],
)
def test_a_ratio_is_told_with_its_interval_where_it_has_one(estimate: Estimate, shown: str) -> None:
    assert ratio_text(estimate) == shown


FOUND = Experiment(
    "batch",
    "How fast",
    ("Size", "tok/s"),
    rows=[("1", "9.5"), ("16", "100.0")],
    more=[Table("And how long", ("Size", "s"), [("1", "2")])],
    notes=["Replies end early."],
    data={"1": [9.5, 9.4]},
)


def test_the_text_has_all_tables_and_notes() -> None:
    lines = text(FOUND).splitlines()
    assert lines[:6] == ["How fast", "", "Size  tok/s", "----  -----", "1       9.5", "16    100.0"]
    assert lines[7:9] == ["And how long", ""]
    assert lines[-1] == "Replies end early."
    assert text(replace(FOUND, notes=[], more=[])).endswith("100.0\n")


def test_the_document_has_every_figure_and_what_it_was_measured_with() -> None:
    prompt = Prompt("chat", "chat-1", "Hi")
    told = json.loads(document(FOUND, BenchConfig("m", prompts=(prompt,), seed=7), None, "the command"))
    assert (told["format"], told["command"], told["model"]) == ("helix-bench-batch", "the command", None)
    assert (told["title"], told["rows"], told["data"]) == ("How fast", [["1", "9.5"], ["16", "100.0"]], FOUND.data)
    assert told["more"] == [{"title": "And how long", "columns": ["Size", "s"], "rows": [["1", "2"]]}]
    assert (told["settings"]["target"], told["settings"]["seed"]) == ("m", 7)
    assert "prompts" not in told["settings"]
    assert {"machine", "versions"} <= set(told)
    assert datetime.datetime.fromisoformat(told["created"]).tzinfo is not None


def test_kinds_come_once_in_the_order_of_the_tasks() -> None:
    tasks = [Task(Prompt(kind, f"{kind}-{n}", "x"), cast(Any, None), 1) for n, kind in enumerate(("b", "a", "b"))]
    assert kinds_of(tasks) == ("b", "a")


# --------------------------------------------------------------------------- a loaded model


@pytest.fixture
def bench(zoo: Zoo) -> Bench:
    return opened(zoo.gguf("llama-loopy"), max_tokens=6)


def test_prompts_become_tasks_and_tasks_replies_of_a_cold_cache(bench: Bench) -> None:
    (task,) = tasks_of(bench, [Prompt("chat", "chat-1", "the cat sat on the mat and the dog ran")])
    assert task.prompt_tokens > 16
    cached = []
    for _ in range(2):
        finished, rounds = reply_of(bench.session, task.request, threading.Event())
        assert isinstance(finished, Finished)
        assert (finished.metrics.prompt_tokens, finished.metrics.tokens_generated) == (task.prompt_tokens, 6)
        assert len(rounds) == finished.metrics.target_passes
        cached.append(finished.metrics.cached_tokens)
    assert cached == [0, 0]


def test_a_reply_that_was_stopped_is_none(bench: Bench) -> None:
    bench.cancel.set()
    assert bench.stopped
    (task,) = tasks_of(bench, [Prompt("chat", "chat-1", "the cat")])
    assert reply_of(bench.session, task.request, bench.cancel) == (None, [])


def test_each_draft_learns_for_itself(bench: Bench) -> None:
    plain, drafted = apart(bench.session, {"plain": None, "ngram": NgramDraft()}).values()
    assert plain.draft is None
    assert isinstance(drafted.draft, NgramDraft)
    assert plain.runner is drafted.runner is bench.session.runner
    assert plain.sources is not drafted.sources
    assert plain.policies is not drafted.policies


def test_arms_are_shuffled_and_what_was_given_stays(bench: Bench) -> None:
    items = list(range(30))
    orders = [bench.shuffled(items) for _ in range(2)]
    assert items == list(range(30))
    assert [sorted(order) for order in orders] == [items, items]
    assert orders[0] != orders[1]
    assert replace(bench, order=random.Random(0)).shuffled(items) == orders[0]  # the seed is that of the configuration


def test_what_cannot_be_loaded_says_why(tmp_path: Path) -> None:
    notes = tmp_path / "notes.gguf"
    notes.write_text("shopping list")
    for target, code in ((notes, "model_not_a_model"), (tmp_path / "gone.gguf", "model_not_found")):
        with pytest.raises(HelixError) as caught:
            open_bench(BenchConfig(str(target), "none", device="cpu"), lambda _: None, threading.Event())
        assert caught.value.code == code
        assert str(target) in caught.value.fields.values()


def test_loading_that_is_stopped_is_said_to_be(zoo: Zoo) -> None:
    cancel = threading.Event()
    cancel.set()
    config = BenchConfig(str(zoo.gguf("llama-small")), "none", device="cpu", dtype="float32")
    with pytest.raises(HelixError) as caught:
        open_bench(config, lambda _: None, cancel)
    assert caught.value.code == "load_cancelled"
