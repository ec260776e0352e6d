"""What is on this computer, and whether it is whole."""

from __future__ import annotations

import json
import os
import threading
from pathlib import Path

import pytest

from helix_app.base.errors import DownloadError, HelixError, ModelFileError
from helix_app.hub import store
from helix_app.hub.catalog import Catalog
from helix_app.hub.transfer.failures import format_bytes
from helix_app.protocol.models.hub import DownloadDone
from tests.engine.made.tiny import write_gguf
from tests.hub.served.models import OTHER, PAYLOAD, REPO, entry, pull
from tests.hub.served.server import FileServer, closed_port


def verify(model: object) -> list[object]:
    return list(store.verify(model, threading.Event()))  # type: ignore[arg-type]


def test_nothing_here() -> None:
    assert store.find(entry()) is None
    with pytest.raises(HelixError) as caught:
        store.path_of(entry())
    assert caught.value.code == "model_not_downloaded"
    with pytest.raises(HelixError) as caught:
        verify(entry())
    assert caught.value.code == "model_not_downloaded"


def test_a_file_of_the_wrong_size_is_not_there(folder: Path) -> None:
    folder.mkdir(parents=True)
    (folder / "tiny.gguf").write_bytes(PAYLOAD[:-1])
    assert store.find(entry()) is None


def test_a_file_cut_after_it_was_verified(server: FileServer) -> None:
    server.serve_hub(REPO, "tiny.gguf", PAYLOAD)
    model = entry(known=False)
    path, _ = pull(model)
    assert store.find(model) == path
    path.write_bytes(PAYLOAD[:-1])
    assert store.find(model) is None


def test_a_copied_file_of_unknown_size_must_be_gguf(folder: Path) -> None:
    folder.mkdir(parents=True)
    (folder / "tiny.gguf").write_bytes(b"<html>Not found</html>")
    assert store.find(entry(known=False)) is None
    (folder / "tiny.gguf").write_bytes(PAYLOAD)
    assert store.find(entry(known=False)) == folder / "tiny.gguf"


@pytest.mark.parametrize("known", [True, False])
def test_verify_finds_a_flipped_bit(server: FileServer, known: bool) -> None:
    server.serve_hub(REPO, "tiny.gguf", PAYLOAD)
    model = entry(known=known)
    path, _ = pull(model)
    assert verify(model)[-1] == DownloadDone("tiny", str(path))
    damaged = bytearray(PAYLOAD)
    damaged[200_000] ^= 1
    path.write_bytes(damaged)
    with pytest.raises(ModelFileError) as caught:
        verify(model)
    assert caught.value.code == "model_corrupt"
    assert not store.is_verified(model, path)
    assert pull(model)[0].read_bytes() == PAYLOAD


