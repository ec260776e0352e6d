"""Configs from GGUF headers: what is not supported is refused by name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import gguf
import pytest

from helix_app.base.errors import ModelFileError
from helix_app.modelfiles.model_path import inspect
from tests.engine.text.made.files import NORMAL, write_gguf


def made(path: Path, arch: str = "llama", **keys: Any) -> Path:
    """A file of one layer with more metadata of its architecture."""

    def edit(writer: gguf.GGUFWriter) -> None:
        for name, value in keys.items():
            (writer.add_string if isinstance(value, str) else writer.add_uint32)(f"{arch}.{name}", value)

    words = [chr(0x4E00 + i) for i in range(256)]
    return write_gguf(path / "m.gguf", words, [NORMAL] * 256, arch=arch, edit=edit)


@pytest.mark.parametrize(
    ("keys", "feature"),
    [
        ({"expert_count": 8}, "mixture of experts"),
        ({"attention.value_length": 8}, "values of another size than keys"),
        ({"rope.scaling.type": "odd"}, "odd rotary scaling"),
    ],
)
def test_what_the_decoder_has_not_is_refused_by_name(tmp_path: Path, keys: dict[str, Any], feature: str) -> None:
    with pytest.raises(ModelFileError) as caught:
        inspect(made(tmp_path, **keys))
    assert (caught.value.code, caught.value.fields["feature"]) == ("model_feature_unsupported", feature)


def test_heads_may_be_turned_in_part(tmp_path: Path) -> None:
    whole = inspect(made(tmp_path)).config
    assert (whole.rotary_size, whole.partial_rotary) == (0, False)
    part = inspect(made(tmp_path, **{"rope.dimension_count": whole.head_dim // 2})).config
    assert (part.rotary_size, part.partial_rotary) == (whole.head_dim // 2, True)


def test_an_unknown_architecture_is_refused_with_what_works(tmp_path: Path) -> None:
    with pytest.raises(ModelFileError) as caught:
        inspect(made(tmp_path, "mamba"))
    assert (caught.value.code, caught.value.fields["architecture"]) == ("model_unsupported", "mamba")
    assert "Qwen3" in caught.value.fields["supported"]


def test_only_llama_s_files_interleave_rotary_halves(tmp_path: Path) -> None:
    assert [inspect(made(tmp_path, arch)).config.interleaved for arch in ("llama", "qwen2", "qwen3")] == [
        True,
        False,
        False,
    ]


@pytest.mark.parametrize(
    ("arch", "keys"),
    [
        ("granite", {"logit_scale": 0}),
        ("gemma3", {"attention.sliding_window_pattern": 0}),
        ("qwen35", {"full_attention_interval": 0}),
        ("llama", {"attention.head_count": 4096}),  # more than numbers of a row, and no size of theirs
    ],
)
def test_sizes_of_nothing_are_nonsense(tmp_path: Path, arch: str, keys: dict[str, Any]) -> None:
    with pytest.raises(ModelFileError) as caught:
        inspect(made(tmp_path, arch, **keys))
    assert caught.value.code == "model_corrupt"
    assert "by zero" in caught.value.fields["reason"]
