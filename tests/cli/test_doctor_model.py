"""``doctor --target``: exit codes and what is printed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from helix_app.base import typed
from helix_app.cli import main as cli
from helix_app.engine.loading.fitting import fit as fitting
from helix_app.engine.machine import jobs
from tests.engine.made.heads import head_for
from tests.engine.made.tiny import Zoo
from tests.engine.test_engine import other_words as other_words
from tests.gui.models.fit_views import FIT


@pytest.fixture(scope="module")
def zoo(tmp_path_factory: pytest.TempPathFactory) -> Zoo:
    return Zoo(tmp_path_factory.mktemp("doctor-zoo"))


def options(target: Path, *more: str) -> list[str]:
    return ["doctor", "--target", str(target), "--device", "cpu", "--dtype", "float32", "--context", "256", *more]


def test_what_fits(zoo: Zoo, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(options(zoo.gguf("llama-small"), "--draft", "none")) == 0
    out = capsys.readouterr().out
    assert "Keys and values" in out
    assert "It fits" in out


def test_what_does_not_fit(zoo: Zoo, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fitting, "free_memory", lambda: 1000)
    assert cli.main(options(zoo.gguf("llama-small"), "--draft", "none", "--json")) == 1
    told = json.loads(capsys.readouterr().out)["fit"]
    assert told["level"] == "short"
    assert told["need"]["total"] == sum(value for name, value in told["need"].items() if name != "total")


def test_a_pair(zoo: Zoo, capsys: pytest.CaptureFixture[str]) -> None:
    target, draft = zoo.gguf("llama"), zoo.gguf("llama-small")
    assert cli.main(options(target, "--draft", str(draft))) == 0
    assert "They can be a pair" in capsys.readouterr().out
    assert cli.main(options(target, "--draft", str(draft), "--json")) == 0
    assert json.loads(capsys.readouterr().out)["compatible"] is True


def test_a_pair_of_other_words(zoo: Zoo, other_words: Path, capsys: pytest.CaptureFixture[str]) -> None:
    target = zoo.gguf("llama-small")
    assert cli.main(options(target, "--draft", str(other_words))) == 0
    assert "The draft is re-encoded" in capsys.readouterr().out
    assert cli.main(options(target, "--draft", str(other_words), "--json")) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["compatible"], told["reencoded"]) == (False, True)
    assert "first at token 3" in told["text"]


@pytest.mark.parametrize(
    "wrong",
    [
        ["--probe"],
        ["--context", "512"],
        ["--draft", "ngram"],
        ["--target", "no-such-model"],
        ["--target", "smollm2-135m-instruct", "--context", "3"],
        ["--target", "smollm2-135m-instruct", "--probe", "--measure"],
    ],
)
def test_wrong_usage(wrong: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["doctor", *wrong]) == 2
    assert capsys.readouterr().err.strip()


def test_a_probe_wants_a_draft_model(zoo: Zoo, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(options(zoo.gguf("llama-small"), "--draft", "ngram", "--probe")) == 2
    assert "--probe" in capsys.readouterr().err


def test_the_estimate_beside_the_peak(
    zoo: Zoo, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    trial = {"fit": typed.plain(FIT), "estimated": 110, "measured": 100, "tokens": 250}
    monkeypatch.setattr(jobs, "run", lambda *_args, **_options: trial)
    assert cli.main(options(zoo.gguf("llama-small"), "--measure")) == 1  # FIT does not fit
    assert "+10.0 %" in capsys.readouterr().out

    def crash(*_args: object, **_options: object) -> dict[str, object]:
        raise jobs.JobError("crashed", "killed")

    monkeypatch.setattr(jobs, "run", crash)
    assert cli.main(options(zoo.gguf("llama-small"), "--measure")) == 1
    assert "killed" in capsys.readouterr().err


def test_a_head(zoo: Zoo, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = head_for("llama").save(tmp_path / "head")
    assert cli.main(options(zoo.gguf("llama"), "--draft", str(folder))) == 0
    out = capsys.readouterr().out
    assert "fits this target" in out
    assert "before the target's layers 0, 1, 2" in out
    assert "Weights of the draft" in out
    assert cli.main(options(zoo.gguf("llama-small"), "--draft", str(folder))) != 0
    assert "was made for another model" in capsys.readouterr().err
