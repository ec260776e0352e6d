"""Each architecture, as it is described: the logits of transformers from both formats, the same rows however they are
cut, and replies that no draft, neighbour, preemption or prefix hit changes."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable
from typing import Any

import pytest
import torch

from helix_app.engine.kernels.attention import EXACT_TORCH
from helix_app.protocol.events import RoundDone
from tests.engine.kernels.test_low_bit import needs
from tests.engine.made import tiny_families, tiny_gemma4
from tests.engine.made.tiny import SHAPES, Zoo, ask, finish, loaded
from tests.engine.models.packed.test_decoder import alone as one_by_one, packed_runner
from tests.engine.models.test_decoder import LENGTH, TOLERANCE, logits_of, reference, runner_of, some_ids, worst
from tests.engine.models.whole.test_ragged import BESIDE, TORCH, check_exact
from tests.engine.runs.crowds import TEXTS, Crowd, Models, alone, check_same, requests

FAMILIES = sorted({family for family, _ in SHAPES.values()} - {"llama", "qwen2", "mistral"})
NAMES = [name for name, (family, _) in SHAPES.items() if family in FAMILIES and "window" not in name]
LOOPY = [f"{family}-loopy" for family in FAMILIES]
PACKED = [
    *(name for name in LOOPY if not name.startswith(("qwen2_moe", "qwen35"))),
    "qwen35-blocks-loopy",
]  # those that run on a file's own blocks
PRODUCTS = [
    name for name in PACKED if SHAPES[name][0] in (*tiny_families.EXPERTS, *tiny_gemma4.KINDS)
]  # by one a product
WHOLE = [name for name in PACKED if name not in PRODUCTS]  # by a program for a pass
ON_BLOCKS = [
    name for name in PRODUCTS if SHAPES[name][0] in ("gpt_oss", "gemma4", "qwen3_5_moe", "gemma4_moe")
]  # in crowds
READ_LIKE = "qwen3_next-loopy"  # once it is read its layers are those of Qwen3.5 with experts: the suite leaves it out
SHUFFLED = torch.randperm(16, generator=torch.Generator().manual_seed(5)).tolist()
DRAFTS = ("ngram", "model", "mixed", "self", "mixed-self")
pytestmark = pytest.mark.usefixtures("small_chunks")


def rarely(*values: str) -> Any:
    """Parameters of a case, left to ``soak`` where others show what it would."""
    later = READ_LIKE in values or values in (("qwen3_5_moe-loopy", "Q8_0"), ("gemma4_moe-loopy", "Q8_0"))
    return pytest.param(*values, marks=[pytest.mark.soak] if later else [])


@pytest.mark.parametrize("name", NAMES)
def test_a_gguf_file_gives_the_logits_of_transformers(zoo: Zoo, name: str) -> None:
    """In one pass, in pieces and row by row, on blocks side by side and anywhere."""
    ids = some_ids(LENGTH, 1)
    want = reference(name, ids)
    assert worst(logits_of(runner_of(zoo.gguf(name)), ids), want) < TOLERANCE
    scattered = runner_of(zoo.gguf(name), order=SHUFFLED)
    assert worst(logits_of(scattered, ids, [7, 40, 41, 42, 61, 140, 145, *range(146, LENGTH)]), want) < TOLERANCE


@pytest.mark.parametrize("name", [name for name in SHAPES if "window" in name])
def test_windows_of_a_folder_are_those_of_transformers(zoo: Zoo, name: str) -> None:
    ids = some_ids(LENGTH, 1)
    want, runner = reference(name, ids), runner_of(zoo.folder(name), order=SHUFFLED)
    layers = runner.decoder.config.num_layers
    assert runner.decoder.config.windows == ((24,) * layers if "mistral" in name or "moe" in name else (0, 24))
    assert worst(logits_of(runner, ids, [7, 40, 41, 42, 61, 140, 145, *range(146, LENGTH)]), want) < TOLERANCE


@pytest.mark.parametrize("kind", ["gguf", "folder"])
@pytest.mark.parametrize("context", [64, 256])
def test_a_context_within_the_original_one_takes_the_short_divisors(zoo: Zoo, context: int, kind: str) -> None:
    """With a longer one those of transformers for a longer text hold from the first token on."""
    path = zoo.gguf("phi3-long") if kind == "gguf" else zoo.folder("phi3-long")
    ids = some_ids(LENGTH if context > 64 else 60, 1)
    runner = runner_of(path, context=context)
    assert worst(logits_of(runner, ids, [31, 32]), reference("phi3-long", ids)) < TOLERANCE


@pytest.mark.parametrize("name", [rarely(name) for name in PACKED])
def test_packed_it_is_the_model_of_the_file(zoo: Zoo, name: str) -> None:
    """Against the same weights dequantised, in float32: what differs is the rounding of activations and cache."""
    path, ids = zoo.gguf(name, quant="Q8_0"), some_ids(LENGTH, 4)
    packed, dense = packed_runner(path, 1), runner_of(path)
    assert packed.decoder.parameters == dense.decoder.parameters
    got, want = (logits_of(runner, ids).double() for runner in (packed, dense))
    assert 0 < float((got - want).norm() / want.norm()) < 0.05


@pytest.mark.parametrize("name", PACKED)
def test_packed_bits_do_not_depend_on_what_runs_beside_a_row(zoo: Zoo, name: str) -> None:
    """In prompts and rounds of any length, by as many threads as there are."""
    if name in PRODUCTS and TORCH < EXACT_TORCH:
        pytest.skip("routers and gates of this torch depend on the number of rows, and no claim is made")
    path, ids = zoo.gguf(name, quant="Q4_0"), some_ids(90, 5)
    want = one_by_one(packed_runner(path, 1), ids)
    crowd = packed_runner(path, 3, torch.randperm(40, generator=torch.Generator().manual_seed(3)).tolist())
    for cuts in ([], [1, 5, 16, 33, 34, 80], [40, 49, 58, 67], [7]):
        assert torch.equal(logits_of(crowd, ids, cuts), want)


@pytest.mark.skipif(TORCH < EXACT_TORCH, reason="kernels of this torch depend on the number of rows")
@pytest.mark.parametrize("name", [rarely(name) for name in LOOPY])
def test_exact_rows_do_not_depend_on_how_many_run(zoo: Zoo, name: str) -> None:
    for order in (None, SHUFFLED):
        check_exact(runner_of(zoo.gguf(name), "plain", torch.bfloat16, order), 45, BESIDE[1:2])


DESCRIBED = [*(rarely(name, "") for name in LOOPY), *(rarely(name, "Q8_0") for name in (*WHOLE, *ON_BLOCKS))]
Made = Callable[[str, str], Models]


@pytest.fixture(scope="module")
def made(zoo: Zoo) -> Made:
    """Each architecture, dense and packed, loaded once."""
    return functools.cache(lambda name, packed: Models(zoo, name=name, packed=packed))


@pytest.mark.covering
@pytest.mark.parametrize("draft", DRAFTS)
@pytest.mark.parametrize(("name", "packed"), DESCRIBED)
def test_drafts_and_neighbours_change_no_reply(made: Made, name: str, packed: str, draft: str) -> None:
    """In the suite each architecture meets each draft, dense or packed."""
    described, asked = made(name, packed), requests(k="fixed:3")[::2]
    crowd = Crowd(described.session(draft)).add(*asked)
    crowd.run()
    check_same(described, crowd, asked)
    assert any(event.accepted for event in crowd.events if isinstance(event, RoundDone))


@pytest.mark.parametrize(("name", "packed"), DESCRIBED)
def test_a_preempted_reply_is_what_it_is_alone(made: Made, name: str, packed: str) -> None:
    described = made(name, packed)
    windows = described.target.config.windows
    bounded = windows and all(windows)  # where blocks come back, few are enough for everyone
    texts, blocks, count = ((*TEXTS[:2], TEXTS[6]), 5, 40) if bounded else (TEXTS[:4], 9, 50)
    asked = [ask(text, request_id=text, max_tokens=count) for text in texts]
    crowd = Crowd(described.session(blocks=blocks)).add(*asked)
    crowd.run()
    assert crowd.preempted
    check_same(described, crowd, asked)


@pytest.mark.parametrize(("name", "packed"), DESCRIBED)
def test_a_prefix_hit_changes_no_reply(made: Made, name: str, packed: str) -> None:
    session = made(name, packed).session("ngram")
    request = ask(TEXTS[2] + TEXTS[7], request_id="hit", max_tokens=20)
    first, second = alone(session, request), alone(session, request)
    assert (first.metrics.cached_tokens, second.metrics.cached_tokens >= 32) == (0, True)
    assert second.token_ids == first.token_ids


@needs(8)
@pytest.mark.skipif(TORCH < EXACT_TORCH, reason="kernels of this torch depend on the number of rows")
@pytest.mark.parametrize("name", [rarely(name) for name in LOOPY])
def test_a_copy_in_eight_bits_drafts_on_its_cache(zoo: Zoo, name: str) -> None:
    engine = loaded(zoo.gguf(name), "self-int8", dtype="bfloat16")
    request = ask(TEXTS[5], max_tokens=40, k="fixed:3")
    drafted = finish(engine, request)
    assert drafted.metrics.accepted_tokens > 0
    assert drafted.token_ids == finish(engine, dataclasses.replace(request, mode="autoregressive")).token_ids
    engine.close()
