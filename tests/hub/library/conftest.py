"""The home and the server of the hub's tests."""

from __future__ import annotations

from tests.hub.conftest import folder as folder, home as home, no_thread_stays as no_thread_stays, server as server
