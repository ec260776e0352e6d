"""Keys of servers: in a keyring, or in a file of one's own."""

from __future__ import annotations

import os
import stat
import sys
from pathlib import Path

import pytest

from helix_app.base.process.keys import KeyStore, system_keyring


class Ring:
    """A keyring in memory."""

    def __init__(self, locked: bool = False) -> None:
        self.kept: dict[str, str] = {}
        self.locked = locked

    def _check(self) -> None:
        if self.locked:
            raise RuntimeError("locked")

    def get_password(self, service: str, name: str) -> str | None:
        self._check()
        return self.kept.get(name)

    def set_password(self, service: str, name: str, password: str) -> None:
        self._check()
        self.kept[name] = password

    def delete_password(self, service: str, name: str) -> None:
        del self.kept[name]


@pytest.mark.parametrize("ring", [None, Ring(locked=True)], ids=["none", "locked"])
def test_without_a_keyring_a_file_that_its_owner_alone_reads(tmp_path: Path, ring: Ring | None) -> None:
    store = KeyStore(tmp_path / "sub" / "keys.json", lambda: ring)
    assert store.get("a") == ""
    store.set("a", "secret")
    store.set("b", "other")
    assert (store.get("a"), store.get("b")) == ("secret", "other")
    if sys.platform != "win32":
        assert stat.S_IMODE(os.stat(store.path).st_mode) == 0o600
    store.set("a", "")
    assert store.get("a") == ""
    assert "secret" not in store.path.read_text(encoding="utf-8")
    store.path.write_text("{broken", encoding="utf-8")
    assert store.get("b") == ""


def test_a_keyring_is_taken_where_there_is_one(tmp_path: Path) -> None:
    ring = Ring()
    path = tmp_path / "keys.json"
    KeyStore(path, lambda: None).set("a", "old")
    store = KeyStore(path, lambda: ring)
    assert store.get("a") == "old"
    store.set("a", "secret")
    assert ring.kept == {"a": "secret"}
    assert path.read_text(encoding="utf-8") == "{}"
    store.set("a", "")
    assert not ring.kept


def test_no_package_or_no_usable_keyring_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "keyring", None)
    assert system_keyring() is None
