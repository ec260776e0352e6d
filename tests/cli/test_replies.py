"""What comes back, on the command line: results as JSON and in a line, loading, replies and failures as they come."""

from __future__ import annotations

import io
import json
import re
import sys
from collections.abc import Iterable
from dataclasses import asdict, replace
from pathlib import Path

import pytest

import helix_app
from helix_app.base import messages
from helix_app.base.errors import HelixError
from helix_app.cli.replies import as_error, context_full, load_events, reply_events, result, summary
from helix_app.protocol.events import Event, Failed, Notice, TextDelta
from helix_app.protocol.models.loading import LoadProgress, Unloaded
from helix_app.protocol.requests import GenerateRequest, SamplingParams
from tests.engine.host.fake_engines import finished, model_ready

READY = replace(model_ready("Tiny"), device_name="Some CPU", draft="ngram")
DONE = finished("cli", "length", "Once upon a time")
FIGURES = replace(
    DONE.metrics,
    time_seconds=2.04,
    decode_tokens_per_second=12.34,
    time_to_first_token=0.256,
    acceptance_rate=0.755,
    mean_accepted_length=2.5,
    drafted_tokens=8,
)


# --------------------------------------------------------------------------- results


@pytest.mark.parametrize(
    ("changes", "ready", "draft", "verify"),
    [
        ({}, READY, "ngram", "rejection"),
        ({"mode": "autoregressive"}, READY, "none", "rejection"),
        ({}, replace(READY, draft="model", draft_name="Tinier"), "Tinier", "rejection"),
        ({"sampling": SamplingParams(seed=3)}, READY, "ngram", "coupled"),
        ({"sampling": SamplingParams(seed=3), "verify": "rejection"}, READY, "ngram", "rejection"),
    ],
)
def test_the_object_has_the_reply_its_figures_and_what_it_ran_on(
    changes: dict[str, object], ready: object, draft: str, verify: str
) -> None:
    request = GenerateRequest("cli", k="fixed:2", **changes)  # type: ignore[arg-type]
    told = json.loads(json.dumps(result(request, ready, DONE)))  # type: ignore[arg-type]
    assert (told["generated_text"], told["finish_reason"], told["k"]) == (DONE.text, "length", "fixed:2")
    assert (told["target"], told["device"], told["device_name"], told["dtype"]) == (
        "Tiny",
        "cpu",
        "Some CPU",
        "float32",
    )
    assert (told["draft"], told["verify"], told["mode"]) == (draft, verify, request.mode)
    assert set(asdict(DONE.metrics)) <= set(told)


def test_the_line_has_the_figures_that_there_are() -> None:
    parts = summary(replace(DONE, metrics=FIGURES)).split(" · ")
    assert parts == [
        "4 tokens in 2.0 s",
        "12.3 tok/s",
        "TTFT 0.26 s",
        "acceptance rate 76 %",
        "2.50 tokens per pass",
        messages.finish_reason_text("length"),
    ]
    nothing_drafted = replace(FIGURES, drafted_tokens=0, acceptance_rate=None)
    assert "per pass" not in summary(replace(DONE, metrics=nothing_drafted))
    one = replace(DONE.metrics, tokens_generated=1)
    assert summary(replace(DONE, metrics=one)) == f"1 token in 0.0 s · {messages.finish_reason_text('length')}"


@pytest.mark.parametrize("limit", [*messages.CONTEXT_STEPS, "one of the future"])
def test_a_full_context_says_why_and_what_to_do(limit: str) -> None:
    told = context_full(replace(READY, context_limit=limit, context_length=1024, model_context=8192))
    step = messages.CONTEXT_STEPS.get(limit, messages.CONTEXT_STEPS["model"])
    assert told == f"{messages.context_full_text(limit, 1024, 8192)} {step}"


# --------------------------------------------------------------------------- loading


class Terminal(io.StringIO):
    """Standard error on a screen."""

    def isatty(self) -> bool:
        return True


STEPS = (LoadProgress("weights", 0.25), Notice("forced_cpu"), LoadProgress("warm_up"))


def test_loading_in_a_pipe_tells_notices_alone(capsys: pytest.CaptureFixture[str]) -> None:
    assert load_events(iter((*STEPS, READY))) is READY
    assert capsys.readouterr() == ("", messages.notice_text("forced_cpu") + "\n")


