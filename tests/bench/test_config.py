"""What a run is asked to do: wrong wishes are refused, and the command in a report asks for the same again."""

from __future__ import annotations

import shlex
from dataclasses import replace

import pytest

from helix_app.base.errors import InputError
from helix_app.bench.config import BenchConfig
from helix_app.bench.workloads import KINDS, SCHEMA, Prompt
from helix_app.cli import main as cli
from helix_app.cli.benching import bench

PLENTY = BenchConfig(
    target="/models/with space/it's.gguf",
    draft="ngram",
    k="fixed:3",
    device="cpu",
    dtype="float32",
    kinds=("chat", "code"),
    prompts_per_kind=2,
    context=640,
    max_tokens=17,
    repeats=4,
    temperature=0.123456789,
    seed=5,
    peers=("transformers", "transformers-assisted"),
)


@pytest.mark.parametrize(
    "config",
    [BenchConfig(), PLENTY, replace(PLENTY, prompts_file="my prompts.txt", prompts_per_kind=3, kinds=("mine",))],
)
def test_the_command_asks_for_the_same_again(config: BenchConfig) -> None:
    args = cli.build_parser().parse_args(config.argv())
    assert bench.config_of(args) == config


def test_the_command_is_a_line_for_a_shell(monkeypatch: pytest.MonkeyPatch) -> None:
    words = ["python", "-m", "helix_app", *PLENTY.argv()]
    assert shlex.split(PLENTY.command()) == words
    monkeypatch.setattr("os.name", "nt")
    assert '"/models/with space/it\'s.gguf"' in PLENTY.command()  # cmd.exe knows double quotes only


@pytest.mark.parametrize(
    "changes",
    [
        {"max_tokens": 1},
        {"context": 0},
        {"context": -1},
        {"max_tokens": -1},
        {"repeats": 0},
        {"prompts_per_kind": 0},
        {"seed": -1},
        {"peers": ("vllm",)},
        {"kinds": ("chat", "poetry")},
    ],
)
def test_what_cannot_be_run_is_refused(changes: dict[str, object]) -> None:
    BenchConfig().check()
    with pytest.raises(InputError) as caught:
        replace(BenchConfig(), **changes).check()
    assert caught.value.code == "option_invalid"


def test_a_wrong_kind_is_told_all_that_there_are() -> None:
    with pytest.raises(InputError) as caught:
        BenchConfig(kinds=("poetry",)).check()
    assert all(kind in str(caught.value.fields["hint"]) for kind in (*KINDS, SCHEMA))


def test_kinds_of_own_prompts_are_free() -> None:
    BenchConfig(kinds=("poetry",), prompts_file="x.txt").check()
    BenchConfig(kinds=("poetry",), prompts=(Prompt("poetry", "p", "x"),)).check()
