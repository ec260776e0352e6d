"""Quantisations as file names and headers tell them."""

from __future__ import annotations

import pytest

from helix_app.hub.library.quantisation import is_model, of_header, of_name


@pytest.mark.parametrize(
    ("name", "quantisation"),
    [
        ("Qwen3-8B-Q4_K_M.gguf", "Q4_K_M"),
        ("SmolLM2-135M-Instruct.Q4_1.gguf", "Q4_1"),
        ("smollm2-360m-instruct-q8_0.gguf", "Q8_0"),
        ("Qwen3.5-4B-UD-Q4_K_XL.gguf", "UD-Q4_K_XL"),
        ("model-IQ4_XS.gguf", "IQ4_XS"),
        ("x.IQ2_XXS.gguf", "IQ2_XXS"),
        ("gpt-oss-20b-mxfp4.gguf", "MXFP4"),
        ("Phi-3-mini-4k-instruct-q4.gguf", "Q4"),
        ("Phi-3-mini-4k-instruct-fp16.gguf", "F16"),
        ("BF16/Qwen3-8B-BF16-00001-of-00002.gguf", "BF16"),
        ("sub/Q3_K_S/model-Q3_K_S.gguf", "Q3_K_S"),
        ("model-TQ1_0.gguf", "TQ1_0"),
        ("model.gguf", ""),
        ("Qwen2-7B.gguf", ""),
    ],
)
def test_of_a_name(name: str, quantisation: str) -> None:
    assert of_name(name) == quantisation


@pytest.mark.parametrize(
    ("kind", "quantisation"), [(15, "Q4_K_M"), (7, "Q8_0"), (0, "F32"), (1, "F16"), (None, ""), (9999, ""), ("x", "")]
)
def test_of_a_header(kind: object, quantisation: str) -> None:
    assert of_header({"general.file_type": kind}) == quantisation


@pytest.mark.parametrize(
    ("name", "model"),
    [("a.gguf", True), ("A.GGUF", True), ("mmproj-a.gguf", False), ("a.imatrix.gguf", False), ("a.bin", False)],
)
def test_what_is_a_model(name: str, model: bool) -> None:
    assert is_model(name) == model
