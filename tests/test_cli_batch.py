"""``generate --batch`` and ``--certify``: many replies at once, and the evidence that speculation changed nothing."""

from __future__ import annotations

import json
import random
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from helix_app import cli, messages
from helix_app.cli_batch import read_batch
from helix_app.engine import scheduler
from helix_app.engine.certify import Certified, first_token_test
from helix_app.engine.drafts.base import Proposal
from helix_app.engine.engine import Engine
from helix_app.errors import InputError
from helix_app.events import ChatMessage, Event, GenerateRequest, SamplingParams
from tests.engine.tiny import Zoo, loaded

Run = Callable[..., tuple[int, list[dict], str]]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The path of a tiny model."""
    return str(Zoo(tmp_path_factory.mktemp("batch-zoo")).gguf("llama-loopy"))


@pytest.fixture
def batch(capsys: pytest.CaptureFixture[str], model: str, tmp_path: Path) -> Run:
    """Runs a batch of these lines; gives the exit code, the objects printed and standard error."""

    def call(text: str, *args: str) -> tuple[int, list[dict], str]:
        path = tmp_path / "prompts.txt"
        path.write_text(text, encoding="utf-8")
        common = ("--target", model, "--device", "cpu", "--dtype", "float32", "--temperature", "0", "--max-tokens", "9")
        code = cli.main(("generate", "--batch", str(path), *common, *args))
        out, err = capsys.readouterr()
        assert "Traceback" not in err
        return code, [json.loads(line) for line in out.splitlines()], err

    return call


# --------------------------------------------------------------------------- batch


def test_every_prompt_gets_the_reply_it_gets_alone(batch: Run) -> None:
    lines = ["the cat", '{"prompt": "a dog", "id": "d", "max_tokens": 3}', "", "  the cat sat  ", "the cat"]
    code, told, err = batch("\n".join(lines))
    assert code == 0
    assert "4/4" in err
    by_line = {item["line"]: item for item in told}
    assert sorted(by_line) == [1, 2, 4, 5]
    assert by_line[2]["id"] == "d"
    assert by_line[2]["tokens_generated"] == 3
    assert by_line[4]["prompt"] == "the cat sat"
    assert by_line[1]["token_ids"] == by_line[5]["token_ids"]
    for item in told:
        alone = batch(json.dumps({"prompt": item["prompt"], "max_tokens": item["tokens_generated"]}))[1]
        assert alone[0]["token_ids"] == item["token_ids"]
        assert alone[0]["generated_text"] == item["generated_text"]


def test_a_prompt_too_long_fails_alone(batch: Run) -> None:
    code, told, err = batch("the cat\n" + "cat " * 200_000)
    assert code == 1
    assert "1 prompt failed" in err
    assert [item.get("error_code") for item in sorted(told, key=lambda item: item["line"])] == [None, "prompt_too_long"]


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        ('the cat\n{"prompt": 3}', 2, '"prompt"'),
        ("{nonsense}", 1, "not valid JSON"),
        ('{"prompt": "a", "tempreature": 1}', 1, "tempreature"),
        ('{"prompt": "a", "max_tokens": "9"}', 1, "max_tokens"),
        ('{"prompt": "a", "max_tokens": true}', 1, "max_tokens"),
        ('\n{"prompt": "a", "temperature": -1}', 2, "temperature"),
    ],
)
def test_a_bad_line_is_named_before_anything_runs(batch: Run, text: str, line: int, reason: str) -> None:
    code, told, err = batch(text)
    assert (code, told) == (2, [])
    assert f"Line {line} of " in err
    assert reason in err


@pytest.mark.parametrize("content", [b"", b"\n \n", b"\xff\xfe\x00"])
def test_a_file_without_prompts_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "prompts"
    path.write_bytes(content)
    with pytest.raises(InputError) as caught:
        read_batch(path)
    assert caught.value.code == "batch_file"
    with pytest.raises(InputError):
        read_batch(tmp_path / "none")


def test_ctrl_c_keeps_what_is_done(batch: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    real = scheduler.Scheduler.step

    def step(self: scheduler.Scheduler) -> object:
        if self._steps == 4:
            for entry in (*self._running, *self._waiting):
                entry.reply.cancel.set()
        return real(self)

    monkeypatch.setattr(scheduler.Scheduler, "step", step)
    code, told, err = batch('{"prompt": "the cat", "max_tokens": 2}\na dog', "--max-tokens", "200")
    assert code == 1
    reasons = {item["line"]: item["finish_reason"] for item in told}
    assert reasons == {1: "length", 2: "cancelled"}
    assert "1 reply was stopped" in err


# --------------------------------------------------------------------------- certificates


def certificate(engine: Engine, **sampling: object) -> Certified:
    """The certificate of a short speculative reply."""
    request = GenerateRequest(
        "r",
        (ChatMessage("user", "the cat sat on the mat the cat sat"),),
        k="fixed:3",
        max_tokens=40,
        sampling=SamplingParams(**sampling),  # type: ignore[arg-type]
    )
    items: list[Event | Certified] = list(engine.certify(request, threading.Event()))
    assert isinstance(items[-1], Certified)
    return items[-1]


@pytest.fixture(scope="module")
def engine(model: str) -> Engine:
    """Drafts by n-gram."""
    return loaded(Path(model), "ngram")


@pytest.mark.parametrize("sampling", [{"temperature": 0.0}, {"temperature": 1.0, "seed": 5}])
def test_a_certificate_of_identity(engine: Engine, sampling: dict[str, object]) -> None:
    found = certificate(engine, **sampling).certificate
    assert (found.kind, found.holds, found.position) == ("identity", True, None)
    assert found.drafted > 0
    assert "identical" in messages.certificate_text(vars(found))


def test_a_changed_reply_is_refuted_with_its_gap(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    real = scheduler.Reply.judge

    def judge(self: object, plan: object, logits: torch.Tensor) -> object:
        if plan.proposal.ids:  # type: ignore[attr-defined]
            logits = logits.roll(1, -1)
        return real(self, plan, logits)  # type: ignore[arg-type]

    monkeypatch.setattr(scheduler.Reply, "judge", judge)
    found = certificate(engine, temperature=0.0).certificate
    assert found.holds is False
    assert found.position is not None
    assert found.logit_gap is None or found.logit_gap > 0
    assert "part at token" in messages.certificate_text(vars(found))


def test_nothing_drafted_is_no_certificate(model: str) -> None:
    found = certificate(loaded(Path(model), "none"), temperature=0.0).certificate
    assert found.holds is None
    assert "nothing was drafted" in messages.certificate_text(vars(found))


def test_a_sampled_reply_is_tested_on_its_own_rounds(model: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(random.SystemRandom, "randrange", lambda *_: 11)
    found = certificate(loaded(Path(model), Path(model)), temperature=1.5, top_k=0, top_p=1.0).certificate
    assert (found.kind, found.holds) == ("distribution", True)
    assert found.rounds > 0
    assert found.p_value is not None
    assert "no difference" in messages.certificate_text(vars(found))


@pytest.mark.parametrize("one_hot", [True, False])
def test_the_distribution_test_has_power(one_hot: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    target = torch.tensor([0.5, 0.3, 0.15, 0.05])
    draft = None if one_hot else torch.tensor([[0.1, 0.2, 0.3, 0.4]])
    proposal = Proposal((2,), draft)
    chi, freedom = first_token_test(target, proposal, 2000, random.Random(1))
    assert freedom == 3
    assert chi < 16.3  # p > 0.001
    monkeypatch.setattr("helix_app.engine.verification.residual", lambda target_row, draft_id, draft_row: target_row)
    wrong, _ = first_token_test(target, proposal, 2000, random.Random(1))
    assert wrong > 50