def test_verify_asks_the_hub_when_nobody_else_knows(
    server: FileServer, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = entry(known=False)
    served = server.serve_hub(REPO, "tiny.gguf", PAYLOAD)
    folder.mkdir(parents=True)
    (folder / "tiny.gguf").write_bytes(PAYLOAD)
    assert isinstance(verify(model)[-1], DownloadDone)
    assert served.asked == []
    (folder / "tiny.gguf.json").unlink()
    (folder / "tiny.gguf").write_bytes(OTHER)
    with pytest.raises(ModelFileError):
        verify(model)
    monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{closed_port()}")
    with pytest.raises(DownloadError) as caught:
        verify(model)
    assert caught.value.code == "download_no_network"


def test_verify_can_be_stopped(folder: Path) -> None:
    folder.mkdir(parents=True)
    (folder / "tiny.gguf").write_bytes(PAYLOAD)
    cancel = threading.Event()
    cancel.set()
    with pytest.raises(HelixError) as caught:
        list(store.verify(entry(), cancel))
    assert caught.value.code == "verify_cancelled"


@pytest.mark.parametrize("text", ["", "{", "[]", '{"sha256": "0"}', '{"sha256": 1, "size_bytes": "x", "mtime_ns": 0}'])
def test_an_unreadable_note_counts_as_none(folder: Path, text: str) -> None:
    folder.mkdir(parents=True)
    path = folder / "tiny.gguf"
    path.write_bytes(PAYLOAD)
    store.write_note(path, "0")
    (folder / "tiny.gguf.json").write_text(text)
    assert store.read_note(path) is None
    assert not store.is_verified(entry(), path)


def test_a_touched_file_is_hashed_again(server: FileServer) -> None:
    server.serve_hub(REPO, "tiny.gguf", PAYLOAD)
    path, _ = pull(entry())
    path.write_bytes(PAYLOAD[:-1] + b"!")
    os.utime(path, ns=(1, 1))
    assert not store.is_verified(entry(), path)
    assert pull(entry())[0].read_bytes() == PAYLOAD


def test_models_elsewhere(tmp_path: Path, server: FileServer, monkeypatch: pytest.MonkeyPatch) -> None:
    server.serve_hub(REPO, "tiny.gguf", PAYLOAD)
    monkeypatch.setenv("HELIX_MODELS", str(tmp_path / "elsewhere"))
    assert pull(entry())[0] == tmp_path / "elsewhere" / "tiny" / "tiny.gguf"


def test_catalog_items(server: FileServer, tmp_path: Path) -> None:
    server.serve_hub(REPO, "tiny.gguf", PAYLOAD)
    catalog = Catalog((entry(), entry(known=False, id="absent", size_bytes=5000)))
    path, _ = pull(entry())
    own = tmp_path / "own.gguf"
    own.write_bytes(b"GGUF")
    weights = tmp_path / "weights-v1.5"
    weights.mkdir()
    (weights / "model.safetensors").write_bytes(b"12345")
    extra = [own, str(weights), str(own), path, tmp_path / "gone.gguf"]
    items = store.catalog_items(extra, catalog=catalog)
    assert [(item.id, item.name, item.size_bytes, item.download_bytes, item.path) for item in items] == [
        ("tiny", "Tiny Model", len(PAYLOAD), 0, str(path)),
        ("absent", "Tiny Model", 5000, 5000, ""),
        (str(own), "own", 4, 0, str(own)),
        (str(weights), "weights-v1.5", 5, 0, str(weights)),
    ]


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, "0 bytes"),
        (999, "999 bytes"),
        (1000, "1.0 kB"),
        (98_362_432, "98.4 MB"),
        (999_960, "1.0 MB"),
        (5e12, "5000.0 GB"),
    ],
)
def test_sizes_for_people(count: int, text: str) -> None:
    assert format_bytes(count) == text


def test_what_is_no_model_leaves_the_menu(tmp_path: Path) -> None:
    notes, empty, folder = tmp_path / "notes.gguf", tmp_path / "empty.gguf", tmp_path / "pictures"
    notes.write_text("shopping list")
    empty.touch()
    folder.mkdir()
    assert store.catalog_items([notes, empty, folder], catalog=Catalog(())) == ()


def test_one_model_in_two_formats_is_told_apart(tmp_path: Path) -> None:
    paths = [write_gguf("llama", 0, tmp_path / f"{n}.gguf", **{"general.name": "Tiny Llama"}) for n in "ab"]
    names = [item.name for item in store.catalog_items(paths, catalog=Catalog(()))]
    assert names == ["Tiny Llama", "Tiny Llama (b.gguf)"]


def test_a_draft_head_is_marked_as_one(tmp_path: Path) -> None:
    folders = [tmp_path / "model", tmp_path / "head"]
    for folder, more in zip(folders, ({}, {"draft_vocab_size": 32_000})):
        folder.mkdir()
        (folder / "model.safetensors").write_bytes(b"")
        (folder / "config.json").write_text(json.dumps({"architectures": ["LlamaForCausalLM"], **more}))
    assert [item.head for item in store.catalog_items(folders, catalog=Catalog(()))] == [False, True]
