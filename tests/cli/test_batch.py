"""``generate --batch``: many replies at once, each as it is alone, and bad lines that cost themselves alone."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from helix_app.base.errors import InputError
from helix_app.cli import main as cli
from helix_app.cli.batch import read_batch
from helix_app.engine.rounds import queue, scheduler, session as generation
from helix_app.engine.rounds.replies import reply
from helix_app.protocol.events import Event
from helix_app.protocol.requests import GenerateRequest
from tests.engine.made.tiny import Zoo

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


BAD = [
    ('{"prompt": 3}', '"prompt"'),
    ("{nonsense}", "not valid JSON"),
    ('{"prompt": "a", "stop": ' + "[" * 100_000 + "]" * 100_000 + "}", "nested too deeply"),
    ('{"prompt": "a", "seed": ' + "1" * 5000 + "}", "not valid JSON"),
    ('{"prompt": "a", "tempreature": 1}', "tempreature"),
    ('{"prompt": "a", "max_tokens": "9"}', "max_tokens"),
    ('{"prompt": "a", "max_tokens": true}', "max_tokens"),
    ('{"prompt": "a", "max_tokens": 0}', "max-tokens"),
    ('{"prompt": "a", "temperature": -1}', "temperature"),
    ('{"prompt": "a", "temperature": NaN}', "temperature"),
    ('{"prompt": "a", "temperature": 1e999}', "temperature"),
    ('{"prompt": "a", "top_p": "1"}', "top_p"),
    ('{"prompt": "a", "top_k": 1.5}', "top_k"),
    ('{"prompt": "a", "min_p": [0]}', "min_p"),
    ('{"prompt": "a", "repetition_penalty": null}', "repetition_penalty"),
    ('{"prompt": "a", "seed": "x"}', "seed"),
    ('{"prompt": "a", "system": 1}', "system"),
    ('{"prompt": "a", "stop": [1]}', "stop"),
    ('{"prompt": "a", "stop": "x"}', "stop"),
    ('{"prompt": "a", "stop": ["x", null]}', "stop"),
]


@pytest.mark.parametrize(("text", "reason"), BAD, ids=lambda value: value[:40])
def test_a_batch_of_bad_lines_alone_is_refused_before_anything_runs(batch: Run, text: str, reason: str) -> None:
    code, told, err = batch("\n" + text)
    assert (code, told) == (2, [])
    assert "Line 2 of " in err
    assert reason in err


def test_a_bad_line_costs_that_line_alone(batch: Run) -> None:
    lines = [text for pair in BAD for text in ("the cat", pair[0])]
    code, told, err = batch("\n".join(lines))
    assert code == 1
    assert f"{len(BAD)} prompts failed" in err
    by_line = {item["line"]: item for item in told}
    assert sorted(by_line) == list(range(1, len(lines) + 1))
    for number, item in by_line.items():
        if number % 2:
            assert item["tokens_generated"] == 9
        else:
            assert item["error_code"] == "batch_line"
            assert item["error"].startswith(f"Line {number} of ")
            assert BAD[number // 2 - 1][1] in item["error"]
    errors = [item["line"] for item in told if "error" in item]
    assert errors == sorted(errors)


def test_a_prompt_that_breaks_a_library_costs_that_prompt_alone(batch: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    real = generation.prompt_of

    def prompt_of(session: generation.Session, request: GenerateRequest) -> generation.Prompt:
        if request.request_id == "2":
            raise TypeError("a library's own words")
        return real(session, request)

    monkeypatch.setattr(reply, "prompt_of", prompt_of)
    code, told, err = batch("the cat\na dog\nthe cat")
    assert code == 1
    assert {item["line"]: item.get("error_code") for item in told} == {1: None, 2: "internal", 3: None}
    assert "a library's own words" not in err


@pytest.mark.parametrize("part", ["judge", "settle", "prefilled", "read_end"])
def test_a_reply_that_breaks_on_the_way_costs_that_reply_alone(
    batch: Run, monkeypatch: pytest.MonkeyPatch, part: str
) -> None:
    real = getattr(reply.Reply, part)

    def events() -> Iterator[Event]:
        raise KeyError("broken")
        yield

    def broken(self: reply.Reply, *args: object) -> object:
        if self.sequence_id != "2":
            return real(self, *args)
        if part == "judge":
            raise KeyError("broken")
        return events()

    monkeypatch.setattr(reply.Reply, part, broken)
    code, told, _ = batch("the cat\na dog\nthe cat")
    assert code == 1
    assert {item["line"]: item.get("error_code") for item in told} == {1: None, 2: "internal", 3: None}
    if part == "read_end":  # all of it was written
        (lost,) = (item for item in told if item["line"] == 2)
        assert lost["generated_text"]


def test_halves_of_characters_in_a_prompt_are_replaced(batch: Run) -> None:
    code, told, _ = batch('{"prompt": "the \\ud83d cat", "id": "\\udc00"}')
    assert code == 0
    assert (told[0]["prompt"], told[0]["id"]) == ("the \ufffd cat", "\ufffd")


def test_a_batch_from_standard_input(batch: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO("the cat\na dog".encode("utf-16"))))
    code, told, _ = batch("", "--batch", "-")
    assert code == 0
    assert sorted(item["prompt"] for item in told) == ["a dog", "the cat"]


def test_a_long_batch_begins_at_once_and_costs_the_same_for_each_prompt(
    batch: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However long the batch is, no more prompts are looked at before the first reply, and no more work is queueing."""
    seen: dict[int, tuple[int, float]] = {}
    for count in (100, 200):
        looked, work, before = [], [], []
        with monkeypatch.context() as patch:
            counted(patch, reply, "prompt_of", looked)
            for name in ("add", "first", "remove"):
                counted(patch, queue.Waiting, name, work)
            counted(patch, scheduler.Scheduler, "_end", before, looked.__len__)
            code, told, _ = batch("\n".join(["x"] * count), "--max-tokens", "1", "--draft", "none")
        assert (code, len(told), len(looked)) == (0, count, count)
        seen[count] = before[0], len(work) / count
    assert seen[100][0] == seen[200][0] <= scheduler.MAX_RUNNING
    assert seen[200][1] <= seen[100][1] * 1.1


