"""A proxy that fails is named with where it was set, never with its password."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from pathlib import Path

import huggingface_hub
import pytest
from huggingface_hub import constants

from helix_app.base import messages
from helix_app.base.errors import DownloadError
from helix_app.hub.sources import find_wheel
from helix_app.hub.transfer import proxies
from helix_app.hub.transfer.failures import SourceError
from helix_app.hub.transfer.fetch import Remote, Retry, fetch
from helix_app.hub.transfer.proxies import Proxy, pip_config, pip_proxy, proxy_for, without_secrets
from tests.hub.served.models import PAYLOAD, entry, pull, sha256
from tests.hub.served.server import FileServer, closed_port

NAMES = [f"{kind}_proxy" for kind in ("http", "https", "all", "no")]


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No proxy but those that a test sets; the hub's library keeps a client, and with it the proxy it was made with."""
    for name in (*NAMES, *(name.upper() for name in NAMES), *(n for n in os.environ if n.startswith("PIP_"))):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    huggingface_hub.close_session()
    yield
    huggingface_hub.close_session()


@pytest.mark.parametrize(
    ("name", "value", "url", "want"),
    [
        ("HTTPS_PROXY", "http://ann:secret@proxy.home:3128/", "https://x.org/f", "proxy.home:3128"),
        ("https_proxy", "proxy.home:3128", "https://x.org/f", "proxy.home:3128"),
        ("HTTP_PROXY", "http://proxy.home:80", "http://x.org/f", "proxy.home:80"),
        ("ALL_PROXY", "socks5://ann:p/w@proxy.home:1080", "https://x.org/f", "proxy.home:1080"),
        ("HTTP_PROXY", "http://proxy.home:80", "https://x.org/f", None),
        ("HTTPS_PROXY", "http://proxy.home:80", "file:///tmp/f", None),
    ],
)
def test_the_proxy_of_a_url(monkeypatch: pytest.MonkeyPatch, name: str, value: str, url: str, want: str | None) -> None:
    monkeypatch.setenv(name, value)
    assert proxy_for(url) == (Proxy(want, name) if want else None)


def test_hosts_that_go_around_it_have_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.home:80")
    monkeypatch.setenv("NO_PROXY", "x.org")
    assert proxy_for("https://x.org/f") is None
    assert proxy_for("https://y.org/f") is not None


def test_a_proxy_of_the_system(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(proxies, "getproxies", lambda: {"https": "http://proxy.office:8080"})
    assert proxy_for("https://x.org") == Proxy("proxy.office:8080", "the system's settings")


def test_pip_has_a_proxy_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    listing = "global.index-url='https://index.home/simple'\nglobal.proxy='http://ann:secret@proxy.pip:1'\n"
    assert pip_proxy(pip_config(listing)) == Proxy("proxy.pip:1", "pip's configuration")
    assert pip_proxy(pip_config(":env:.proxy='proxy.env:2'\n" + listing)) == Proxy("proxy.env:2", "PIP_PROXY")
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.home:3")
    assert pip_proxy({}) == Proxy("proxy.home:3", "HTTPS_PROXY")
    monkeypatch.setenv("NO_PROXY", "index.home")
    assert pip_proxy({"global.index-url": "https://index.home/simple"}) is None


def test_passwords_are_taken_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://ann:secret@proxy.home:80")
    told = without_secrets("failed: http://ann:secret@proxy.home:80, user ann, 'secret'")
    assert "secret" not in told
    assert "proxy.home:80" in told


def test_the_password_of_a_mirror_is_taken_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "https://ann:secret@mirror.home/hub")
    assert without_secrets("https://ann:secret@mirror.home/hub/a 'secret'") == "https://***@mirror.home/hub/a '***'"


def fails() -> tuple[DownloadError, str]:
    with pytest.raises(DownloadError) as caught:
        pull(entry())
    error = caught.value
    sentence = messages.error_text(error.code, error.fields)
    assert "–" not in sentence
    assert "secret" not in sentence + error.detail
    return error, sentence


@pytest.mark.parametrize("kind", ["HTTP_PROXY", "ALL_PROXY"])
def test_a_download_names_the_proxy_that_does_not_answer(monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    port = closed_port()
    monkeypatch.setenv("HF_ENDPOINT", "http://hub.example")
    monkeypatch.setenv(kind, f"http://ann:secret@127.0.0.1:{port}")
    error, sentence = fails()
    assert error.code == "download_proxy"
    assert f"127.0.0.1:{port}" in sentence
    assert kind in sentence
    assert "hub.example" in sentence


def test_a_proxy_setting_that_makes_no_sense_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "http://hub.example")
    monkeypatch.setenv("HTTP_PROXY", "gopher://ann:secret@proxy.home:70")
    error, sentence = fails()
    assert error.code == "download_proxy"
    assert "proxy.home:70" in sentence


def test_a_proxy_that_asks_for_a_login_is_named(
    server: FileServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.serve(f"{server.url}/f", b"log in", status=407)  # a proxy is asked for the whole URL
    monkeypatch.delenv("NO_PROXY")
    monkeypatch.setenv("http_proxy", server.url)
    remote = Remote(f"{server.url}/f", len(PAYLOAD), sha256(PAYLOAD))
    with pytest.raises(SourceError) as caught:
        list(fetch(remote, tmp_path / "f.part", "tiny", threading.Event(), Retry(1)))
    assert caught.value.reason == "network"
    assert caught.value.proxy == Proxy(server.url.removeprefix("http://"), "http_proxy")


def test_pip_names_the_proxy_that_does_not_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    port = closed_port()
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_INDEX_URL", "https://index.example/simple")
    monkeypatch.setenv("PIP_PROXY", f"http://127.0.0.1:{port}")
    with pytest.raises(SourceError) as caught:
        find_wheel("tiny-model", "1.0", "0" * 64, threading.Event())
    assert caught.value.reason == "network"
    assert caught.value.proxy == Proxy(f"127.0.0.1:{port}", "PIP_PROXY")


def test_without_a_proxy_nothing_is_said_of_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{closed_port()}")
    assert fails()[0].code == "download_no_network"
