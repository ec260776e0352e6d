"""The kernels of this machine, made once."""

from __future__ import annotations

import pytest

from helix_app.engine.kernels.packed.formats import FORMATS
from helix_app.engine.kernels.packed.library import (
    ADD,
    CORE,
    DELTA,
    GELU,
    HEAD_NORMS,
    PARTIAL,
    SIGMOID,
    Library,
    shared,
)
from helix_app.engine.kernels.packed.processor import NoKernelsError


@pytest.fixture(scope="package")
def library() -> Library:
    """With all parts, in the form that all tests here have."""
    try:
        made = shared()
        made.add((CORE, HEAD_NORMS, ADD, GELU, PARTIAL, SIGMOID, DELTA, "attention_16_2", "windowed_16_2", *FORMATS))
    except NoKernelsError as exc:
        pytest.skip(str(exc))
    return made
