"""``serve --ray``: what it needs is said. ``tests/server/whole/test_ray.py`` runs what it deploys."""

from __future__ import annotations

import importlib.util
import threading

import pytest

from helix_app.base.errors import HelixError, InputError
from helix_app.cli import cluster as command
from helix_app.protocol.requests import LoadRequest
from helix_app.server.options import ServerOptions
from tests.cli.test_serve import parsed


def test_what_the_command_needs_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    stop = threading.Event()
    monkeypatch.setattr(importlib.util, "find_spec", lambda name, *_: None)
    with pytest.raises(HelixError) as caught:
        command.run(parsed("--ray"), LoadRequest("x"), ServerOptions(), stop)
    assert caught.value.code == "server_ray"
    monkeypatch.setattr(importlib.util, "find_spec", lambda name, *_: object())
    with pytest.raises(InputError):
        command.run(parsed("--ray", "--port", "0"), LoadRequest("x"), ServerOptions(), stop)
