"""Bytes of one URL into a part: continued after drops, asked again of busy servers, never more than there are."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from helix_app.hub.transfer.failures import Cancelled, SourceError
from helix_app.hub.transfer.fetch import Remote, Retry, fetch
from helix_app.protocol.models.hub import DownloadProgress
from tests.hub.served.models import AT_ONCE, PAYLOAD, REPO, entry, pull, sha256
from tests.hub.served.server import FileServer, closed_port


@pytest.fixture
def part(tmp_path: Path) -> Path:
    return tmp_path / "file.part"


def remote(url: str, size: int = len(PAYLOAD)) -> Remote:
    return Remote(url, size, sha256(PAYLOAD))


def fetched(source: Remote, part: Path, cancel: threading.Event | None = None) -> list[DownloadProgress]:
    """All progress of a whole fetch."""
    return list(fetch(source, part, "m", cancel or threading.Event(), AT_ONCE))


def refused(source: Remote, part: Path) -> SourceError:
    with pytest.raises(SourceError) as caught:
        fetched(source, part)
    return caught.value


def test_a_file_of_this_computer_is_copied_and_continued(part: Path, tmp_path: Path) -> None:
    file = tmp_path / "a file"
    file.write_bytes(PAYLOAD)
    told = fetched(remote(file.as_uri()), part)
    assert part.read_bytes() == PAYLOAD
    assert [told[0].done_bytes, told[-1].done_bytes] == [0, len(PAYLOAD)]
    assert {(event.model_id, event.stage, event.total_bytes) for event in told} == {("m", "download", len(PAYLOAD))}
    part.write_bytes(PAYLOAD[:1000])
    assert fetched(remote(file.as_uri()), part)[0].done_bytes == 1000
    assert part.read_bytes() == PAYLOAD
    assert remote(file.as_uri()).host == "this computer"


def test_a_part_that_is_whole_is_asked_of_nobody(part: Path) -> None:
    part.write_bytes(PAYLOAD)
    (told,) = fetched(remote(f"http://127.0.0.1:{closed_port()}/x"), part)
    assert told.done_bytes == told.total_bytes == len(PAYLOAD)


def test_a_part_that_is_too_large_begins_anew(server: FileServer, part: Path) -> None:
    served = server.serve("/x", PAYLOAD)
    part.write_bytes(PAYLOAD + b"more")
    fetched(remote(f"{server.url}/x"), part)
    assert part.read_bytes() == PAYLOAD
    assert served.asked == [None]


@pytest.mark.parametrize(
    ("serve", "size", "reason", "word"),
    [
        (lambda server: server.serve("/x", PAYLOAD, status=404), len(PAYLOAD), "refused", "HTTP 404"),
        (lambda server: server.serve("/x", PAYLOAD, status=407), len(PAYLOAD), "network", "HTTP 407"),
        (lambda server: server.serve("/x", PAYLOAD, status=503), len(PAYLOAD), "refused", "HTTP 503"),
        (lambda server: server.serve("/x", PAYLOAD), len(PAYLOAD) + 5, "refused", "expected"),
        (lambda server: server.serve("/x", PAYLOAD, length=False), len(PAYLOAD) - 5, "refused", "more bytes"),
        (
            lambda server: server.serve("/x", PAYLOAD, headers={"Content-Encoding": "gzip"}),
            len(PAYLOAD),
            "refused",
            "compressed",
        ),
        (lambda server: server.serve("/x", PAYLOAD, drop_at=100_000), len(PAYLOAD), "interrupted", "100000 of"),
    ],
    ids=["missing", "login", "busy", "another size", "longer", "compressed", "broken off"],
)
def test_why_a_server_gave_no_file(
    server: FileServer, part: Path, serve: Callable[[FileServer], object], size: int, reason: str, word: str
) -> None:
    serve(server)
    error = refused(remote(f"{server.url}/x", size), part)
    assert error.reason == reason
    assert error.host.startswith("127.0.0.1")
    assert word in error.text


def test_where_nobody_answers_no_credentials_are_told(part: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    port = closed_port()
    error = refused(remote(f"http://somebody:secret@127.0.0.1:{port}/x"), part)
    assert (error.reason, error.host) == ("network", f"127.0.0.1:{port}")
    assert not part.exists()


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("http://[::1", ""),  # not even its host can be told
        ("http://somebody:secret@127.0.0.1:port/x", "127.0.0.1:port"),
        ("file:///no/such/file", ""),
    ],
)
def test_what_cannot_be_opened_at_all_is_refused(part: Path, url: str, host: str) -> None:
    error = refused(remote(url), part)
    assert (error.reason, error.host) == ("refused", host)


class Watched(threading.Event):
    """Notes how long somebody was going to wait for Stop; pressed at once or never."""

    def __init__(self, *, pressed: bool) -> None:
        super().__init__()
        self.pressed, self.waits = pressed, list[float]()

    def wait(self, timeout: float | None = None) -> bool:
        self.waits.append(timeout or 0.0)
        return self.pressed


def test_tries_are_ever_further_apart(server: FileServer, part: Path) -> None:
    served = server.serve("/x", PAYLOAD, status=503)
    cancel = Watched(pressed=False)
    with pytest.raises(SourceError):
        list(fetch(remote(f"{server.url}/x"), part, "m", cancel, Retry(attempts=4, backoff_seconds=10)))
    assert cancel.waits == [10, 20, 40]
    assert len(served.asked) == 4


def test_stop_ends_the_wait_before_another_try(server: FileServer, part: Path) -> None:
    served = server.serve("/x", PAYLOAD, status=503)
    with pytest.raises(Cancelled):
        list(fetch(remote(f"{server.url}/x"), part, "m", Watched(pressed=True), Retry(5, 3600)))
    assert len(served.asked) == 1


# --------------------------------------------------------------------------- as downloads see it


def test_resumes_after_drops(server: FileServer) -> None:
    served = server.serve_hub(REPO, "tiny.gguf", PAYLOAD, drops=[100_000, 70_000])
    path, _ = pull(entry())
    assert path.read_bytes() == PAYLOAD
    assert served.asked == [None, "bytes=100000-", "bytes=170000-"]


def test_a_server_that_ignores_range_restarts(server: FileServer) -> None:
    served = server.serve_hub(REPO, "tiny.gguf", PAYLOAD, drops=[100_000], ranges=False)
    path, _ = pull(entry())
    assert path.read_bytes() == PAYLOAD
    assert served.asked == [None, "bytes=100000-"]


def test_a_server_that_continues_elsewhere_restarts(server: FileServer) -> None:
    served = server.serve_hub(REPO, "tiny.gguf", PAYLOAD, drops=[100_000], wrong_start=True)
    path, _ = pull(entry())
    assert path.read_bytes() == PAYLOAD
    assert served.asked == [None, "bytes=100000-", None]


def test_busy_server_is_asked_again(server: FileServer) -> None:
    served = server.serve_hub(REPO, "tiny.gguf", PAYLOAD, statuses=[200, 503, 429])
    assert pull(entry())[0].read_bytes() == PAYLOAD
    assert len(served.asked) == 3


def test_a_length_left_unsaid(server: FileServer) -> None:
    server.serve_hub(REPO, "tiny.gguf", PAYLOAD, length=False)
    assert pull(entry())[0].read_bytes() == PAYLOAD
