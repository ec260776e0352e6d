"""A newer version is looked for where a person wants it, once a day, and with nothing but the request."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

import helix_app
from helix_app.base.settings import Settings, save
from helix_app.hub import updates
from helix_app.protocol.inquiries import UpdateKnown
from tests.hub.served.server import closed_port

NEWER = {"tag_name": "v9.1.0", "html_url": "https://example.org/releases/v9.1.0"}


class Page(ThreadingHTTPServer):
    """A releases page on loopback; it keeps what it was sent."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answer: bytes = json.dumps(NEWER).encode()
        self.status = 200
        self.asked: list[tuple[str, dict[str, str]]] = []


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        page = self.server
        assert isinstance(page, Page)
        page.asked.append((self.path, {name.lower(): value for name, value in self.headers.items()}))
        self.send_response(page.status)
        self.send_header("Content-Length", str(len(page.answer)))
        self.end_headers()
        self.wfile.write(page.answer)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def page(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Page]:
    monkeypatch.setenv("HELIX_HOME", str(tmp_path))
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    made = Page()
    monkeypatch.setattr(helix_app, "RELEASES", f"http://127.0.0.1:{made.server_address[1]}/api/releases/latest")
    thread = threading.Thread(target=made.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    save(Settings(updates=True))
    yield made
    made.shutdown()
    made.server_close()
    thread.join()


def looked(now: float = 1e9) -> UpdateKnown:
    return updates.look(threading.Event(), lambda: now)


def test_it_is_off_unless_a_person_wants_it(page: Page) -> None:
    assert Settings().updates is False
    save(Settings())
    assert looked() == UpdateKnown("off")
    assert page.asked == []


def test_the_page_is_asked_once_a_day_and_told_nothing(page: Page) -> None:
    known = UpdateKnown("newer", "9.1.0", NEWER["html_url"], 1e9)
    assert looked() == known
    assert looked(1e9 + updates.DAY - 1) == known
    assert len(page.asked) == 1
    path, headers = page.asked[0]
    assert path == "/api/releases/latest"
    assert set(headers) <= {"host", "accept", "accept-encoding", "connection", "user-agent"}
    assert headers["user-agent"] == "Helix"
    page.answer = json.dumps({"tag_name": helix_app.__version__}).encode()
    later = 1e9 + updates.DAY
    assert looked(later) == UpdateKnown("newest", helix_app.__version__, looked=later)
    assert len(page.asked) == 2


def test_what_was_told_long_ago_keeps_its_date(page: Page) -> None:
    page.answer = json.dumps({"tag_name": helix_app.__version__}).encode()
    known = looked()
    page.status = 500
    for days in (1, 90):
        assert looked(1e9 + days * updates.DAY) == known == UpdateKnown("newest", helix_app.__version__, looked=1e9)
    assert len(page.asked) == 3
    page.status = 200
    assert looked(1e9 + 91 * updates.DAY).looked == 1e9 + 91 * updates.DAY


def test_a_file_that_does_not_say_when_is_no_answer(page: Page, tmp_path: Path) -> None:
    looked()
    (file,) = tmp_path.rglob("updates.json")
    kept = json.loads(file.read_text(encoding="utf-8"))
    del kept["told"]
    file.write_text(json.dumps(kept), encoding="utf-8")
    assert looked(1e9 + 60).looked == 1e9 + 60


@pytest.mark.parametrize(
    ("status", "answer"),
    [(500, b"{}"), (200, b"<html>"), (200, b"[]"), (200, b'{"tag_name": 3}'), (200, b'{"tag_name": "nightly"}')],
)
def test_a_page_that_says_nothing_is_not_asked_again_that_day(
    page: Page, status: int, answer: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    page.status, page.answer = status, answer
    caplog.set_level("INFO")
    assert looked() == UpdateKnown("unknown")
    assert looked(1e9 + 60) == UpdateKnown("unknown")
    assert len(page.asked) == 1
    assert "the releases page gave no answer" in caplog.text


def test_nobody_there_is_logged_alone(page: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(helix_app, "RELEASES", f"http://127.0.0.1:{closed_port()}/latest")
    assert looked() == UpdateKnown("unknown")


def test_offline_is_obeyed_and_not_counted_as_asked(page: Page) -> None:
    save(Settings(updates=True, offline=True))
    assert looked() == UpdateKnown("unknown")
    assert page.asked == []
    save(Settings(updates=True, offline=False))
    assert looked().state == "newer"


def test_a_proxy_is_taken_as_for_downloads(page: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{page.server_address[1]}")
    monkeypatch.setattr(helix_app, "RELEASES", "http://releases.invalid/latest")
    assert looked().state == "newer"
    assert page.asked[0][0] == "http://releases.invalid/latest"


def test_without_an_address_it_says_so(page: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(helix_app, "RELEASES", "")
    assert looked() == UpdateKnown("no_address")


@pytest.mark.parametrize(
    ("version", "than", "newer"),
    [
        ("v1.10", "1.9.3", True),
        ("1.0", "1.0.0", False),
        ("0.9.9", "1.0", False),
        ("1.0.1", "1.0", True),
        ("2.0-rc1", "1.9", True),
        ("", "0.1", False),
    ],
)
def test_versions_are_compared_by_their_numbers(version: str, than: str, newer: bool) -> None:
    assert updates.is_newer(version, than) is newer
