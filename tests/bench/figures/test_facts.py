"""What a stored run was about, from its document."""

from __future__ import annotations

from dataclasses import replace

import pytest

from helix_app.bench.config import BASELINE
from helix_app.bench.figures.facts import RunFacts, run_facts
from helix_app.bench.records import to_json
from tests.bench.instruments import made


def test_the_facts_of_a_run() -> None:
    result = made.result()
    facts = run_facts(to_json(result))
    named = dict(facts.named)
    assert named["model"] == result.model["target_name"]
    assert named["format"] == result.model["dtype"]
    assert named["prompts"] == str(len(result.prompts))
    assert named["kinds"] == ", ".join(result.kinds)
    assert named["tokens"] == str(result.settings["max_tokens"])
    assert facts.target == result.settings["target"]
    speeds = sorted(run.decode_tokens_per_second or 0 for run in result.runs if run.arm == BASELINE)
    assert facts.plain is not None
    assert speeds[0] <= facts.plain <= speeds[-1]


def test_a_fixed_k_is_named_by_its_number() -> None:
    result = made.result()
    other = replace(result, settings={**result.settings, "k": "fixed:4"})
    assert dict(run_facts(to_json(other)).named)["k"] == "4"


def test_speeds_that_are_not_known() -> None:
    result = made.result()
    silent = replace(result, runs=tuple(replace(run, decode_tokens_per_second=None) for run in result.runs))
    assert run_facts(to_json(silent)).plain is None


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"settings": 3, "model": {}, "runs": []}'])
def test_what_is_no_document_has_no_facts(text: str) -> None:
    assert run_facts(text) == RunFacts()
