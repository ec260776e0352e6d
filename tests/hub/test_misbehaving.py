"""A server that misbehaves: each way ends in a retry that brings the file, or in the sentence for it."""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from helix_app.base import messages
from helix_app.base.errors import DownloadError
from helix_app.hub import store
from helix_app.hub.download import download
from helix_app.hub.transfer.fetch import Retry
from helix_app.protocol.models.hub import DownloadDone, DownloadProgress
from tests.hub.served.models import AT_ONCE, HUB, OTHER, PAYLOAD, REPO, entry, pull, sha256
from tests.hub.served.server import FileServer
from tests.waiting import wait_for

PARTS = (PAYLOAD[:150_000], PAYLOAD[150_000:290_000], PAYLOAD[290_000:])


class Waits(threading.Event):
    """Never waits, and keeps how long it was asked to."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[float | None] = []

    def wait(self, timeout: float | None = None) -> bool:
        self.asked.append(timeout)
        return self.is_set()


@pytest.mark.parametrize(
    ("behaviour", "asked"),
    [
        ({"drops": [100_000, 50_000]}, 3),
        ({"drops": [0, 0]}, 3),
        ({"statuses": [200, 500, 502]}, 3),
        ({"statuses": [200, 429, 408]}, 3),
        ({"statuses": [200, 503], "drops": [10_000]}, 3),
        ({"ranges": False, "drops": [100_000]}, 2),
        ({"wrong_start": True, "drops": [100_000]}, 3),
        ({"length": False}, 1),
        ({"lies": 1000, "statuses": [200]}, 0),
    ],
    ids=["drops", "drops at once", "5xx", "429, 408", "503 and a drop", "no ranges", "wrong range", "no length", "lie"],
)
def test_what_passes_or_is_noticed_brings_the_right_file_or_none(
    behaviour: dict[str, Any], asked: int, server: FileServer, folder: Path
) -> None:
    served = server.serve_hub(REPO, "tiny.gguf", PAYLOAD, **behaviour)
    if not asked:  # a length that is not the file's is refused before a byte is kept
        with pytest.raises(DownloadError):
            pull(entry())
        assert not list(folder.glob("*.part"))
        return
    path, _ = pull(entry())
    assert sha256(path.read_bytes()) == sha256(PAYLOAD)
    assert len(served.asked) == asked


@pytest.mark.parametrize(
    ("status", "code", "words"),
    [
        (401, "download_login", "access token"),
        (403, "download_gated", f"page of {REPO}"),
        (404, "download_missing", "no longer"),
        (429, "download_busy", "too many requests"),
        (500, "download_server", "fault of its own"),
        (503, "download_server", "fault of its own"),
        (418, "download_source", "No source"),
    ],
)
@pytest.mark.parametrize("where", ["asked", "fetched"])
def test_what_a_server_says_becomes_its_sentence(
    status: int, code: str, words: str, where: str, server: FileServer, folder: Path
) -> None:
    statuses = [] if where == "asked" else [200]  # the question about size and checksum comes first
    server.serve_hub(REPO, "tiny.gguf", PAYLOAD, status=status, statuses=statuses)
    with pytest.raises(DownloadError) as caught:
        pull(entry())
    assert caught.value.code == code
    told = messages.error_text(code, caught.value.fields)
    assert words in told
    assert "–" not in told
    assert not (folder / "tiny.gguf").exists()


def test_a_range_that_is_not_there_begins_anew(server: FileServer, folder: Path) -> None:
    """416: the part has as many bytes as the file and more; it is fetched again from the start."""
    served = server.serve_hub(REPO, "tiny.gguf", PAYLOAD, statuses=[200, 416])
    folder.mkdir(parents=True)
    (folder / f"tiny.gguf.{sha256(PAYLOAD)[:12]}.part").write_bytes(PAYLOAD[:5000])
    assert pull(entry())[0].read_bytes() == PAYLOAD
    assert served.asked == ["bytes=5000-", None]


def test_a_redirect_is_followed_and_keeps_the_token_at_home(
    server: FileServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    with FileServer() as elsewhere:
        stored = elsewhere.serve("/stored", PAYLOAD, drops=[100_000])
        stated = {"ETag": f'"{sha256(PAYLOAD)}"', "X-Linked-Size": str(len(PAYLOAD))}
        first = server.serve_hub(REPO, "tiny.gguf", PAYLOAD, headers=stated)
        updates = download(entry(), threading.Event(), retry=AT_ONCE)
        assert isinstance(next(updates), DownloadProgress)
        first.location = f"{elsewhere.url}/stored"
        done = None
        first.statuses = [200]
        first.location, held = "", first.location
        for done in updates:
            if isinstance(done, DownloadProgress) and done.stage == "download":
                first.location = held
        assert isinstance(done, DownloadDone)
        assert Path(done.path).read_bytes() == PAYLOAD
        assert first.logins[0] == "Bearer hf_secret"
        assert set(stored.logins) <= {None}


def test_a_gated_model_comes_with_the_token(server: FileServer, monkeypatch: pytest.MonkeyPatch) -> None:
    served = server.serve_hub(REPO, "tiny.gguf", PAYLOAD, login="Bearer hf_right")
    with pytest.raises(DownloadError) as caught:
        pull(entry())
    assert caught.value.code == "download_login"
    monkeypatch.setenv("HF_TOKEN", "hf_right")
    assert pull(entry())[0].read_bytes() == PAYLOAD
    assert served.logins[0] is None


@pytest.mark.parametrize(("said", "waited"), [("7", 7.0), ("3600", 60.0), ("soon", 0.0)])
def test_a_server_that_asks_for_a_pause_gets_it_within_reason(said: str, waited: float, server: FileServer) -> None:
    server.serve_hub(REPO, "tiny.gguf", PAYLOAD, statuses=[200, 429], retry_after=said)
    waits = Waits()
    *_, done = download(entry(), waits, retry=Retry(3, 0))
    assert isinstance(done, DownloadDone)
    assert waits.asked == [waited]


def test_paused_killed_and_resumed_the_checksum_is_right(server: FileServer, folder: Path) -> None:
    served = server.serve_hub(REPO, "tiny.gguf", PAYLOAD, hold_at=65_536)
    cancel = threading.Event()
    updates = download(entry(), cancel, retry=AT_ONCE)
    while next(updates).done_bytes < 65_536:  # type: ignore[union-attr]
        pass
    cancel.set()  # paused
    with pytest.raises(DownloadError):
        list(updates)
    served.hold_at, kept = 196_608, store.arrived_bytes(entry())
    served.held.clear()
    code = "from tests.hub.served.models import entry, pull; pull(entry())"
    with subprocess.Popen([sys.executable, "-c", code]) as process:  # another start of the program
        assert served.held.wait(60)
        wait_for(lambda: store.arrived_bytes(entry()) > kept)
        os.kill(process.pid, signal.SIGKILL if hasattr(signal, "SIGKILL") else signal.SIGTERM)
    arrived = store.arrived_bytes(entry())
    served.release.set()
    path, progress = pull(entry())
    assert hashlib.sha256(path.read_bytes()).hexdigest() == sha256(PAYLOAD)
    assert served.asked == [None, f"bytes={kept}-", f"bytes={arrived}-"]
    assert min(event.done_bytes for event in progress if event.stage == "download") == arrived
    assert store.arrived_bytes(entry()) == len(PAYLOAD)


# --------------------------------------------------------------------------- models in several files


def split_entry() -> Any:
    """A model in three files of the hub."""
    names = [f"big-0000{i}-of-00003.gguf" for i in (1, 2, 3)]
    pieces = [
        entry(type(HUB)(REPO, name), id="big", file=name, size_bytes=len(part), sha256=sha256(part))
        for name, part in zip(names, PARTS)
    ]
    first, *rest = pieces
    return type(first)(**{**vars(first), "rest": tuple(rest)})


def test_a_split_model_comes_whole_and_is_told_as_one(server: FileServer, home: Path) -> None:
    model = split_entry()
    served = [server.serve_hub(REPO, piece.file, part) for piece, part in zip(model.pieces, PARTS)]
    served[1].drop_at = 50_000
    with pytest.raises(DownloadError):
        pull(model)
    assert store.find(model) is None
    assert store.arrived_bytes(model) == 150_000 + 50_000
    served[1].drop_at = None
    path, progress = pull(model)
    assert path.name == "big-00001-of-00003.gguf"
    assert store.find(model) == path
    assert b"".join((path.parent / piece.file).read_bytes() for piece in model.pieces) == PAYLOAD
    told = [event for event in progress if event.stage == "download"]
    assert {event.total_bytes for event in told} == {len(PAYLOAD)}
    assert [event.done_bytes for event in told] == sorted(event.done_bytes for event in told)
    assert [s.asked for s in served] == [[None], [None, "bytes=50000-", "bytes=50000-", "bytes=50000-"], [None]]
    *_, done = store.verify(model, threading.Event())
    assert isinstance(done, DownloadDone)
    (path.parent / model.rest[1].file).write_bytes(OTHER[: len(PARTS[2])])
    with pytest.raises(Exception, match="model_corrupt"):
        list(store.verify(model, threading.Event()))


def test_a_split_model_that_does_not_fit_is_refused_before_its_first_file(
    server: FileServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = split_entry()
    served = [server.serve_hub(REPO, piece.file, part) for piece, part in zip(model.pieces, PARTS)]
    monkeypatch.setattr("shutil.disk_usage", lambda path: type("Usage", (), {"free": 200_000}))
    with pytest.raises(DownloadError) as caught:
        pull(model)
    assert caught.value.code == "download_disk_full"
    assert [s.asked for s in served] == [[], [], []]
