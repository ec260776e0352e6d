"""Downloads that arrive: fresh, continued, cancelled and continued, and never seen half."""

from __future__ import annotations

import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from helix_app.base.errors import DownloadError
from helix_app.hub import store
from helix_app.hub.catalog import BundledSource, Catalog
from helix_app.hub.download import download, download_events
from helix_app.protocol.models.hub import DownloadDone, DownloadFailed
from tests.hub.served.models import (
    AT_ONCE,
    HUB,
    OTHER,
    PAYLOAD,
    REPO,
    WHEEL,
    cut_source,
    entry,
    pull,
    sha256,
    wheel_source,
)
from tests.hub.served.server import FileServer, Served
from tests.waiting import wait_for


def parts(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.part"))


def test_fresh_download(server: FileServer, folder: Path) -> None:
    server.serve_hub(REPO, "tiny.gguf", PAYLOAD)
    path, progress = pull(entry())
    assert path == folder / "tiny.gguf"
    assert path.read_bytes() == PAYLOAD
    assert list(dict.fromkeys(update.stage for update in progress)) == ["connect", "download", "verify"]
    assert progress[-1].done_bytes == progress[-1].total_bytes == len(PAYLOAD)
    assert store.is_verified(entry(), path)
    assert parts(folder) == []


def test_second_download_asks_nobody(server: FileServer) -> None:
    served = server.serve_hub(REPO, "tiny.gguf", PAYLOAD)
    pull(entry())
    asked = len(served.requests)
    assert pull(entry())[1] == []
    assert len(served.requests) == asked


def test_size_and_checksum_from_the_hub(server: FileServer) -> None:
    server.serve_hub(REPO, "tiny.gguf", PAYLOAD)
    path, _ = pull(entry(known=False))
    note = store.read_note(path)
    assert note is not None
    assert (note.sha256, note.size_bytes) == (sha256(PAYLOAD), len(PAYLOAD))


def test_cancel_keeps_the_part_and_the_next_continues(server: FileServer, folder: Path) -> None:
    served = server.serve_hub(REPO, "tiny.gguf", PAYLOAD, hold_at=98_304)
    cancel = threading.Event()
    updates = download(entry(), cancel, retry=AT_ONCE)
    while next(updates).done_bytes < 98_304:  # type: ignore[union-attr]
        pass
    cancel.set()  # the server sends nothing more: the wait for bytes itself has to end
    with pytest.raises(DownloadError) as caught:
        list(updates)
    assert caught.value.code == "download_cancelled"
    assert not (folder / "tiny.gguf").exists()
    assert parts(folder)[0].read_bytes() == PAYLOAD[:98_304]
    served.release.set()
    assert pull(entry())[0].read_bytes() == PAYLOAD
    assert served.asked == [None, "bytes=98304-"]


def test_cancelled_before_it_began(server: FileServer) -> None:
    cancel = threading.Event()
    cancel.set()
    with pytest.raises(DownloadError) as caught:
        pull(entry(), cancel)
    assert caught.value.code == "download_cancelled"


def test_an_abandoned_generator_frees_the_lock(server: FileServer) -> None:
    served = server.serve_hub(REPO, "tiny.gguf", PAYLOAD, hold_at=98_304)
    updates = download(entry(), threading.Event(), retry=AT_ONCE)
    while next(updates).done_bytes == 0:  # type: ignore[union-attr]
        pass
    updates.close()  # type: ignore[attr-defined]
    served.release.set()
    assert pull(entry())[0].read_bytes() == PAYLOAD


def test_continues_what_a_killed_process_left(server: FileServer, folder: Path) -> None:
    """The part and the lock of a dead process are taken over."""
    served = server.serve_hub(REPO, "tiny.gguf", PAYLOAD, hold_at=98_304)
    code = "from tests.hub.served.models import entry, pull; pull(entry())"
    with subprocess.Popen([sys.executable, "-c", code]) as process:
        assert served.held.wait(60)
        wait_for(lambda: any(part.stat().st_size for part in parts(folder)))
        with pytest.raises(DownloadError) as caught:
            pull(entry())
        assert caught.value.code == "download_locked"
        process.kill()
    arrived = parts(folder)[0].stat().st_size
    served.release.set()
    assert pull(entry())[0].read_bytes() == PAYLOAD
    assert served.asked == [None, f"bytes={arrived}-"]


def test_final_name_appears_only_when_whole(server: FileServer, folder: Path) -> None:
    server.serve_hub(REPO, "tiny.gguf", PAYLOAD, drops=[100_000])
    for update in download(entry(), threading.Event(), retry=AT_ONCE):
        assert (folder / "tiny.gguf").exists() == isinstance(update, DownloadDone)


def test_a_bad_part_is_fetched_again_from_zero(server: FileServer, folder: Path) -> None:
    served = server.serve_hub(REPO, "tiny.gguf", PAYLOAD)
    folder.mkdir(parents=True)
    (folder / f"tiny.gguf.{sha256(PAYLOAD)[:12]}.part").write_bytes(b"x" * 1000)
    assert pull(entry())[0].read_bytes() == PAYLOAD
    assert served.asked == ["bytes=1000-", None]


@pytest.mark.parametrize("size", [len(PAYLOAD), len(PAYLOAD) + 10])
def test_a_part_as_large_as_the_file_but_wrong(server: FileServer, folder: Path, size: int) -> None:
    served = server.serve_hub(REPO, "tiny.gguf", PAYLOAD)
    folder.mkdir(parents=True)
    (folder / f"tiny.gguf.{sha256(PAYLOAD)[:12]}.part").write_bytes(b"x" * size)
    assert pull(entry())[0].read_bytes() == PAYLOAD
    assert served.asked == [None]


def test_a_whole_part_needs_no_network(server: FileServer, folder: Path) -> None:
    folder.mkdir(parents=True)
    (folder / f"tiny.gguf.{sha256(PAYLOAD)[:12]}.part").write_bytes(PAYLOAD)
    assert pull(entry())[0].read_bytes() == PAYLOAD


def test_a_file_copied_by_hand_is_taken(server: FileServer, folder: Path) -> None:
    served = server.serve_hub(REPO, "tiny.gguf", PAYLOAD)
    folder.mkdir(parents=True)
    (folder / "tiny.gguf").write_bytes(PAYLOAD)
    assert pull(entry())[0] == folder / "tiny.gguf"
    assert served.requests == []
    (folder / "tiny.gguf.json").unlink()
    pull(entry(known=False))
    assert served.asked == []


@pytest.mark.parametrize("known", [True, False])
def test_a_damaged_file_is_replaced(server: FileServer, folder: Path, known: bool) -> None:
    server.serve_hub(REPO, "tiny.gguf", PAYLOAD)
    folder.mkdir(parents=True)
    (folder / "tiny.gguf").write_bytes(OTHER)
    assert pull(entry(known=known))[0].read_bytes() == PAYLOAD


def test_wheel_member_is_unpacked(server: FileServer, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    served = server.serve("/tiny.whl", WHEEL, drops=[100_000])
    monkeypatch.setattr("helix_app.hub.sources.find_wheel", lambda *args: f"{server.url}/tiny.whl")
    path, progress = pull(entry(wheel_source()))
    assert path.read_bytes() == PAYLOAD
    assert list(dict.fromkeys(update.stage for update in progress)) == ["connect", "download", "verify", "unpack"]
    assert served.asked == [None, "bytes=100000-"]
    assert sorted(file.name for file in folder.iterdir() if file.name != ".lock") == ["tiny.gguf", "tiny.gguf.json"]


def test_cancel_while_unpacking(server: FileServer, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    served = server.serve("/tiny.whl", WHEEL)
    monkeypatch.setattr("helix_app.hub.sources.find_wheel", lambda *args: f"{server.url}/tiny.whl")
    cancel = threading.Event()
    updates = download(entry(wheel_source()), cancel, retry=AT_ONCE)
    while next(updates).stage != "unpack":  # type: ignore[union-attr]
        pass
    cancel.set()
    with pytest.raises(DownloadError) as caught:
        list(updates)
    assert caught.value.code == "download_cancelled"
    assert [file.suffix for file in folder.iterdir() if file.name != ".lock"] == [".part"]
    assert pull(entry(wheel_source()))[0].read_bytes() == PAYLOAD
    assert len(served.asked) == 1


def serve_cuts(server: FileServer, monkeypatch: pytest.MonkeyPatch, data: dict[str, bytes]) -> list[Served]:
    """Have pip find these wheels at the server."""
    monkeypatch.setattr("helix_app.hub.sources.find_wheel", lambda package, *args: f"{server.url}/{package}.whl")
    return [server.serve(f"/{name}.whl", wheel) for name, wheel in data.items()]


def test_a_model_in_several_wheels(server: FileServer, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source, data = cut_source(100_000, 250_000)
    serve_cuts(server, monkeypatch, data)
    path, progress = pull(entry(source))
    assert path.read_bytes() == PAYLOAD
    downloads = [update for update in progress if update.stage == "download"]
    assert {update.total_bytes for update in downloads} == {sum(map(len, data.values()))}
    done = [update.done_bytes for update in downloads]
    assert done == sorted(done)
    assert done[-1] == sum(map(len, data.values()))
    assert all(update.packed for update in downloads)
    assert sorted(file.name for file in folder.iterdir() if file.name != ".lock") == ["tiny.gguf", "tiny.gguf.json"]


def test_wheels_that_are_here_are_not_fetched_again(
    server: FileServer, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, data = cut_source(100_000, 250_000)
    served = serve_cuts(server, monkeypatch, data)
    cancel = threading.Event()
    updates = download(entry(source), cancel, retry=AT_ONCE)
    first = len(data["tiny-part0"])
    while (event := next(updates)).stage != "download" or event.done_bytes <= first:  # type: ignore[union-attr]
        pass
    cancel.set()
    with pytest.raises(DownloadError):
        list(updates)
    assert store.arrived_bytes(entry(source)) > first
    assert pull(entry(source))[0].read_bytes() == PAYLOAD
    assert len(served[0].asked) == 1


def test_wheels_in_another_order_are_no_model(server: FileServer, monkeypatch: pytest.MonkeyPatch) -> None:
    source, data = cut_source(100_000)
    serve_cuts(server, monkeypatch, data)
    first, second = source.pieces
    with pytest.raises(DownloadError) as caught:
        pull(entry(replace(second, rest=(first,))))
    assert caught.value.code == "download_checksum"


def test_the_copy_shipped_with_the_program_comes_first(
    server: FileServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shipped = tmp_path / "models" / "tiny.gguf"
    shipped.parent.mkdir()
    monkeypatch.setattr("helix_app.base.process.paths.resource", lambda *names: tmp_path.joinpath(*names))
    served = server.serve_hub(REPO, "tiny.gguf", PAYLOAD)
    model = entry(BundledSource("models/tiny.gguf"), HUB)
    shipped.write_bytes(PAYLOAD)
    assert pull(model)[0] == shipped
    assert served.requests == []
    shipped.write_bytes(OTHER)
    path, _ = pull(model)
    assert (path.read_bytes(), store.find(model)) == (PAYLOAD, path)


def test_events_end_with_done_or_failed(server: FileServer) -> None:
    server.serve_hub(REPO, "tiny.gguf", PAYLOAD)
    catalog = Catalog((entry(),))
    assert isinstance(list(download_events("tiny", threading.Event(), catalog=catalog))[-1], DownloadDone)
    unknown = list(download_events("huge", threading.Event(), catalog=catalog))
    assert unknown == [DownloadFailed("huge", "model_unknown", "", (("name", "huge"), ("known", "tiny")))]
