"""What the set-up calls things, how long a benchmark takes, and what tells the runs of the list apart."""

from __future__ import annotations

from dataclasses import replace

import pytest

from helix_app.bench import measuring, reference, workloads
from helix_app.bench.config import BASELINE, HELIX, PEERS
from helix_app.bench.figures import statistics
from helix_app.bench.reports.wording import arm_label, kind_label
from helix_app.gui.benchmark import kinds
from helix_app.protocol.bench import BenchRequest
from tests.gui.benchmark.bench_made import known, named

REQUEST = BenchRequest("m", kinds=("chat", "code"), prompts_per_kind=2, repeats=3, max_tokens=64)


def test_the_words_are_those_of_the_command_line() -> None:
    assert [(code, name) for code, name, _ in kinds.kinds()] == [(kind, kind_label(kind)) for kind in workloads.KINDS]
    assert [(code, name) for code, name, _ in kinds.peers()] == [(peer, arm_label(peer)) for peer in PEERS]
    assert [kinds.arm_name(arm) for arm in (BASELINE, HELIX, *PEERS)] == [
        arm_label(arm) for arm in (BASELINE, HELIX, *PEERS)
    ]
    for kind in workloads.KINDS:
        assert len(workloads.built_in([kind])) >= kinds.MOST_PROMPTS
    assert kinds.LEAST_PAIRS == statistics.MIN_PAIRS


def test_the_longest_a_benchmark_takes() -> None:
    """Two kinds of one prompt, three repeats, two arms: 12 replies, 4 besides, and the last reference reply."""
    request = BenchRequest("m", kinds=("chat", "code"), prompts_per_kind=1, repeats=3, max_tokens=100)
    assert kinds.seconds(request, 10.0) == pytest.approx((12 * 100 + 4 * 32) / 10)
    assert kinds.seconds(replace(request, peers=("transformers",)), 10.0) > 1.4 * kinds.seconds(request, 10.0)
    assert (kinds.REFERENCE_TOKENS, kinds.REFERENCE_EVERY) == (reference.TOKENS, measuring._REFERENCE_EVERY)


def test_runs_name_what_differs_between_them() -> None:
    runs = (known(1), known(2, named=named(draft="self-int4", k="4")), known(3, named=named(kinds="chat")))
    assert kinds.differing(runs) == [
        "draft n-gram · k auto · Chat, Code",
        "draft self, 4 bits · k 4 · Chat, Code",
        "draft n-gram · k auto · Chat",
    ]
    assert kinds.differing((known(1), known(2))) == ["", ""]
    assert kinds.differing((known(1), known(2, named=named(format="int4")))) == ["bfloat16", "int4"]
    assert kinds.differing((known(1, named=()), known(2))) == ["", ""]  # of one nothing is known


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"kinds": ()}, "Choose at least one kind of prompts."),
        ({}, "2 kinds × 2 prompts × 3 repeats × 2 configurations = 24 replies of up to 64 tokens"),
        (
            {"kinds": ("chat",), "prompts_per_kind": 1, "repeats": 1},
            "1 kind × 1 prompt × 1 repeat × 2 configurations = 2 replies of up to 64 tokens. "
            "Intervals and verdicts by kind need 6 prompts × repeats or more.",
        ),
    ],
)
def test_how_much_work_it_is(values: dict[str, object], words: str) -> None:
    assert kinds.estimate(replace(REQUEST, **values)) == words  # type: ignore[arg-type]


def test_every_other_program_takes_as_long_again() -> None:
    assert kinds.replies(REQUEST) == 24
    assert kinds.replies(replace(REQUEST, peers=("transformers",))) == 36


def test_how_fast_a_model_is_comes_from_its_latest_benchmark_in_the_same_format() -> None:
    entries = (known(1, dtype="int4", plain=80.0), known(2, plain=40.0), known(3, plain=41.0), known(4, target="n"))
    assert kinds.known_rate(entries, "m", "auto") == 40.0
    assert kinds.known_rate(entries, "m", "float32") == 80.0  # the nearest that is known: the latest of all
    assert kinds.known_rate((known(1, plain=None), *entries[1:]), "m", "int4") == 40.0
    assert kinds.known_rate(entries, "another", "auto") is None


@pytest.mark.parametrize(
    ("what", "words", "said"),
    [
        ("peers", "transformers-assisted", ["Helix alone", "with transformers, assisted"]),
        ("prompts", "1", ["2 prompts", "1 prompt"]),
        ("temperature", "0.7", ["temperature 0", "temperature 0.7"]),
        ("model", "n", ["", ""]),  # the title says it
    ],
)
def test_a_difference_in_words(what: str, words: str, said: list[str]) -> None:
    usual = {"peers": "", "prompts": "2", "temperature": "0", "model": "m"}
    assert kinds.differing((known(1, named=named(**usual)), known(2, named=named(**{**usual, what: words})))) == said


def test_an_unknown_code_is_its_own_name() -> None:
    assert (kinds.kind_name("poem"), kinds.arm_name("another program")) == ("poem", "another program")