def test_loading_on_a_screen_shows_each_step_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = Terminal()
    monkeypatch.setattr(sys, "stderr", screen)
    load_events(iter((*STEPS, READY)))
    wipe = "\r\x1b[K"
    assert screen.getvalue() == (
        f"{wipe}{messages.stage_text('weights')} 25 %{wipe}{messages.notice_text('forced_cpu')}\n"
        f"{wipe}{messages.stage_text('warm_up')}{wipe}"
    )


@pytest.mark.parametrize(
    ("events", "code"),
    [
        ((Failed("out_of_memory"),), "out_of_memory"),
        ((Failed("internal"), READY), "internal"),
        ((Unloaded(),), "load_cancelled"),
        ((), "no_model_loaded"),
        (STEPS, "no_model_loaded"),
    ],
)
def test_a_load_without_a_model_is_an_error(events: Iterable[Event], code: str) -> None:
    with pytest.raises(HelixError) as caught:
        load_events(iter(events))
    assert caught.value.code == code


# --------------------------------------------------------------------------- replies

WORDS = (TextDelta("cli", "Once "), Notice("forced_cpu"), TextDelta("cli", "upon"))


def test_a_reply_is_shown_as_it_is_written_and_ends_its_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert reply_events(iter((*WORDS, DONE)), show=True) == (DONE, None)
    assert capsys.readouterr() == ("Once upon\n", messages.notice_text("forced_cpu") + "\n")
    assert reply_events(iter((*WORDS, DONE)), show=False) == (DONE, None)
    assert capsys.readouterr().out == ""


def test_a_model_that_moved_on_the_way_is_told() -> None:
    moved = replace(READY, device="cpu", device_name="another")
    assert reply_events(iter((WORDS[0], moved, DONE)), show=False) == (DONE, moved)


@pytest.mark.parametrize(
    ("events", "code", "shown"),
    [
        ((*WORDS, Failed("nan_logits")), "nan_logits", "Once upon\n"),
        ((Failed("nan_logits"),), "nan_logits", ""),
        (WORDS, "engine_died", "Once upon"),
        ((), "engine_died", ""),
    ],
)
def test_a_reply_that_fails_keeps_what_was_written(
    events: Iterable[Event], code: str, shown: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(HelixError) as caught:
        reply_events(iter(events), show=True)
    assert caught.value.code == code
    assert capsys.readouterr().out == shown


@pytest.mark.parametrize(
    ("code", "exit_code"),
    [
        ("bad_input", 2),
        ("prompt_too_long", 2),
        ("option_invalid", 2),
        ("model_corrupt", 2),
        ("tokenizer_unreadable", 2),
        ("draft_vocab_mismatch", 2),
        ("no_chat_template", 2),
        ("internal", 1),
        ("out_of_memory", 1),
        ("device_unavailable", 1),
        ("engine_died", 1),
    ],
)
def test_a_failure_is_the_error_that_it_was(code: str, exit_code: int) -> None:
    error = as_error(Failed(code, "technical words", (("path", "x"),)))
    assert (error.code, error.exit_code, error.detail, error.fields) == (
        code,
        exit_code,
        "technical words",
        {"path": "x"},
    )


_ELSEWHERE = ("home_", "hub_", "library_")  # of commands that raise these themselves
_NO_INPUT = {"grammar_missing", "grammar_failed"}  # a package that is not installed, and a reply that broke off


def test_what_the_engine_says_of_wrong_input_is_wrong_input_here() -> None:
    """An event has lost the class of its error: whatever is raised as one of input must be known by its code."""
    package = Path(helix_app.__file__).parent
    sources = [path for part in ("engine", "modelfiles") for path in (package / part).rglob("*.py")]
    raised = re.compile(r"(?:InputError|ModelFileError)\(\s*\"([a-z_]+)\"")
    codes = {code for path in sources for code in raised.findall(path.read_text("utf-8"))}
    assert len(codes) > 20
    wrong = {code for code in codes - _NO_INPUT if as_error(Failed(code)).exit_code != 2}
    assert not {code for code in wrong if not code.startswith(_ELSEWHERE)}
    assert {as_error(Failed(code)).exit_code for code in _NO_INPUT} == {1}
