"""Tiny models, made once, on one thread."""

from __future__ import annotations

from tests.engine.conftest import (
    earlier_modules_set_aside as earlier_modules_set_aside,
    few_layers as few_layers,
    one_thread as one_thread,
    zoo as zoo,
)
