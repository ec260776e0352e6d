"""Keys of servers: in a keyring, or in a file of one's own."""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from helix_app.base.process import keys
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


def test_a_file_that_cannot_be_read_just_then_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = KeyStore(tmp_path / "keys.json", lambda: None)
    store.set("a", "secret")

    def refuse(path: Path) -> bytes:
        raise PermissionError(13, "Permission denied")

    with monkeypatch.context() as patched:
        patched.setattr(Path, "read_bytes", refuse)
        assert store.get("a") == ""
        with pytest.raises(PermissionError):
            store.set("b", "other")
    assert (store.get("a"), store.get("b")) == ("secret", "")


def test_a_damaged_file_is_kept_beside_the_new_one(tmp_path: Path) -> None:
    store = KeyStore(tmp_path / "keys.json", lambda: None)
    for number, damaged in enumerate(("{broken", "[]")):
        store.path.write_text(damaged, encoding="utf-8")
        store.set("a", "secret")
        assert store.get("a") == "secret"
        assert (tmp_path / f"keys.json.bad{number or ''}").read_text(encoding="utf-8") == damaged


def test_a_byte_order_mark_costs_no_key(tmp_path: Path) -> None:
    store = KeyStore(tmp_path / "keys.json", lambda: None)
    store.path.write_text('{"a": "secret"}', encoding="utf-8-sig")
    assert store.get("a") == "secret"
    store.set("b", "other")
    assert (store.get("a"), store.get("b")) == ("secret", "other")


def test_what_another_program_keeps_meanwhile_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = KeyStore(tmp_path / "keys.json", lambda: None)

    @contextmanager
    def meanwhile(path: Path) -> Iterator[None]:
        path.write_text('{"b": "other"}', encoding="utf-8")
        yield

    monkeypatch.setattr(keys, "locked", meanwhile)
    store.set("a", "secret")
    assert (store.get("a"), store.get("b")) == ("secret", "other")


def test_no_package_or_no_usable_keyring_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "keyring", None)
    assert system_keyring() is None
