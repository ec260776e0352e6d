"""How the hub is reached: mirror, offline, and the access token in the keyring or the environment."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from helix_app.base import messages
from helix_app.base.errors import HelixError
from helix_app.base.settings import Settings, save
from helix_app.hub import access

keyring = pytest.importorskip("keyring")
from keyring.backend import KeyringBackend  # noqa: E402
from keyring.errors import KeyringLocked, PasswordDeleteError  # noqa: E402


class Kept(KeyringBackend):
    """A keyring in memory."""

    priority = 1  # type: ignore[assignment]

    def __init__(self) -> None:
        super().__init__()
        self.kept: dict[tuple[str, str], str] = {}
        self.locked = False

    def get_password(self, service: str, username: str) -> str | None:
        if self.locked:
            raise KeyringLocked("it is locked")
        return self.kept.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        if self.locked:
            raise KeyringLocked("it is locked")
        self.kept[(service, username)] = password

    def delete_password(self, service: str, username: str) -> None:
        if (service, username) not in self.kept:
            raise PasswordDeleteError("nothing there")
        del self.kept[(service, username)]


@pytest.fixture
def own_keyring() -> object:
    before = keyring.get_keyring()
    made = Kept()
    keyring.set_keyring(made)
    yield made
    keyring.set_keyring(before)


def test_a_mirror_stands_for_the_hub(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HF_ENDPOINT", raising=False)
    assert access.endpoint() == "https://huggingface.co"
    monkeypatch.setenv("HF_ENDPOINT", "https://mirror.example/")
    assert access.endpoint() == "https://mirror.example"


def test_offline_by_the_setting_or_the_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)
    assert access.offline() == ""
    access.check_online()
    save(Settings(offline=True))
    assert access.offline() == "setting"
    with pytest.raises(HelixError) as caught:
        access.check_online()
    assert caught.value.code == "hub_offline"
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    assert access.offline() == "HF_HUB_OFFLINE"
    with pytest.raises(HelixError) as caught:
        access.check_online()
    assert "HF_HUB_OFFLINE" in messages.error_text(caught.value.code, caught.value.fields)


def test_the_token_is_kept_in_the_keyring_and_the_environment_comes_first(
    own_keyring: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert access.find_token() == ("", "")
    assert access.token() is False
    access.keep_token("  hf_kept \n")
    assert own_keyring.kept == {(access.SERVICE, access.USER): "hf_kept"}
    assert access.find_token() == ("hf_kept", "keyring")
    monkeypatch.setenv("HF_TOKEN", "hf_named")
    assert access.find_token() == ("hf_named", "environment")
    monkeypatch.delenv("HF_TOKEN")
    access.keep_token("")
    access.keep_token("")  # there is none to delete
    assert access.find_token() == ("", "")


def test_the_hubs_own_login_counts(own_keyring: Kept, tmp_path: Path) -> None:
    (tmp_path / "person").mkdir()
    (tmp_path / "person" / "token").write_text("hf_login")
    assert access.find_token() == ("hf_login", "hub_login")


def test_a_keyring_that_is_locked_or_missing_says_so(own_keyring: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    own_keyring.locked = True
    assert access.find_token() == ("", "")
    with pytest.raises(HelixError) as caught:
        access.keep_token("hf_new")
    assert caught.value.code == "token_not_kept"
    assert "it is locked" in messages.error_text(caught.value.code, caught.value.fields)
    monkeypatch.setitem(sys.modules, "keyring", None)  # as where it is not installed
    assert access.find_token() == ("", "")
    with pytest.raises(HelixError) as caught:
        access.keep_token("hf_new")
    assert caught.value.code == "token_no_keyring"
    assert "HF_TOKEN" in messages.error_text(caught.value.code, caught.value.fields)


def test_a_keyring_that_fails_while_it_is_imported_gives_none(monkeypatch: pytest.MonkeyPatch) -> None:
    class Broken:
        def find_spec(self, name: str, *_: object) -> None:
            if name == "keyring":
                raise RuntimeError("no service")

    monkeypatch.delitem(sys.modules, "keyring")
    monkeypatch.setattr(sys, "meta_path", [Broken(), *sys.meta_path])
    assert access.find_token() == ("", "")
    with pytest.raises(HelixError) as caught:
        access.keep_token("hf_new")
    assert caught.value.code == "token_no_keyring"
