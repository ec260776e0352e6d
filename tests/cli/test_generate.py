"""``generate`` on the command line: what it prints where, and the codes it exits with."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from helix_app.base import messages
from helix_app.cli import main as cli
from helix_app.engine.kernels import low_bit
from helix_app.engine.measuring import formats
from helix_app.hub.catalog import load_catalog
from tests.engine.made.tiny import Zoo

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
