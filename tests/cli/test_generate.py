"""``generate`` on the command line: what it prints where, and the codes it exits with."""

from __future__ import annotations

import argparse
import io
import json
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

from helix_app.base import messages, settings
from helix_app.base.settings import Settings
from helix_app.cli import generate as command, main as cli
from helix_app.engine.engine import Engine
from helix_app.engine.kernels import low_bit
from helix_app.engine.measuring import formats
from helix_app.hub.catalog import load_catalog
from helix_app.protocol.events import Event, Failed, Finished, Notice, TextDelta
from helix_app.protocol.loading import ModelReady, Unloaded
from helix_app.protocol.requests import GenerateRequest, LoadRequest, Request
from tests.engine.tiny import Zoo

FIELDS = {
    "generated_text",
    "token_ids",
    "tokens_generated",
    "time_seconds",
    "tokens_per_second",
    "decode_tokens_per_second",
    "time_to_first_token",
    "acceptance_rate",
    "mean_accepted_length",
    "target_passes",
    "k_mean",
    "finish_reason",
    "device",
    "dtype",
    "draft",
    "verify",
    "seed",
}
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The path of a tiny model."""
    return str(Zoo(tmp_path_factory.mktemp("cli-zoo")).gguf("llama-loopy"))


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs a command line; gives exit code, standard output and standard error."""

    def call(*args: str) -> tuple[int, str, str]:
        code = cli.main(args)
        out, err = capsys.readouterr()
        assert "Traceback" not in err
        return code, out, err

    return call


@pytest.fixture
def generate(run: Run, model: str) -> Run:
    """Runs ``generate`` on the tiny model, greedily and briefly; later options win."""

    def call(*args: str) -> tuple[int, str, str]:
        common = ("--target", model, "--prompt", "the cat", "--device", "cpu", "--dtype", "float32")
        return run("generate", *common, "--max-tokens", "12", "--temperature", "0", *args)

    return call


def refused(result: tuple[int, str, str], code: int = 2) -> str:
    """The sentence of a refusal: one line on standard error, nothing on standard output."""
    assert result[0] == code, result
    assert result[1] == ""
    assert len(result[2].strip().splitlines()) == 1
    assert "–" not in result[2]
    return result[2]


# --------------------------------------------------------------------------- a real engine


def test_json_has_every_field(generate: Run) -> None:
    code, out, err = generate("--json", "--draft", "ngram", "--k", "fixed:2", "--seed", "9")
    assert code == 0
    assert err == ""
    assert out.endswith("}\n")
    assert out.count("\n") == 1
    result = json.loads(out)
    assert set(result) >= FIELDS
    assert result["tokens_generated"] == len(result["token_ids"]) == 12
    assert result["finish_reason"] == "length"
    assert (result["device"], result["dtype"], result["draft"]) == ("cpu", "float32", "ngram")
    assert (result["verify"], result["seed"]) == ("coupled", 9)  # what a seed means unless told otherwise
    assert result["tokens_per_second"] == pytest.approx(12 / result["time_seconds"])


def test_both_modes_write_the_same(generate: Run, model: str) -> None:
    plain = json.loads(generate("--json", "--mode", "autoregressive")[1])
    assert plain["draft"] == "none"
    assert plain["acceptance_rate"] is None
    assert plain["target_passes"] == 11
    for draft in ("auto", "none", "ngram", model):
        got = json.loads(generate("--json", "--draft", draft)[1])
        assert got["token_ids"] == plain["token_ids"]
        assert got["generated_text"] == plain["generated_text"]


def test_text_goes_to_standard_output_and_figures_to_standard_error(generate: Run) -> None:
    text = json.loads(generate("--json")[1])["generated_text"]
    code, out, err = generate()
    assert code == 0
    assert out == text + "\n"
    assert err.startswith("12 tokens in ")
    assert messages.finish_reason_text("length") in err


def test_stop_text_raw_and_system(generate: Run) -> None:
    whole = json.loads(generate("--json", "--raw")[1])["generated_text"]
    stop = whole[3]
    got = json.loads(generate("--json", "--raw", "--stop", stop)[1])
    assert got["generated_text"] == whole[: whole.index(stop)]
    assert got["finish_reason"] == "stop"
    system = json.loads(generate("--json", "--system", "the sun")[1])
    assert system["prompt_tokens"] > json.loads(generate("--json")[1])["prompt_tokens"]
    assert "system" in refused(generate("--raw", "--system", "x"))


