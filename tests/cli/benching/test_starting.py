"""The program that ``bench start`` runs: one reply, and when each part of the way there was over."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from helix_app.base import messages
from helix_app.cli.benching import starting
from helix_app.engine.engine import Engine
from helix_app.engine.host import parent
from tests.cli.test_generate import model as model

Start = Callable[..., tuple[int, dict[str, Any]]]


class NearbyClient(Engine):
    """Stands in for the child process."""

    pid = None


@pytest.fixture
def start(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Start:
    """Runs the program; its exit code and answer."""

    def call(where: str, target: str, **more: str) -> tuple[int, dict[str, Any]]:
        options = {"target": target, "draft": "none", "device": "cpu", "dtype": "float32", "prompt": "the cat", **more}
        asked = {"where": where, "generate": [f"--{name}={value}" for name, value in options.items()]}
        monkeypatch.setattr("sys.stdin", io.StringIO(json.dumps(asked) + "\n"))
        monkeypatch.setattr(parent, "HostClient", NearbyClient)
        return starting.main(), json.loads(capsys.readouterr().out)

    return call


@pytest.mark.parametrize("where", [starting.PROCESS, starting.CHILD])
def test_times_come_in_their_order(start: Start, model: str, where: str) -> None:
    code, told = start(where, model, **{"max-tokens": "3"})
    assert code == 0
    names = [name for name, _ in told["stages"]]
    assert names[:2] == ["read_header", "tokenizer"]
    assert names[-2:] == ["allocate_cache", "warm_up"]
    times = [told["asked"], *(at for _, at in told["stages"]), told["ready"], told["first"], told["ended"]]
    assert times == sorted(times)
    assert told["file"] == Path(model).stat().st_size
    assert told["weights"] > 0
    assert told["cache"] > 0
    assert told["dtype"] == "float32"
    assert (told["peak"] is None) == (where == starting.CHILD)  # the stand-in has no process of its own


@pytest.mark.parametrize("where", [starting.PROCESS, starting.CHILD])
def test_what_cannot_be_loaded_is_its_sentence(start: Start, where: str) -> None:
    code, told = start(where, "./no/such/file.gguf")
    assert code == 1
    assert told == {"error": messages.error_text("model_not_found", {"path": "./no/such/file.gguf"})}
