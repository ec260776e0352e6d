"""Models leave the library: Helix's files are deleted, those of others stay."""

from __future__ import annotations

import threading
from pathlib import Path

import filelock
import pytest

from helix_app.base import messages
from helix_app.base.errors import DownloadError, HelixError
from helix_app.hub import registry
from helix_app.hub.catalog import BundledSource, Catalog
from helix_app.hub.download import download
from helix_app.hub.library.listing import add_models, library
from helix_app.hub.library.removal import remove
from helix_app.hub.registry import HubFile
from tests.hub.library.library_made import lm_studio, put
from tests.hub.served.models import AT_ONCE, HUB, PAYLOAD, REPO, entry, pull, sha256
from tests.hub.served.server import FileServer

CATALOG = Catalog((entry(), entry(id="absent")))


def fails(name: str, catalog: Catalog = CATALOG, **places: Path) -> HelixError:
    with pytest.raises(HelixError) as caught:
        remove(name, catalog=catalog, **places)
    assert "–" not in messages.error_text(caught.value.code, caught.value.fields)
    return caught.value


def test_a_downloaded_model_is_deleted_with_its_folder(server: FileServer, folder: Path) -> None:
    server.serve_hub(REPO, "tiny.gguf", PAYLOAD)
    pull(entry())
    assert remove("tiny", catalog=CATALOG) is None
    assert not folder.exists()
    assert fails("tiny").code == "library_absent"


def test_what_a_stopped_download_left_is_deleted(server: FileServer, folder: Path) -> None:
    server.serve_hub(REPO, "tiny.gguf", PAYLOAD, drop_at=100_000)
    with pytest.raises(DownloadError):
        list(download(entry(), threading.Event(), retry=AT_ONCE))
    assert list(folder.glob("*.part"))
    remove("tiny", catalog=CATALOG)
    assert not folder.exists()


def test_a_file_of_the_hub_is_forgotten_with_its_files(home: Path) -> None:
    files = tuple(HubFile(f"big-0000{n}-of-00002.gguf", 4, "") for n in (1, 2))
    name = registry.take("a/b", files)
    folder = home / "data" / "models" / name
    for file in files:
        put(folder / file.file, b"GGUF")
    put(folder / "notes.txt", b"mine")
    remove(name)
    assert [path.name for path in folder.iterdir() if path.name != ".lock"] == ["notes.txt"]  # not Helix's
    assert registry.read().hub == ()
    assert remove(registry.take("a/b", files)) is None  # before anything has arrived


def test_nothing_is_deleted_under_a_download(folder: Path) -> None:
    put(folder / f"tiny.gguf.{sha256(PAYLOAD)[:12]}.part", b"x")
    with filelock.FileLock(folder / ".lock"):
        assert fails("tiny").code == "download_locked"
    assert list(folder.glob("*.part"))


def test_ones_own_files_stay(tmp_path: Path) -> None:
    own = put(tmp_path / "mine.gguf")
    add_models((str(own),))
    assert remove(str(own), catalog=CATALOG) == own
    assert own.exists()
    assert registry.read().added == ()
    assert fails(str(own)).code == "library_absent"


def test_what_was_copied_into_the_folder_of_models_is_deleted(folder: Path) -> None:
    parts = [put(folder.parent / "x" / f"m-0000{n}-of-00002.gguf") for n in (1, 2)]
    remove(str(parts[0]), catalog=CATALOG)
    assert not any(part.exists() for part in parts)
    weights = put(folder.parent / "w" / "model.safetensors").parent
    put(weights / "config.json", b"{}")
    remove(str(weights), catalog=CATALOG)
    assert not weights.exists()


@pytest.mark.parametrize("name", ["models/../notes", "models/mine", "models", "notes"])
def test_no_folder_is_deleted_that_is_no_model_below_the_folder_of_models(tmp_path: Path, name: str) -> None:
    kept = [put(tmp_path / "models" / "mine" / "letter.txt", b"mine"), put(tmp_path / "notes" / "config.json", b"{}")]
    kept += [put(tmp_path / "notes" / "model.safetensors"), put(tmp_path / "models" / "config.json", b"{}")]
    kept += [put(tmp_path / "models" / "model.safetensors")]
    assert fails(str(tmp_path / name), root=tmp_path / "models").code == "library_absent"
    assert all(file.exists() for file in kept)


def test_the_folder_of_another_program_stays_its_own(tmp_path: Path) -> None:
    path = lm_studio(tmp_path / "person", "a.gguf")
    root = tmp_path / "person" / ".lmstudio" / "models"
    listed = library(catalog=Catalog(()), root=root, home=tmp_path / "person").items
    assert [(item.origin, item.removal) for item in listed] == [("lm_studio", "")]
    assert fails(str(path), root=root, home=tmp_path / "person").code == "library_foreign"
    assert path.exists()


def test_a_path_that_was_added_with_dots_in_it_is_taken_off(tmp_path: Path) -> None:
    put(tmp_path / "mine.gguf")
    (tmp_path / "x").mkdir()
    add_models((str(tmp_path / "x" / ".." / "mine.gguf"),))
    remove(str(tmp_path / "x" / ".." / "mine.gguf"), catalog=CATALOG)
    assert registry.read().added == ()


def test_another_programs_model_is_not_deleted(tmp_path: Path) -> None:
    path = lm_studio(tmp_path / "person", "a.gguf")
    error = fails(str(path), home=tmp_path / "person")
    assert (error.code, error.fields["program"]) == ("library_foreign", "LM Studio")
    assert path.exists()


def test_the_copy_that_comes_with_helix_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(tmp_path / "models" / "tiny.gguf", PAYLOAD)
    monkeypatch.setattr("helix_app.base.process.paths.resource", lambda *names: tmp_path.joinpath(*names))
    catalog = Catalog((entry(BundledSource("models/tiny.gguf"), HUB),))
    assert fails("tiny", catalog).code == "library_shipped"
    assert (tmp_path / "models" / "tiny.gguf").exists()


def test_a_file_that_cannot_be_deleted_says_so(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(folder / "tiny.gguf", PAYLOAD)

    def refuse(path: Path, missing_ok: bool = False) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "unlink", refuse)
    error = fails("tiny")
    assert (error.code, error.fields["reason"]) == ("library_not_deleted", "Permission denied")


def test_a_folder_that_may_only_be_read_says_so(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(folder / "tiny.gguf", PAYLOAD)

    def refuse(lock: filelock.FileLock) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(filelock.FileLock, "acquire", refuse)
    error = fails("tiny")
    assert (error.code, error.fields["path"]) == ("library_not_deleted", str(folder))
    assert error.fields["reason"] == "Permission denied"
    assert (folder / "tiny.gguf").exists()
