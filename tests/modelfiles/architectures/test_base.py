"""What readers share."""

from __future__ import annotations

from typing import Any

import pytest

from helix_app.base.errors import ModelFileError
from helix_app.modelfiles.architectures.base import theta_of, windowed


@pytest.mark.parametrize(
    ("raw", "windows"),
    [
        ({}, [8, 0, 8]),
        ({"layer_types": ["full_attention", "full_attention", "sliding_attention"]}, [0, 0, 8]),
    ],
)
def test_layers_have_a_window_where_the_file_says_so_and_else_by_rule(raw: dict[str, Any], windows: list[int]) -> None:
    raw = {"num_hidden_layers": 3, **raw}
    assert [layer.window for layer in windowed(raw, 8, lambda i: i % 2 == 0)] == windows
    assert windowed(raw, None, lambda i: True) == ()


def test_other_kinds_of_layers_are_refused_by_name() -> None:
    with pytest.raises(ModelFileError) as caught:
        windowed({"num_hidden_layers": 1, "layer_types": ["linear_attention"]}, 8, lambda i: True)
    assert caught.value.fields["feature"] == "layers of the kind linear_attention"


@pytest.mark.parametrize("raw", [{"rope_theta": 7.0}, {"rope_parameters": {"rope_theta": 7.0}}])
def test_the_base_of_rotary_embeddings_is_found_wherever_it_is(raw: dict[str, Any]) -> None:
    assert theta_of(raw, 9.0) == {"rope_theta": 7.0}
    assert theta_of({"rope_scaling": {"factor": 2.0}}, 9.0) == {"rope_theta": 9.0}
