"""The library: whose models there are, what is said of them, and what a person adds."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from helix_app.base.errors import DownloadError, HelixError, ModelFileError
from helix_app.hub import registry, store
from helix_app.hub.catalog import Catalog
from helix_app.hub.download import download
from helix_app.hub.library.listing import add_models, library
from helix_app.protocol.library import LibraryItem, UnfinishedItem
from tests.engine.made.tiny import write_gguf
from tests.hub.library.library_made import lm_studio, ollama, put
from tests.hub.served.models import AT_ONCE, PAYLOAD, REPO, entry
from tests.hub.served.server import FileServer
from tests.modelfiles.gguf.test_gguf_config import made

CATALOG = Catalog((entry(licence="MIT"),))


@pytest.fixture
def person(tmp_path: Path) -> Path:
    return tmp_path / "person"


def items(person: Path, catalog: Catalog = CATALOG) -> list[LibraryItem]:
    return list(library(catalog=catalog, home=person).items)


def test_models_of_all_kinds_stand_beside_each_other(person: Path, folder: Path, tmp_path: Path) -> None:
    own = write_gguf("llama", 0, tmp_path / "mine.gguf", **{"general.name": "My Model", "general.file_type": 7})
    put(folder / "tiny.gguf", PAYLOAD)
    loose = put(folder.parent / "copied" / "by-hand-Q4_K_M.gguf")
    put(folder.parent / "copied" / "notes.txt")
    studio = lm_studio(person, "a-Q4_0.gguf")
    blob = ollama(person, "qwen3", "4b")
    assert add_models((str(own),)) == (own,)
    registry.note_use(str(own), now=77.0)
    found = items(person)
    assert [(i.id, i.name, i.origin, i.removal) for i in found] == [
        ("tiny", "Tiny Model", "helix", "delete"),
        (str(loose), "by-hand-Q4_K_M", "helix", "delete"),
        (str(own), "My Model", "added", "forget"),
        (str(studio), "a-Q4_0", "lm_studio", ""),
        (str(blob), "qwen3:4b", "ollama", ""),
    ]
    mine = found[2]
    assert (mine.quantisation, mine.architecture, mine.last_used, mine.problem) == ("Q8_0", "llama", 77.0, None)
    assert mine.size_bytes == own.stat().st_size
    assert found[0].licence == "MIT"
    assert found[0].problem is not None  # PAYLOAD is no model
    assert found[3].last_used is None


def test_before_files_are_read_they_are_listed_by_name(person: Path) -> None:
    lm_studio(person, "a-Q4_0.gguf")
    (quick,) = library(catalog=CATALOG, home=person, read=False).items
    assert (quick.name, quick.quantisation, quick.problem) == ("a-Q4_0", "Q4_0", None)
    (item,) = items(person)
    assert item.problem is not None
    assert library(catalog=CATALOG, home=person, read=False).items == (item,)


def test_a_model_is_listed_once(person: Path) -> None:
    studio = lm_studio(person, "a.gguf")
    add_models((str(studio),))
    assert [(item.path, item.origin) for item in items(person)] == [(str(studio), "added")]


def test_what_was_added_and_is_gone_is_not_listed(person: Path, tmp_path: Path) -> None:
    own = put(tmp_path / "mine.gguf")
    add_models((str(own),))
    own.unlink()
    assert items(person) == []


def test_a_folder_brings_all_models_in_it(tmp_path: Path, person: Path) -> None:
    base = tmp_path / "models"
    first = put(base / "x" / "a-00001-of-00002.gguf")
    put(base / "x" / "a-00002-of-00002.gguf")
    put(base / "x" / "mmproj-a.gguf")
    weights = put(base / "weights" / "model.safetensors").parent
    put(weights / "config.json", b"{}")
    assert add_models((str(base), str(first.with_name("a-00002-of-00002.gguf")))) == (first, weights)
    assert add_models((str(weights),)) == (weights,)
    assert [item.size_bytes for item in items(person)] == [128, 64]


@pytest.mark.parametrize(("name", "code"), [("gone", "model_not_found"), ("notes.txt", "library_no_models")])
def test_what_is_no_model_adds_nothing(name: str, code: str, tmp_path: Path) -> None:
    good = put(tmp_path / "good.gguf")
    put(tmp_path / "notes.txt", b"shopping list")
    with pytest.raises(ModelFileError) as caught:
        add_models((str(good), str(tmp_path / name)))
    assert caught.value.code == code
    assert registry.read().added == ()


def test_a_library_that_cannot_be_written_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    good = put(tmp_path / "good.gguf")
    put(tmp_path / "file")
    monkeypatch.setenv("HELIX_HOME", str(tmp_path / "file" / "home"))
    with pytest.raises(HelixError) as caught:
        add_models((str(good),))
    assert caught.value.code == "library_not_written"


def test_a_download_that_was_stopped_is_told(server: FileServer, person: Path) -> None:
    server.serve_hub(REPO, "tiny.gguf", PAYLOAD, drop_at=100_000)
    with pytest.raises(DownloadError):
        list(download(entry(), threading.Event(), retry=AT_ONCE))
    found = library(catalog=CATALOG, home=person)
    assert found.items == ()
    assert found.unfinished == (UnfinishedItem("tiny", "Tiny Model", 100_000, len(PAYLOAD)),)
    assert (found.endpoint, found.offline) == (server.url, "")
    assert store.arrived_bytes(entry()) == 100_000


def test_a_file_that_makes_no_sense_stands_beside_the_sound_ones(person: Path, tmp_path: Path) -> None:
    sound = write_gguf("llama", 0, tmp_path / "sound.gguf")
    odd = made(tmp_path, "granite", logit_scale=0)
    add_models((str(sound), str(odd)))
    found = {item.path: item.problem for item in items(person)}
    assert found.keys() == {str(sound), str(odd)}
    assert found[str(sound)] is None
    problem = found[str(odd)]
    assert problem is not None
    assert problem.code == "model_corrupt"
