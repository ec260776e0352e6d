"""Triton's interpreter: kernels run as Python on the CPU. Import this before anything that imports Triton."""

from __future__ import annotations

import os

import pytest

os.environ.setdefault("TRITON_INTERPRET", "1")
pytest.importorskip("triton", reason="Triton is not installed; PyTorch's builds for cards bring it on Linux")