def test_the_prompt_from_standard_input(generate: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    want = json.loads(generate("--json")[1])["token_ids"]
    monkeypatch.setattr("sys.stdin", io.StringIO("the cat"))
    assert json.loads(generate("--json", "--prompt", "-")[1])["token_ids"] == want


@pytest.mark.parametrize("bits", [4, 8])
def test_the_target_in_fewer_bits_drafts_the_same_text(generate: Run, bits: int) -> None:
    draft = f"self-int{bits}"
    if not low_bit.exists(bits, torch.device("cpu")):
        assert f"draft {draft} is not available here" in refused(generate("--draft", draft))
        return
    plain = json.loads(generate("--json", "--mode", "autoregressive")[1])
    code, out, _ = generate("--json", "--draft", draft, "--k", "fixed:2")
    got = json.loads(out)
    assert (code, got["draft"], got["token_ids"]) == (0, draft, plain["token_ids"])
    assert got["drafted_tokens"] > 0


@pytest.mark.parametrize("pays", [True, False])
def test_four_bit_weights_where_they_pay(generate: Run, monkeypatch: pytest.MonkeyPatch, pays: bool) -> None:
    if pays and not low_bit.exists(4, torch.device("cpu")):
        pytest.skip("no kernel for four-bit weights here")
    monkeypatch.setattr(formats, "int4_share", lambda *_: 0.5 if pays else 2.0)
    code, out, err = generate("--json", "--dtype", "int4")
    got = json.loads(out)
    assert (code, got["tokens_generated"]) == (0, 12)
    assert (got["dtype"] == "int4") is pays
    assert ("Four-bit weights would not be faster" in err) is not pays


# --------------------------------------------------------------------------- refusals


@pytest.mark.parametrize("json_too", [(), ("--json",)], ids=["text", "json"])
@pytest.mark.parametrize(
    ("args", "word"),
    [
        (("--prompt", ""), "prompt is empty"),
        (("--prompt", " \n"), "prompt is empty"),
        (("--verify", "exact"), "verify"),
        (("--certify", "--mode", "autoregressive"), "certify"),
        (("--dtype", "float8"), "dtype"),
        (("--device", "abacus"), "device"),
        (("--draft", "no-such-model"), "no-such-model"),
        (("--k", "many"), "many"),
        (("--k", "fixed:-2"), "fixed:-2"),
        (("--mode", "fast"), "fast"),
        (("--max-tokens", "0"), "max-tokens"),
        (("--temperature", "-1"), "temperature"),
        (("--temperature", "nan"), "temperature"),
        (("--top-p", "0"), "top-p"),
        (("--seed", "-4"), "seed"),
        (("--target", "no-such-model"), "no-such-model"),
        (("--target", "./no/such/file.gguf"), "no model at"),
        (("--prompt", "z" * 200_000), "at most"),
    ],
    ids=lambda value: " ".join(value)[:30] if isinstance(value, tuple) else value,
)
def test_wrong_input_is_one_sentence_and_exit_code_2(
    generate: Run, args: tuple[str, ...], word: str, json_too: tuple[str, ...]
) -> None:
    assert word in refused(generate(*args, *json_too))


@pytest.fixture(scope="module")
def long(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The path of a tiny model that takes 32,768 tokens."""
    return str(Zoo(tmp_path_factory.mktemp("long-zoo")).gguf("llama-long"))


def test_a_prompt_over_the_default_context_and_the_option_that_takes_it(generate: Run, long: str) -> None:
    asked = ("--target", long, "--raw", "--draft", "none", "--prompt", "x" * 9000)
    sentence = refused(generate(*asked))
    assert all(word in sentence for word in ("9,000", "8,192", "32,768", "--context"))
    code, out, _ = generate(*asked, "--context", "9100", "--max-tokens", "3", "--json")
    assert (code, json.loads(out)["tokens_generated"]) == (0, 3)


@pytest.mark.parametrize(("value", "word"), [("0", "64"), ("-5", "64"), ("32769", "32,768"), ("1" * 30, "32,768")])
def test_a_context_that_makes_no_sense_is_refused(generate: Run, long: str, value: str, word: str) -> None:
    assert word in refused(generate("--target", long, "--context", value))


def test_a_full_context_says_what_can_be_done(generate: Run) -> None:
    code, out, err = generate("--raw", "--context", "64", "--max-tokens", "500", "--json")
    assert code == 0
    assert json.loads(out)["finish_reason"] == "context_full"
    assert "set to; this model takes up to 256" in err
    assert "--context" in err


def test_damaged_and_foreign_files(generate: Run, model: str, tmp_path: Path) -> None:
    corrupt, text = tmp_path / "corrupt.gguf", tmp_path / "text.gguf"
    corrupt.write_bytes(Path(model).read_bytes()[:5000])
    text.write_text("shopping list", "utf-8")
    assert "damaged or incomplete" in refused(generate("--target", str(corrupt)))
    assert "is not a model" in refused(generate("--target", str(text)))
    assert "is not a model" in refused(generate("--target", str(tmp_path)))
    assert "damaged or incomplete" in refused(generate("--draft", str(corrupt)))


def test_a_model_that_is_not_downloaded(run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HELIX_HOME", str(tmp_path))
    monkeypatch.setenv("HELIX_MODELS", str(tmp_path / "models"))
    first = load_catalog().entries[0]
    sentence = refused(run("generate", "--prompt", "Hello"), 1)
    assert f"models pull {first.id}" in sentence


@pytest.mark.parametrize(
    "args",
    [
        ("generate", "--prompt", "x", "--surprise"),
        ("generate", "--prompt", "x", "--max-tokens", "many"),
        ("generate",),
        ("generate", "--prompt", "x", "--batch", "y"),
        ("dance",),
        (),
    ],
    ids=" ".join,
)
def test_wrong_usage_names_the_help(run: Run, args: tuple[str, ...]) -> None:
    code, out, err = run(*args)
    assert (code, out) == (2, "")
    assert "--help" in err


def test_help_and_version(run: Run) -> None:
    for args in (("--help",), ("generate", "--help"), ("--version",)):
        code, out, err = run(*args)
        assert code == 0
        assert out
        assert err == ""


def later() -> list[str]:
    """Subcommands that this version does not have yet."""
    return [name for name in ("bench", "doctor", "serve", "train-draft") if name in cli._LATER]


@pytest.mark.parametrize("name", later())
def test_subcommands_of_later_versions(run: Run, name: str) -> None:
    sentence = refused(run(name, "--port", "1"))
    assert sentence.startswith(f"{name} is not available here")
    assert "generate" in sentence


# --------------------------------------------------------------------------- an engine that does as it is told


class Scripted:
    """Gives these events instead of running anything."""

    def __init__(self, load: tuple[Event, ...], reply: tuple[Event, ...] = ()) -> None:
        self._load, self._reply = load, reply
        self.requests: list[Request] = []

    def stream(self, request: Request, cancel: threading.Event) -> Iterator[Event]:
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
