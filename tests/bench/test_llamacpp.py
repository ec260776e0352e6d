"""llama.cpp as an arm, over a stand-in that answers as its server does."""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from helix_app.base.errors import HelixError, InputError
from helix_app.base.messages import notice_text
from helix_app.bench import llamacpp
from helix_app.bench.arms import EngineArm, Task, make_request
from helix_app.bench.config import BASELINE, HELIX, LLAMACPP, BenchConfig
from helix_app.bench.figures.divergence import find_divergences
from helix_app.bench.llamacpp import LlamaCppArm, opened
from helix_app.bench.records import RunRecord
from helix_app.bench.reference import TEXT as REFERENCE
from helix_app.bench.runner import run_benchmark
from helix_app.bench.workloads import Prompt
from helix_app.engine.engine import Engine
from helix_app.engine.machine import threads
from helix_app.engine.rounds.session import prompt_tokens
from helix_app.modelfiles.model_path import ModelFiles, inspect
from tests.bench.instruments import llama_server
from tests.bench.instruments.llama_server import StandIn
from tests.engine.made.tiny import Zoo, loaded, session_of

TEXTS = ("the cat sat on the mat", "the dog lay in the sun")
TOKENS = 8


@pytest.fixture(scope="module")
def path(zoo: Zoo) -> Path:
    return zoo.gguf("llama-loopy")


@pytest.fixture(scope="module")
def engine(path: Path) -> Iterator[Engine]:
    engine = loaded(path)
    yield engine
    engine.close()


@pytest.fixture(scope="module")
def files(path: Path) -> ModelFiles:
    return inspect(path)


def task_of(engine: Engine, text: str = TEXTS[0], **changes: object) -> Task:
    prompt = Prompt("chat", text, text)
    request = make_request(session_of(engine), prompt, BenchConfig(**{"max_tokens": TOKENS, **changes}))
    return Task(prompt, request, len(prompt_tokens(session_of(engine), request)))


def ours(engine: Engine, task: Task) -> RunRecord:
    return EngineArm(BASELINE, session_of(engine), "autoregressive", "cpu").run(task, 0, threading.Event())


@pytest.fixture(scope="module")
def replies(engine: Engine) -> dict[str, list[int]]:
    """What Helix writes, by prompt: a server on the same weights would write the same. The reference prompt, too."""
    found = {}
    for text in (*TEXTS, REFERENCE):
        task = task_of(engine, text, max_tokens=64)
        ids = prompt_tokens(session_of(engine), task.request)
        found[",".join(map(str, ids))] = list(ours(engine, task).token_ids)
    return found


@pytest.fixture
def server(path: Path, replies: dict[str, list[int]]) -> Iterator[StandIn]:
    server = StandIn(str(path), replies)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def test_the_record_is_what_the_server_streams(engine: Engine, server: StandIn) -> None:
    arm, task = LlamaCppArm(session_of(engine), server.url), task_of(engine)
    record, mine = arm.run(task, 7, threading.Event()), ours(engine, task)
    assert (record.arm, record.seed, record.kind, record.prompt_id) == (LLAMACPP, 7, "chat", TEXTS[0])
    assert (record.token_ids, record.tokens, record.finish_reason) == (mine.token_ids, TOKENS, "length")
    assert record.prompt_tokens == task.prompt_tokens
    assert record.target_passes == TOKENS - 1
    assert record.time_to_first_token is not None
    assert 0 < record.time_to_first_token <= record.time_seconds
    assert [count for _, count in record.timeline] == list(range(1, TOKENS + 1))
    assert record.peak_memory_bytes is None  # of a server that is not ours
    (asked,) = server.asked
    assert asked["prompt"] == prompt_tokens(session_of(engine), task.request)
    assert (asked["cache_prompt"], asked["temperature"], asked["n_predict"]) == (False, 0.0, TOKENS)
    assert asked["repeat_last_n"] == 0


def test_sampling_is_passed_on(engine: Engine, server: StandIn) -> None:
    task = task_of(engine)
    sampling = replace(task.request.sampling, temperature=0.7, top_k=30, top_p=0.9, min_p=0.1, repetition_penalty=1.2)
    task = replace(task, request=replace(task.request, sampling=sampling))
    LlamaCppArm(session_of(engine), server.url).run(task, 5, threading.Event())
    (asked,) = server.asked
    told = {name: asked[name] for name in ("temperature", "top_k", "top_p", "min_p", "repeat_penalty", "seed")}
    assert told == {
        "temperature": 0.7,
        "top_k": 30,
        "top_p": 0.9,
        "min_p": 0.1,
        "repeat_penalty": 1.2,
        "seed": 5,
    }
    assert asked["repeat_last_n"] == session_of(engine).runner.max_tokens