def counted(
    patch: pytest.MonkeyPatch, owner: object, name: str, calls: list[int], note: Callable[[], int] = lambda: 0
) -> None:
    """Have every call of a function noted."""
    real = getattr(owner, name)

    def call(*args: object) -> object:
        calls.append(note())
        return real(*args)

    patch.setattr(owner, name, call)


@pytest.mark.parametrize("content", [b"", b"\n \n", b"\xff\xfe\x00", b"GGUF\x03\0\0\xff", b"\xef\xbb\xbf\xff", b"\x81"])
def test_a_file_without_prompts_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "prompts"
    path.write_bytes(content)
    with pytest.raises(InputError) as caught:
        read_batch(path)
    assert caught.value.code == "batch_file"
    for name in ("none", "n" * 5000, "n\0"):
        with pytest.raises(InputError):
            read_batch(tmp_path / name)


def test_ctrl_c_keeps_what_is_done(batch: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    real = scheduler.Scheduler.step

    def step(self: scheduler.Scheduler) -> object:
        if self._steps == 4:
            for one in (*self._roster.running, *self._roster.waiting):
                one.cancel.set()
        return real(self)

    monkeypatch.setattr(scheduler.Scheduler, "step", step)
    code, told, err = batch('{"prompt": "the cat", "max_tokens": 2}\na dog', "--max-tokens", "200")
    assert code == 1
    reasons = {item["line"]: item["finish_reason"] for item in told}
    assert reasons == {1: "length", 2: "cancelled"}
    assert "1 reply was stopped" in err


def test_ctrl_c_leaves_alone_what_has_not_begun(batch: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    real = scheduler.Scheduler.step

    def step(self: scheduler.Scheduler) -> Iterator[Event]:
        for one in (*self._roster.running, *self._roster.waiting) if self._steps == 4 else ():
            one.cancel.set()
        return real(self)

    monkeypatch.setattr(scheduler.Scheduler, "step", step)
    code, told, err = batch("\n".join(["the cat"] * 1000), "--max-tokens", "200")
    assert code == 1
    assert {item["finish_reason"] for item in told} == {"cancelled"}
    assert len(told) <= scheduler.MAX_RUNNING
    assert f"{1000 - len(told)} prompts have no reply" in err
