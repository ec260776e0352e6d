"""What Gemma 4 does otherwise than other models: its readers' refusals, its table of inputs, its memory."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest
import torch

from helix_app.base.errors import ModelFileError
from helix_app.engine.engine import Engine
from helix_app.engine.loading.needs import dense_weights, need_of
from helix_app.engine.models.packed_decoder import packed_formats
from helix_app.engine.models.rope import inverse_frequencies
from helix_app.engine.models.weights import open_weights
from helix_app.modelfiles.architectures.table import find_hf
from helix_app.modelfiles.hf_config import config_from_hf
from helix_app.modelfiles.model_path import inspect
from helix_app.modelfiles.parameters import parameter_count
from helix_app.protocol.events import Notice
from helix_app.protocol.requests import LoadRequest
from tests.engine.models.test_decoder import LENGTH, logits_of, runner_of, some_ids, worst
from tests.engine.tiny import Zoo, ask, events, finish, hf_config, hf_model, loaded

NAMES = ("gemma4", "gemma4-loopy")


@pytest.mark.parametrize("name", NAMES)
def test_both_formats_describe_one_model(zoo: Zoo, name: str) -> None:
    folder, file = (inspect(path).config for path in (zoo.folder(name), zoo.gguf(name)))
    assert dataclasses.replace(folder, layers=(), norm_eps=0) == dataclasses.replace(file, layers=(), norm_eps=0)
    for i in range(folder.num_layers):
        ours, theirs = folder.layer(i), file.layer(i)
        assert (folder.heads(i), folder.inner_size(i)) == (file.heads(i), file.inner_size(i))
        assert (ours.window, ours.shares, ours.keys_as_values) == (theirs.window, theirs.shares, theirs.keys_as_values)
        turns = [inverse_frequencies(config, config.rotary(i))[0] for config in (folder, file)]
        assert torch.allclose(*turns)


def test_a_description_within_one_that_sees_and_hears() -> None:
    """Ends of both are ends, and what the text alone says goes before."""
    text = hf_config("gemma4-loopy").to_dict()
    whole = {
        "model_type": "gemma4",
        "text_config": text,
        "vision_config": {},
        "eos_token_id": [1, 106],
        "hidden_size": 9,
    }
    nested, alone = config_from_hf(whole, ""), config_from_hf(text, "")
    assert nested.eos_token_ids == (1, 106, 2)
    assert dataclasses.replace(nested, eos_token_ids=alone.eos_token_ids) == alone
    assert find_hf("gemma4_text").key == "gemma4"


@pytest.mark.parametrize(
    ("changes", "feature"),
    [
        ({"enable_moe_block": True}, "mixture of experts"),
        ({"use_bidirectional_attention": "all"}, "later tokens"),
        ({"layer_types": ["sliding_attention", "chunked_attention"] * 2 + ["full_attention"]}, "chunked_attention"),
        ({"rope_parameters": {"full_attention": {"rope_type": "yarn", "rope_theta": 1.0}}}, "yarn"),
    ],
    ids=str,
)
def test_what_it_does_not_do_is_refused_by_name(changes: dict[str, Any], feature: str) -> None:
    with pytest.raises(ModelFileError) as caught:
        config_from_hf({**hf_config("gemma4").to_dict(), **changes}, "")
    assert caught.value.code == "model_feature_unsupported"
    assert feature in caught.value.fields["feature"]


@pytest.mark.parametrize("shared", [5, 4, 9])
def test_layers_share_only_what_there_is(shared: int) -> None:
    with pytest.raises(ModelFileError) as caught:
        config_from_hf({**hf_config("gemma4").to_dict(), "num_kv_shared_layers": shared}, "")
    assert caught.value.code == "model_corrupt"


def test_its_table_of_inputs_stays_in_the_file(zoo: Zoo, tmp_path: Path) -> None:
    """The same logits as from the unpacked table, and no memory for it."""
    path = zoo.gguf("gemma4-loopy", quant="Q8_0")
    files, ids = inspect(path), some_ids(LENGTH, 3)
    assert packed_formats(files) == frozenset(), "layers of several kinds run on dense weights"
    runner = runner_of(path)
    with open_weights(files) as source:
        table = source.get("inputs_embed")
    inputs = runner.decoder._inputs
    assert torch.equal(inputs.table(torch.tensor(ids)), table[ids])
    assert inputs.table.row_bytes == table.shape[1] // 32 * 34
    unpacked = dense_weights(files.config, "float32")
    mapped = files.gguf.tensors["per_layer_token_embd.weight"].nbytes
    assert need_of(files, "float32", 256, 256).weights == unpacked - 4 * table.numel() + mapped
    assert worst(logits_of(runner, ids, [31, 32]), logits_of(runner, ids)) < 1e-4


@pytest.mark.parametrize("name", NAMES)
def test_its_numbers_are_counted(zoo: Zoo, name: str) -> None:
    config = inspect(zoo.folder(name)).config
    matrices = sum(weight.numel() for key, weight in hf_model(name).named_parameters() if weight.ndim == 2)
    assert parameter_count(config) == matrices
    runner = runner_of(zoo.folder(name))
    numbers = sum(p.numel() for p in hf_model(name).parameters()) + config.num_layers
    assert runner.decoder.parameters == numbers
    assert dense_weights(config, "float32") == pytest.approx(4 * numbers, rel=0.02)


def test_a_packed_file_chats(zoo: Zoo) -> None:
    """On dense weights, whatever was asked for, which is said, and with the draft that was."""
    request = LoadRequest(str(zoo.gguf("gemma4-loopy", quant="Q8_0")), draft="none", device="cpu", dtype="packed")
    asked = [event.code for event in events(Engine(), request) if isinstance(event, Notice)]
    assert asked == ["packed_layers"]
    engine = loaded(zoo.gguf("gemma4-loopy", quant="Q8_0"), "ngram", dtype="packed")
    drafted = finish(engine, ask("the cat sat", max_tokens=60, k="fixed:3"))
    plain = finish(engine, ask("the cat sat", max_tokens=60, mode="autoregressive"))
    assert drafted.token_ids == plain.token_ids
    engine.close()
