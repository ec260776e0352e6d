"""Models of other programs are found where they keep them, and what is none is passed over."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from helix_app.hub.library.programs import Found, find_all, models_below
from tests.hub.library.library_made import hub_cache, lm_studio, ollama, put


@pytest.fixture
def person(tmp_path: Path) -> Path:
    return tmp_path / "person"


def test_nothing_is_found_where_nothing_is(person: Path) -> None:
    assert find_all(person) == ()


def test_lm_studio_here_before_and_where_it_was_told_to(person: Path, tmp_path: Path) -> None:
    new = lm_studio(person, "a-Q4_K_M.gguf")
    lm_studio(person, "mmproj-a-F16.gguf")
    old = put(person / ".cache" / "lm-studio" / "models" / "x" / "y" / "b.gguf")
    moved = put(tmp_path / "disk" / "x" / "y" / "c.gguf")
    put(person / ".lmstudio" / "settings.json", json.dumps({"downloadsFolder": str(tmp_path / "disk")}).encode())
    pointed = put(tmp_path / "other home" / "models" / "x" / "y" / "d.gguf")
    put(person / ".lmstudio-home-pointer", f"{tmp_path / 'other home'}\n".encode())
    assert {found.path for found in find_all(person)} == {new, old, moved, pointed}
    assert {found.origin for found in find_all(person)} == {"lm_studio"}


@pytest.mark.skipif(sys.platform != "linux", reason="its folder is elsewhere")
def test_jan_names_its_models_by_their_folder(person: Path) -> None:
    path = put(person / ".local" / "share" / "Jan" / "data" / "llamacpp" / "models" / "qwen3-4b" / "model.gguf")
    assert find_all(person) == (Found(path, "jan", "qwen3-4b"),)


def test_ollamas_blobs_are_named_by_their_manifests(person: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    blob = ollama(person, "qwen3", "4b")
    put(person / ".ollama" / "models" / "manifests" / "registry.ollama.ai" / "library" / "bad" / "x", b"no json")
    assert find_all(person) == (Found(blob, "ollama", "qwen3:4b"),)
    monkeypatch.setenv("OLLAMA_MODELS", str(person / ".ollama" / "models"))
    assert find_all(person / "nobody") == (Found(blob, "ollama", "qwen3:4b"),)


@pytest.mark.parametrize("digest", ["sha256:../../../etc/passwd", "", 5, "sha256:" + "0" * 64])
def test_a_manifest_names_no_file_outside(digest: object, person: Path) -> None:
    layers = [{"mediaType": "application/vnd.ollama.image.model", "digest": digest}, "no layer"]
    for text in (json.dumps({"layers": layers}), json.dumps({"layers": 5}), "[]"):
        put(person / ".ollama" / "models" / "manifests" / "r" / "l" / "m" / "t", text.encode())
        assert find_all(person) == ()


@pytest.mark.skipif(sys.platform == "win32", reason="links need a permission there")
def test_the_hubs_cache_gives_files_and_folders(person: Path, tmp_path: Path) -> None:
    cache = tmp_path / "person" / "hub"
    file = hub_cache(cache, "maker/model-GGUF", "model-Q8_0.gguf")
    weights = hub_cache(cache, "maker/folder", "model.safetensors")
    put(weights.parent / "config.json", b"{}")
    put(cache / "datasets--maker--data" / "snapshots" / "x" / "data.gguf")
    assert find_all(person) == (
        Found(weights.parent, "hf_cache", "maker/folder"),
        Found(file, "hf_cache"),
    )


@pytest.mark.skipif(sys.platform == "win32", reason="links need a permission there")
@pytest.mark.parametrize("chosen", ["~/elsewhere", "$HOME/elsewhere"])
def test_the_hubs_cache_by_a_short_path(person: Path, monkeypatch: pytest.MonkeyPatch, chosen: str) -> None:
    file = hub_cache(person / "elsewhere", "maker/model-GGUF", "model-Q8_0.gguf")
    monkeypatch.setenv("HF_HUB_CACHE", chosen)
    assert find_all(person) == (Found(file, "hf_cache"),)


def test_a_split_model_is_one(tmp_path: Path) -> None:
    first = put(tmp_path / "deep" / "er" / "big-00001-of-00002.gguf")
    put(tmp_path / "deep" / "er" / "big-00002-of-00002.gguf")
    assert list(models_below(tmp_path)) == [first]


def test_a_folder_with_far_too_many_files_comes_to_an_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("helix_app.hub.library.programs.MOST_FILES", 3)
    for number in range(5):
        put(tmp_path / f"{number}.gguf")
    assert len(list(models_below(tmp_path))) == 3
