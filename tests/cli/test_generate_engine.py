"""``generate`` with an engine that does as it is told: options, settings, failures, notices, Stop."""

from __future__ import annotations

import argparse
import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from helix_app.base import messages, settings
from helix_app.base.settings import Settings
from helix_app.cli import generate as command, main as cli
from helix_app.engine.engine import Engine
from helix_app.protocol.events import Event, Failed, Finished, Notice, TextDelta
from helix_app.protocol.intake import Intake
from helix_app.protocol.models.loading import ModelReady, Unloaded
from helix_app.protocol.requests import GenerateRequest, Grammar, LoadRequest, Request
from tests.cli.test_generate import model as model


class Scripted:
    """Gives these events instead of running anything."""

    def __init__(self, load: tuple[Event, ...], reply: tuple[Event, ...] = ()) -> None:
        self._load, self._reply = load, reply
        self.requests: list[Request] = []

    def stream(self, request: Request, cancel: threading.Event, others: Intake | None = None) -> Iterator[Event]:
        self.requests.append(request)
        yield from self._load if isinstance(request, LoadRequest) else self._reply

    def close(self) -> None:
        pass


@pytest.fixture(scope="module")
def real(model: str) -> tuple[ModelReady, Finished]:
    """What a real engine says."""
    engine = Engine()
    ready = list(engine.stream(LoadRequest(model, device="cpu", dtype="float32"), threading.Event()))[-1]
    request = GenerateRequest("cli", prompt="the cat", raw=True, max_tokens=4)
    finished = list(engine.stream(request, threading.Event()))[-1]
    assert isinstance(ready, ModelReady)
    assert isinstance(finished, Finished)
    return ready, finished


def parsed(model: str, *args: str) -> argparse.Namespace:
    return cli.build_parser().parse_args(["generate", "--target", model, "--prompt", "the cat", *args])


def scripted(model: str, engine: Scripted, *args: str) -> int:
    return command.run(parsed(model, *args), engine=engine)


def test_options_reach_the_engine(model: str, real: tuple[ModelReady, Finished]) -> None:
    engine = Scripted((real[0],), (real[1],))
    args = "--draft none --k fixed:3 --max-tokens 7 --temperature 0.5 --top-p 0.8 --top-k 9 --min-p 0.1 --seed 3"
    more = "--repetition-penalty 1.2 --stop a --stop b --system s --device cpu --dtype bfloat16"
    assert scripted(model, engine, *args.split(), *more.split()) == 0
    load, request = engine.requests
    assert isinstance(load, LoadRequest)
    assert isinstance(request, GenerateRequest)
    assert (load.target, load.draft, load.device, load.dtype) == (model, "none", "cpu", "bfloat16")
    s = request.sampling
    assert (s.temperature, s.top_p, s.top_k, s.min_p, s.repetition_penalty, s.seed) == (0.5, 0.8, 9, 0.1, 1.2, 3)
    assert (request.k, request.max_tokens, request.stop) == ("fixed:3", 7, ("a", "b"))
    assert [(m.role, m.content) for m in request.messages] == [("system", "s"), ("user", "the cat")]


@pytest.mark.parametrize(
    ("option", "value"), [("draft", "self-int4"), ("draft", "self-int8"), ("dtype", "int4")], ids=lambda text: text
)
def test_low_bit_options_reach_the_engine(
    model: str, real: tuple[ModelReady, Finished], option: str, value: str
) -> None:
    engine = Scripted((real[0],), (real[1],))
    assert scripted(model, engine, f"--{option}", value) == 0
    assert getattr(engine.requests[0], option) == value


