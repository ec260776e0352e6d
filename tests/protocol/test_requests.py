"""Requests are plain records that travel, and say the same by default wherever they say it."""

from __future__ import annotations

from dataclasses import fields
from typing import get_args

import pytest

from helix_app.protocol import bench, requests
from helix_app.protocol.requests import (
    ArmChoice,
    CompareRequest,
    GenerateRequest,
    LoadChoice,
    LoadRequest,
    Mode,
    Request,
    SamplingParams,
    Verify,
)
from tests.protocol.borders import check_plain, check_travels, example, records


@pytest.mark.parametrize("kind", records(requests))
def test_requests_are_plain_and_travel(kind: type) -> None:
    check_plain(kind)
    check_travels(kind)


def test_the_engine_is_asked_for_five_things() -> None:
    assert {kind.__name__ for kind in get_args(Request)} == {
        "LoadRequest",
        "UnloadRequest",
        "DevicesRequest",
        "GenerateRequest",
        "BenchRequest",
    }


@pytest.mark.parametrize(
    ("one", "other", "names"),
    [
        (LoadChoice, LoadRequest, ("draft", "device", "dtype", "context_length")),
        (ArmChoice, GenerateRequest, ("mode", "k", "verify")),
        (bench.BenchRequest, LoadChoice, ("draft", "device", "dtype")),
        (bench.BenchRequest, GenerateRequest, ("k",)),
    ],
)
def test_what_two_requests_have_in_common_has_one_default(one: type, other: type, names: tuple[str, ...]) -> None:
    defaults = [{field.name: field.default for field in fields(kind)} for kind in (one, other)]
    for name in names:
        assert defaults[0][name] == defaults[1][name], name


def test_words_are_those_of_the_command_line() -> None:
    assert get_args(Mode) == ("speculative", "autoregressive")
    assert get_args(Verify) == ("auto", "rejection", "coupled")
    assert GenerateRequest("r").mode in get_args(Mode)
    assert GenerateRequest("r").verify in get_args(Verify)


def test_an_arm_changes_nothing_of_the_person_s_own_load_unless_it_says_so() -> None:
    arm = ArmChoice()
    assert (arm.draft, arm.dtype, arm.target) == ("", "", "")


def test_sampling_is_each_request_s_own() -> None:
    a, b = GenerateRequest("a"), example(CompareRequest)
    assert a.sampling == SamplingParams() == GenerateRequest("b").sampling
    assert isinstance(b.sampling, SamplingParams)
    assert a.sampling.seed is None  # drawn anew for each reply


def test_reasoning_is_the_template_s_own_choice_unless_it_is_asked_for() -> None:
    assert GenerateRequest("r").thinking is None
