"""transformers as an arm: the same weights give the same tokens, and its absence is a notice."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from helix_app.base.messages import notice_text
from helix_app.bench.arms import EngineArm, Task, make_request
from helix_app.bench.config import BASELINE, HELIX, PEERS, BenchConfig
from helix_app.bench.peers import TransformersArm, build_model, load_peers
from helix_app.bench.runner import run_benchmark
from helix_app.bench.workloads import Prompt
from helix_app.engine.engine import Engine
from helix_app.engine.rounds.session import prompt_tokens
from helix_app.modelfiles.model_path import inspect
from tests.engine.made.tiny import Zoo, check_idle, hf_model, loaded, session_of

TEXT = "the cat sat on the mat and the dog lay in the sun"
Load = Callable[..., Engine]


@pytest.fixture
def load(zoo: Zoo) -> Iterator[Load]:
    """Loads a tiny model; all of them are freed after the test."""
    engines = []

    def made(path: Path, draft: Path | str = "none") -> Engine:
        engines.append(loaded(path, draft))
        return engines[-1]

    yield made
    for engine in engines:
        engine.close()


def task_of(engine: Engine, **changes: object) -> Task:
    prompt = Prompt("chat", "chat-1", TEXT)
    request = make_request(session_of(engine), prompt, BenchConfig(**{"max_tokens": 20, **changes}))
    return Task(prompt, request, len(prompt_tokens(session_of(engine), request)))


def peer(
    engine: Engine, target: Path, draft: Path | None = None, *, name: str = PEERS[0], k: str = "auto"
) -> TransformersArm:
    drafted = None if draft is None else inspect(draft)
    ((_, arm),) = load_peers([name], session_of(engine), inspect(target), drafted, device="cpu", k=k)
    assert isinstance(arm, TransformersArm), arm
    return arm


def baseline(engine: Engine) -> EngineArm:
    return EngineArm(BASELINE, session_of(engine), "autoregressive", "cpu")


SHAPES = [
    "llama",
    "llama-tied",
    "llama-biases",
    "llama-wide-heads",
    "llama-yarn",
    "llama-dynamic",
    "qwen2",
    "qwen2-tied",
    "qwen2-window",
    "qwen3",
    "qwen3-tied",
    "gemma3",
    "gemma3-loopy",
    "smollm3",
    "phi3",
    "granite",
    "mistral-window",
    "qwen3_moe",
    "qwen3_moe-window-dense",
    "qwen2_moe",
    "gpt_oss",
    "ministral3",
]


# GGUF files say nothing of the windows of some architectures
BOTH = [(name, kind) for name in SHAPES for kind in ("gguf", "folder") if kind == "folder" or "window" not in name]


@pytest.mark.parametrize(("name", "kind"), BOTH)
def test_the_model_is_built_from_helix_own_weights(zoo: Zoo, name: str, kind: str) -> None:
    path = zoo.gguf(name) if kind == "gguf" else zoo.folder(name)
    made = build_model(inspect(path), torch.float32, torch.device("cpu"))
    ids = torch.arange(5, 45)[None]
    with torch.no_grad():
        found, expected = (model(ids).logits for model in (made, hf_model(name)))
    assert torch.allclose(found, expected, atol=2e-3)


@pytest.mark.parametrize("name", ["llama", "qwen2"])
def test_a_greedy_reply_is_the_baselines(zoo: Zoo, load: Load, name: str) -> None:
    path = zoo.gguf(name)
    engine = load(path)
    task = task_of(engine)
    ours, theirs = (arm.run(task, 3, threading.Event()) for arm in (baseline(engine), peer(engine, path)))
    assert theirs.token_ids == ours.token_ids
    assert (theirs.arm, theirs.finish_reason) == (PEERS[0], ours.finish_reason)
    assert (theirs.tokens, theirs.prompt_tokens, theirs.seed) == (ours.tokens, ours.prompt_tokens, 3)
    assert theirs.target_passes == theirs.tokens - 1
    assert theirs.mean_accepted_length == 1.0
    assert theirs.acceptance_rate is None
    assert [tokens for _, tokens in theirs.timeline] == list(range(1, theirs.tokens + 1))
    assert 0 < theirs.time_to_first_token <= theirs.timeline[-1][0] + 1e-4 <= theirs.time_seconds + 2e-4
    check_idle(engine)


@pytest.mark.parametrize("k", ["auto", "fixed:3"])
@pytest.mark.parametrize("draft", ["itself", "another", "prompt"])
def test_an_assisted_reply_is_the_same_in_fewer_passes(zoo: Zoo, load: Load, draft: str, k: str) -> None:
    path = zoo.gguf("llama")
    drafted = {"itself": path, "another": zoo.gguf("llama-small"), "prompt": None}[draft]
    engine = load(path)
    session_of(engine).eos = frozenset()
    task = task_of(engine)
    plain = baseline(engine).run(task, 0, threading.Event())
    arm = peer(engine, path, drafted, name=PEERS[1], k=k)
    found = arm.run(task, 0, threading.Event())
    assert found.token_ids == plain.token_ids
    assert found.tokens == 20
    if draft == "itself" and k == "fixed:3":
        steps = [found.timeline[0][1]] + [b[1] - a[1] for a, b in zip(found.timeline, found.timeline[1:])]
        assert max(steps) == 4  # three drafted, one of the target's own
        assert found.mean_accepted_length > 2
    if draft == "itself":
        assert found.target_passes < plain.target_passes


def test_a_reply_ends_where_helix_ends_it(zoo: Zoo, load: Load) -> None:
    path = zoo.gguf("llama")
    engine = load(path)
    session_of(engine).eos = frozenset()
    whole = baseline(engine).run(task_of(engine), 0, threading.Event())
    at = next(i for i in range(4, 20) if whole.token_ids[i] not in whole.token_ids[:i])
    session_of(engine).eos = frozenset({whole.token_ids[at]})
    for name, draft in ((PEERS[0], None), (PEERS[1], path), (PEERS[1], None)):
        found = peer(engine, path, draft, name=name).run(task_of(engine), 0, threading.Event())
        assert (found.token_ids, found.finish_reason) == (whole.token_ids[: at + 1], "eos")


def test_a_cancelled_reply_stops_and_says_so(zoo: Zoo, load: Load) -> None:
    path = zoo.gguf("llama")
    engine = load(path)
    session_of(engine).eos = frozenset()
    cancel = threading.Event()
    cancel.set()
    found = peer(engine, path).run(task_of(engine), 0, cancel)
    assert found.finish_reason == "cancelled"
    assert found.tokens <= 1


def test_sampling_follows_the_seed_and_the_request(zoo: Zoo, load: Load) -> None:
    path = zoo.gguf("llama")
    engine = load(path)
    arm = peer(engine, path)

    def tokens(task: Task, seed: int) -> tuple[int, ...]:
        return arm.run(task, seed, threading.Event()).token_ids

    hot = task_of(engine, temperature=1.5)
    assert tokens(hot, 1) == tokens(hot, 1)
    assert len({tokens(hot, seed) for seed in range(4)}) > 1
    strict = replace(hot, request=replace(hot.request, sampling=replace(hot.request.sampling, top_k=1)))
    assert tokens(strict, 1) == tokens(task_of(engine), 1)


def test_no_filter_of_the_librarys_own_is_left_on(zoo: Zoo, load: Load, monkeypatch: pytest.MonkeyPatch) -> None:
    path = zoo.gguf("llama")
    engine = load(path)
    arm = peer(engine, path)
    kept: list[int] = []

    def count(probs: torch.Tensor, **_: object) -> torch.Tensor:
        kept.append(int((probs > 0).sum()))
        return probs.argmax(dim=-1, keepdim=True)

    monkeypatch.setattr(torch, "multinomial", count)
    hot = task_of(engine, temperature=3.0, max_tokens=3)
    free = replace(hot.request.sampling, top_k=0, top_p=1.0)
    arm.run(replace(hot, request=replace(hot.request, sampling=free)), 0, threading.Event())
    assert min(kept) == 300  # the library's default would keep 50


# --------------------------------------------------------------------------- in a run


def config(path: Path, **changes: object) -> BenchConfig:
    prompts = (Prompt("a", "a-1", "the cat sat"), Prompt("a", "a-2", "the dog lay"))
    basic = BenchConfig(str(path), "ngram", "fixed:2", "cpu", "float32", prompts=prompts, max_tokens=6, repeats=1)
    return replace(basic, **{"peers": PEERS, **changes})


def test_peers_run_beside_helix(zoo: Zoo) -> None:
    result = run_benchmark(config(zoo.gguf("llama-loopy")))
    assert result.complete
    assert result.arms == (BASELINE, HELIX, *PEERS)
    assert result.divergences == ()
    assert len({r.token_ids for r in result.runs if r.prompt_id == "a-1"}) == 1


@pytest.mark.parametrize(("quant", "dtype", "told"), [("Q8_0", "packed", PEERS), ("F32", "float32", ())])
def test_a_number_format_that_is_not_helix_own_is_told(zoo: Zoo, quant: str, dtype: str, told: tuple[str, ...]) -> None:
    result = run_benchmark(config(zoo.gguf("llama", quant=quant), dtype=dtype))
    assert result.arms == (BASELINE, HELIX, *PEERS)
    assert result.model["dtype"] == dtype
    found = [notice for notice in result.notices if notice.code == "bench_peer_format"]
    assert tuple(dict(notice.fields)["peer"] for notice in found) == told
    sentences = [notice_text(notice.code, notice.fields) for notice in found]
    assert all("these weights are float32, in Helix packed" in sentence for sentence in sentences)


@pytest.mark.parametrize("peers", [PEERS, PEERS[:1]])
def test_without_transformers_there_is_a_notice_and_the_rest_runs(
    zoo: Zoo, monkeypatch: pytest.MonkeyPatch, peers: tuple[str, ...]
) -> None:
    path = zoo.gguf("llama-loopy")
    run_benchmark(config(path, peers=()))  # what Helix itself needs is imported
    monkeypatch.setitem(sys.modules, "transformers", None)
    result = run_benchmark(config(path, peers=peers))
    assert result.complete
    assert result.arms == (BASELINE, HELIX)
    told = [notice for notice in result.notices if notice.code != "bench_drift"]
    assert [notice.code for notice in told] == ["bench_peer_failed"] * len(peers)
    for name, notice in zip(peers, told):
        sentence = notice_text(notice.code, notice.fields)
        assert sentence.startswith(f"{name} cannot run this model here")
        assert "transformers" in sentence.split("left out.")[1]
