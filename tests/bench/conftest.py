"""Tiny models, made once, on one thread."""

from __future__ import annotations

from tests.engine.conftest import few_layers as few_layers, one_thread as one_thread, zoo as zoo