def test_the_form_of_the_reply_reaches_the_engine(
    model: str, real: tuple[ModelReady, Finished], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    schema = tmp_path / "schema.json"
    schema.write_text('{"type": "object"}', encoding="utf-8")
    for args, wanted in (
        (("--json-schema", str(schema)), Grammar("json_schema", '{"type": "object"}')),
        (("--regex", "yes|no"), Grammar("regex", "yes|no")),
        ((), None),
    ):
        engine = Scripted((real[0],), (real[1],))
        assert scripted(model, engine, *args, "--presence-penalty", "0.5", "--frequency-penalty", "-1") == 0
        request = engine.requests[1]
        assert isinstance(request, GenerateRequest)
        assert request.grammar == wanted
        assert (request.sampling.presence_penalty, request.sampling.frequency_penalty) == (0.5, -1.0)
    for wrong in ("{", None):
        if wrong is None:
            schema.unlink()
        else:
            schema.write_text(wrong, encoding="utf-8")
        assert scripted(model, Scripted((real[0],), (real[1],)), "--json-schema", str(schema)) == 2
        assert "schema" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        parsed(model, "--regex", "a", "--json-schema", "b")


def test_replies_are_learnt_as_the_settings_say(
    model: str, real: tuple[ModelReady, Finished], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("HELIX_HOME", str(tmp_path))
    tables = []
    for learn in (True, False):
        settings.save(Settings(learn=learn))
        engine = Scripted((real[0],), (real[1],))
        assert scripted(model, engine) == 0
        assert isinstance(engine.requests[0], LoadRequest)
        tables.append(engine.requests[0].learned_table)
    assert Path(tables[0]).parent == tmp_path / "data" / "ngram"
    assert tables[1] == ""


@pytest.mark.parametrize(
    ("code", "exit_code"),
    [
        ("internal", 1),
        ("device_out_of_memory", 1),
        ("nan_logits", 1),
        ("engine_died", 1),
        ("prompt_too_long", 2),
        ("model_corrupt", 2),
        ("draft_vocab_mismatch", 2),
    ],
)
@pytest.mark.parametrize("when", ["loading", "writing"])
def test_a_failure_of_the_engine_is_its_sentence(
    model: str,
    real: tuple[ModelReady, Finished],
    capsys: pytest.CaptureFixture[str],
    code: str,
    exit_code: int,
    when: str,
) -> None:
    failed = Failed(code, "technical words", (("path", "x"),))
    engine = Scripted((failed,)) if when == "loading" else Scripted((real[0],), (TextDelta("cli", "Once"), failed))
    assert scripted(model, engine) == exit_code
    out, err = capsys.readouterr()
    assert err.strip() == messages.error_text(code, {"path": "x"})
    assert "technical words" not in out + err
    assert out == ("" if when == "loading" else "Once\n")  # no partial reply is lost


def test_notices_go_to_standard_error(
    model: str, real: tuple[ModelReady, Finished], capsys: pytest.CaptureFixture[str]
) -> None:
    engine = Scripted((Notice("forced_cpu"), real[0]), (real[1],))
    assert scripted(model, engine, "--json") == 0
    out, err = capsys.readouterr()
    assert json.loads(out)["generated_text"] == real[1].text
    assert messages.notice_text("forced_cpu") in err


def test_a_cancelled_reply_is_kept_and_exits_1(
    model: str, real: tuple[ModelReady, Finished], capsys: pytest.CaptureFixture[str]
) -> None:
    cancelled = Finished("cli", "cancelled", "Once", (1,), real[1].metrics)
    assert scripted(model, Scripted((real[0],), (cancelled,)), "--json") == 1
    result: dict[str, Any] = json.loads(capsys.readouterr().out)
    assert (result["generated_text"], result["finish_reason"]) == ("Once", "cancelled")


def test_an_engine_that_falls_silent(
    model: str, real: tuple[ModelReady, Finished], capsys: pytest.CaptureFixture[str]
) -> None:
    assert scripted(model, Scripted((real[0],), ())) == 1
    assert messages.error_text("engine_died") in capsys.readouterr().err


def test_ctrl_c_while_loading_says_so(model: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert scripted(model, Scripted((Unloaded(),))) == 1
    assert capsys.readouterr().err.strip() == messages.error_text("load_cancelled")
