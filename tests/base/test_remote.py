"""Addresses of servers, as people write them."""

from __future__ import annotations

import pytest

from helix_app.base.errors import InputError
from helix_app.base.remote import RemoteModel, base_url, is_local, is_remote, remote_model


@pytest.mark.parametrize(
    ("written", "url"),
    [
        ("localhost:8765", "http://localhost:8765/v1"),
        (" http://127.0.0.1:8765/ ", "http://127.0.0.1:8765/v1"),
        ("HTTPS://api.example.com/v1/", "https://api.example.com/v1"),
        ("https://host/openai/v1/chat/completions", "https://host/openai/v1"),
        ("http://[::1]:80/v1/models", "http://[::1]:80/v1"),
    ],
)
def test_an_address_becomes_the_base_of_an_api(written: str, url: str) -> None:
    assert base_url(written) == url


@pytest.mark.parametrize(
    "written", ["", "  ", "http://", "a b", "ftp://x", "http://me:secret@host", "http://host:port"]
)
def test_what_is_no_address_is_refused_without_telling_a_password(written: str) -> None:
    with pytest.raises(InputError) as caught:
        base_url(written)
    assert caught.value.code == "remote_address"
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("model", ["tiny", "org/name:q4", "with space", "ä#1", ""])
def test_a_target_names_server_and_model(model: str) -> None:
    place = RemoteModel("http://127.0.0.1:8765/v1", model)
    assert is_remote(place.target)
    assert remote_model(place.target) == place
    assert place.host == "127.0.0.1:8765"
    assert is_local(place.url)


def test_models_of_this_computer_are_none() -> None:
    assert not any(is_remote(target) for target in ("smollm2-135m-instruct", "/m/http.gguf", "C:\\m.gguf", ""))
    assert not is_local("https://example.com/v1")