def test_a_reply_that_the_model_ends_has_its_last_token(
    engine: Engine, server: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    end = 5
    monkeypatch.setattr(session_of(engine), "eos", frozenset({end}))
    key = next(iter(server.replies))
    monkeypatch.setattr(server, "replies", {key: [11, 12, end, 13]})
    monkeypatch.setattr(server, "eos", end)
    record = LlamaCppArm(session_of(engine), server.url).run(task_of(engine), 0, threading.Event())
    assert (record.token_ids, record.finish_reason) == ((11, 12, end), "eos")


@pytest.mark.parametrize(("written", "differ"), [((11, 12, 6), False), ((11, 12, 13), True), ((11, 9, 6), True)])
def test_which_of_several_tokens_ended_a_reply_is_no_difference(
    engine: Engine, server: StandIn, monkeypatch: pytest.MonkeyPatch, written: tuple[int, ...], differ: bool
) -> None:
    session, task = session_of(engine), task_of(engine)
    monkeypatch.setattr(session, "eos", frozenset({5, 6}))
    monkeypatch.setattr(server, "replies", {key: [11, 12, 6, 13] for key in server.replies})
    monkeypatch.setattr(server, "eos", 6)
    theirs = LlamaCppArm(session, server.url).run(task, 0, threading.Event())
    assert (theirs.token_ids, theirs.finish_reason) == ((11, 12), "eos")
    mine = replace(theirs, arm=BASELINE, token_ids=written)
    found = find_divergences(session, [task], [mine, theirs], (BASELINE, LLAMACPP))
    assert bool(found) == differ


def test_a_cancelled_reply_ends_with_the_next_token(engine: Engine, server: StandIn) -> None:
    server.stalls, cancel = threading.Event(), threading.Event()
    records: list[RunRecord] = []
    arm = LlamaCppArm(session_of(engine), server.url)
    thread = threading.Thread(target=lambda: records.append(arm.run(task_of(engine), 0, cancel)))
    thread.start()
    cancel.set()
    server.stalls.set()
    thread.join(30)
    assert records[0].finish_reason == "cancelled"
    assert records[0].tokens < TOKENS


@pytest.mark.parametrize("gone", [False, True])
def test_a_server_that_refuses_or_is_gone_is_a_sentence(engine: Engine, server: StandIn, gone: bool) -> None:
    url = server.url if not gone else f"http://127.0.0.1:{llamacpp._free_port()}"
    with pytest.raises(HelixError) as caught:
        LlamaCppArm(session_of(engine), url).run(task_of(engine, "another prompt"), 0, threading.Event())
    assert caught.value.code == "bench_program"
    assert "llama-server" in str(caught.value.fields["reason"])
    assert gone or "no such prompt" in str(caught.value.fields["reason"])


# --------------------------------------------------------------------------- servers


def test_a_running_server_says_its_version(engine: Engine, files: ModelFiles, server: StandIn) -> None:
    server.loading = 2
    with opened(f"{server.url}/", session_of(engine), files, threading.Event()) as arm:
        assert arm.version == "b9999-stand-in"
        assert arm.run(task_of(engine), 0, threading.Event()).tokens == TOKENS


def test_a_server_with_another_model_is_refused(engine: Engine, files: ModelFiles, server: StandIn) -> None:
    server.model = "C:\\models\\other.gguf"
    with pytest.raises(HelixError, match="other"):
        opened(server.url, session_of(engine), files, threading.Event()).__enter__()


def test_an_address_where_nothing_runs_is_told_at_once(engine: Engine, files: ModelFiles) -> None:
    with pytest.raises(HelixError) as caught:
        opened(f"http://127.0.0.1:{llamacpp._free_port()}", session_of(engine), files, threading.Event()).__enter__()
    assert caught.value.code == "bench_program"


def test_a_folder_is_no_file_for_it(engine: Engine, files: ModelFiles) -> None:
    with pytest.raises(HelixError, match="GGUF"):
        opened("llama-server", session_of(engine), replace(files, gguf=None), threading.Event()).__enter__()


def test_the_server_shares_the_console_that_there_is(
    engine: Engine, files: ModelFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[object] = []

    def popen(command: object, *, creationflags: int, **_: object) -> None:
        started.append(creationflags)
        raise OSError

    monkeypatch.setattr(llamacpp, "quiet", lambda: 17)
    monkeypatch.setattr(llamacpp.subprocess, "Popen", popen)
    with pytest.raises(HelixError):
        opened("llama-server", session_of(engine), files, threading.Event()).__enter__()
    assert started == [17]


def test_a_program_that_is_not_there(engine: Engine, files: ModelFiles) -> None:
    with pytest.raises(HelixError, match="no/such"):
        opened("./no/such/llama-server", session_of(engine), files, threading.Event()).__enter__()


@pytest.fixture
def program(tmp_path: Path, replies: dict[str, list[int]], monkeypatch: pytest.MonkeyPatch) -> Path:
    """The stand-in as a program; the options that it was given lie beside its replies."""
    if sys.platform == "win32":
        pytest.skip("a script is no program there")
    script = tmp_path / "llama-server"
    script.write_text(f"#!{sys.executable}\n{Path(llama_server.__file__).read_text()}")
    script.chmod(0o755)
    (tmp_path / "replies.json").write_text(json.dumps({"replies": replies, "eos": None}))
    monkeypatch.setenv("REPLIES", str(tmp_path / "replies.json"))
    return script


def test_a_server_is_started_with_what_helix_has(engine: Engine, files: ModelFiles, program: Path) -> None:
    with opened(str(program), session_of(engine), files, threading.Event()) as arm:
        record = arm.run(task_of(engine), 0, threading.Event())
        assert arm._process is not None
    assert record.tokens == TOKENS
    assert record.peak_memory_bytes is None or record.peak_memory_bytes > 0
    options = json.loads(program.with_name("replies.json.options").read_text())
    assert options["-m"] == str(files.path)
    assert options["-c"] == str(session_of(engine).runner.max_tokens)
    assert options["-t"] == options["-tb"] == str(threads.in_use())
    assert (options["-np"], options["-ngl"]) == ("1", "0")
    with pytest.raises(HelixError):  # it ended with the block
        arm.run(task_of(engine), 0, threading.Event())


def test_what_it_ends_with_is_told(
    engine: Engine, files: ModelFiles, program: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAILS", "unknown model architecture")
    with pytest.raises(HelixError, match="unknown model architecture"):
        opened(str(program), session_of(engine), files, threading.Event()).__enter__()


# --------------------------------------------------------------------------- in a run


def config(path: Path, where: str) -> BenchConfig:
    prompts = tuple(Prompt("a", f"a-{i}", text) for i, text in enumerate(TEXTS))
    basic = BenchConfig(str(path), "ngram", "fixed:2", "cpu", "float32", prompts=prompts, max_tokens=6, repeats=2)
    return replace(basic, peers=(LLAMACPP,), peer_path=where)


def test_it_runs_beside_helix_and_is_reported(path: Path, server: StandIn) -> None:
    result = run_benchmark(config(path, server.url))
    assert result.complete
    assert result.arms == (BASELINE, HELIX, LLAMACPP)
    assert result.divergences == ()
    assert result.versions["llama.cpp"] == "b9999-stand-in"
    order = [run.arm for run in result.runs]
    assert {tuple(sorted(order[i : i + 3])) for i in range(0, 12, 3)} == {tuple(sorted(result.arms))}
    assert f"--peer-path {server.url}" in result.command
    assert "--peer llamacpp" in result.command


def test_its_number_format_is_the_files_own(zoo: Zoo, path: Path, server: StandIn) -> None:
    quants = {"F32": "float32", "F16": "float16", "Q8_0": "packed"}
    for quant, dtype in quants.items():
        assert llamacpp.number_format(inspect(zoo.gguf("llama", quant=quant))) == dtype
    for dtype, told in (("float32", False), ("bfloat16", True)):
        result = run_benchmark(replace(config(path, server.url), dtype=dtype, repeats=1))
        assert ("bench_peer_format" in [notice.code for notice in result.notices]) == told


def test_where_it_does_not_run_the_rest_does(path: Path) -> None:
    result = run_benchmark(config(path, "./no/such/llama-server"))
    assert result.complete
    assert result.arms == (BASELINE, HELIX)
    told = next(notice for notice in result.notices if notice.code == "bench_peer_failed")
    assert notice_text(told.code, told.fields).startswith("llamacpp cannot run this model here")


@pytest.mark.parametrize(("peers", "where"), [((LLAMACPP,), ""), ((), "llama-server"), (("llama",), "x")])
def test_it_and_its_path_go_together(peers: tuple[str, ...], where: str) -> None:
    with pytest.raises(InputError):
        BenchConfig(peers=peers, peer_path=where).check()
    BenchConfig(peers=(LLAMACPP,), peer_path="x").check()
