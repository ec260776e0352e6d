"""The kernels of this machine, made once."""

from __future__ import annotations

from collections.abc import Iterator

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


@pytest.fixture(scope="package", autouse=True)
def same_code_of_the_same_assembly() -> Iterator[None]:
    """Many tests keep, damage or time the same kernels: LLVM makes each of them once. What is emitted is theirs."""
    real, known = Library.machine_code, dict[tuple[str, str, str], bytes]()

    def machine_code(library: Library, assembly: str) -> bytes:
        key = assembly, library.processor.name, library.processor.features
        if key not in known:
            known[key] = real(library, assembly)
        return known[key]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Library, "machine_code", machine_code)
        yield
