"""What a person took beside the catalog: kept, found by id, and never in the way when it is damaged."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from helix_app.hub import registry
from helix_app.hub.catalog import load_catalog
from helix_app.hub.library.listing import library
from helix_app.hub.registry import HubFile, HubModel, Registry

SHA = "a" * 64
ONE = (HubFile("Some-Model.Q4_K_M.gguf", 1000, SHA),)
TWO = (HubFile("BF16/Big-BF16-00001-of-00002.gguf", 10, SHA), HubFile("BF16/Big-BF16-00002-of-00002.gguf", 7))


def test_a_model_of_the_hub_is_known_by_an_id_of_its_own() -> None:
    name = registry.take("Owner/Some-GGUF", ONE, licence="MIT", architecture="llama")
    assert name == "some-model.q4_k_m"
    entry = registry.known_catalog().entry(name)
    assert (entry.name, entry.licence, entry.sha256, entry.total_bytes) == ("Some-Model.Q4_K_M", "MIT", SHA, 1000)
    assert (entry.sources[0].repo, entry.sources[0].file) == ("Owner/Some-GGUF", ONE[0].file)  # type: ignore[union-attr]
    assert registry.take("Owner/Some-GGUF", ONE) == name  # again
    assert registry.take("Else/Some-GGUF", ONE) == "else.some-model.q4_k_m"
    assert len(registry.read().hub) == 2


def test_a_split_model_is_one() -> None:
    name = registry.take("Owner/Big-GGUF", TWO)
    entry = registry.known_catalog().entry(name)
    assert [piece.file for piece in entry.pieces] == ["Big-BF16-00001-of-00002.gguf", "Big-BF16-00002-of-00002.gguf"]
    assert (entry.id, entry.name, entry.total_bytes) == ("big-bf16", "Big-BF16", 17)
    assert [piece.sha256 for piece in entry.pieces] == [SHA, None]


def test_no_id_of_the_catalog_is_taken() -> None:
    file = f"{load_catalog().ids[0]}.gguf"
    assert registry.take("me/x", (HubFile(file, 1, SHA),)) == f"me.{load_catalog().ids[0]}"


def test_what_was_taken_is_forgotten() -> None:
    name = registry.take("Owner/Some-GGUF", ONE)
    assert registry.drop(name)
    assert not registry.drop(name)
    assert registry.known_catalog().find(name) is None


def test_paths_are_added_once_and_forgotten(tmp_path: Path) -> None:
    registry.add([tmp_path / "a", tmp_path / "b", tmp_path / "a"])
    registry.add([tmp_path / "b"])
    assert registry.read().added == (str(tmp_path / "a"), str(tmp_path / "b"))
    assert registry.forget(tmp_path / "a")
    assert not registry.forget(tmp_path / "a")
    assert registry.read().added == (str(tmp_path / "b"),)


def test_uses_are_remembered_and_the_oldest_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "_MOST_USES", 2)
    for second, path in enumerate("abca"):
        registry.note_use(path, now=float(second))
    assert registry.read().used == {"c": 2.0, "a": 3.0}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "no json",
        "[1, 2]",
        '{"hub": 5, "added": {"a": 1}, "used": [1]}',
        '{"hub": [{"id": "x"}], "used": {"a": "b"}}',
    ],
)
def test_what_cannot_be_read_is_left_out(text: str) -> None:
    registry.registry_file().parent.mkdir(parents=True)
    registry.registry_file().write_text(text)
    assert registry.read() == Registry()
    assert registry.known_catalog() == load_catalog()


def test_an_entry_that_would_leave_its_folder_is_left_out() -> None:
    good = {"id": "good", "repo": "a/b", "files": [{"file": "x/good.gguf"}]}
    bad = [{**good, "id": "../up"}, {**good, "files": []}, {**good, "files": [{"file": ".."}]}]
    registry.registry_file().parent.mkdir(parents=True)
    registry.registry_file().write_text(json.dumps({"hub": [*bad, good], "added": [1, "/kept"]}))
    assert [model.id for model in registry.read().hub] == ["good"]
    assert registry.read().added == ("/kept",)
    assert isinstance(registry.read().hub[0], HubModel)


@pytest.mark.parametrize("text", ['{"hub": [{"id": "a"', "[1, 2]"])
def test_a_damaged_library_is_kept_beside_the_new_one(text: str) -> None:
    file = registry.registry_file()
    file.parent.mkdir(parents=True)
    file.write_text(text)
    registry.note_use("a", now=1.0)
    assert registry.read().used == {"a": 1.0}
    assert file.with_name("library.json.bad").read_text() == text


def test_a_damaged_library_that_cannot_be_copied_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    registry.registry_file().parent.mkdir(parents=True)
    registry.registry_file().write_text("no json")
    monkeypatch.setattr("helix_app.base.files.damaged.keep_copy", lambda path: None)
    with pytest.raises(OSError, match="damaged"):
        registry.take("Owner/Some-GGUF", ONE)
    assert registry.registry_file().read_text() == "no json"


def test_a_library_that_cannot_be_opened_is_not_written_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    registry.add([tmp_path / "a"])
    before = registry.registry_file().read_text()

    def refuse(path: Path) -> object:
        raise PermissionError(13, "in use")

    monkeypatch.setattr("helix_app.base.texts.read_json", refuse)
    for change in (lambda: registry.add([tmp_path / "b"]), lambda: registry.forget(tmp_path / "a")):
        with pytest.raises(PermissionError):
            change()
    registry.note_use("a")  # only not remembered
    assert registry.read() == Registry()
    assert "cannot be read" in caplog.text
    assert registry.registry_file().read_text() == before


def test_a_damaged_library_says_what_to_do(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    registry.registry_file().parent.mkdir(parents=True, exist_ok=True)
    registry.registry_file().write_text("{half", encoding="utf-8")
    assert registry.read() == Registry()
    assert "on the page Models or with `models add`: it is kept as library.json.bad then" in caplog.text
    registry.add([tmp_path / "m.gguf"])
    kept = registry.registry_file().with_name("library.json.bad")
    assert kept.read_text(encoding="utf-8") == "{half"
    told = registry.trouble()
    assert told is not None
    assert (told.code, dict(told.fields)["kept"]) == ("library_replaced", str(kept))


@pytest.mark.parametrize("mended", ["{}", None], ids=["sound", "not there"])
def test_a_library_that_was_mended_has_no_trouble_until_it_is_damaged_again(
    mended: str | None, caplog: pytest.LogCaptureFixture
) -> None:
    file = registry.registry_file()
    file.parent.mkdir(parents=True, exist_ok=True)
    for time in (1, 2):
        file.write_text("{half", encoding="utf-8")
        told = library(read=False).problem
        assert told is not None
        assert told.code == "library_damaged"
        assert caplog.text.count("it is kept as library.json.bad then") == time
        if mended is None:
            file.unlink()
        else:
            file.write_text(mended, encoding="utf-8")
        assert library(read=False).problem is None


def test_that_a_library_could_not_be_opened_is_over_once_it_can(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path) -> object:
        raise PermissionError(13, "in use")

    with monkeypatch.context() as held:
        held.setattr("helix_app.base.texts.read_json", refuse)
        registry.read()
        told = registry.trouble()
        assert told is not None
        assert told.code == "library_unread"
    registry.read()
    assert registry.trouble() is None


def test_that_a_library_was_replaced_is_told_until_the_next_model_is_taken(tmp_path: Path) -> None:
    registry.registry_file().parent.mkdir(parents=True, exist_ok=True)
    for change in (
        lambda: registry.add([tmp_path / "b.gguf"]),
        lambda: registry.take("Owner/Some-GGUF", ONE),
    ):
        registry.registry_file().write_text("{half", encoding="utf-8")
        registry.add([tmp_path / "a.gguf"])
        registry.read()
        registry.note_use("a", now=1.0)
        told = registry.trouble()
        assert told is not None
        assert told.code == "library_replaced"
        change()
        assert registry.trouble() is None


def test_a_sound_library_has_no_trouble(tmp_path: Path) -> None:
    registry.add([tmp_path / "m.gguf"])
    assert registry.read().added
    assert registry.trouble() is None


@pytest.mark.parametrize(("text", "reason"), [("{half", "it is no JSON ("), ("[]", "it is no list of models")])
def test_a_damaged_library_is_told_with_the_list(text: str, reason: str) -> None:
    registry.registry_file().parent.mkdir(parents=True, exist_ok=True)
    registry.registry_file().write_text(text, encoding="utf-8")
    told = library(read=False).problem
    assert told is not None
    assert told.code == "library_damaged"
    assert dict(told.fields)["reason"].startswith(reason)


@pytest.mark.parametrize(
    ("file", "name"),
    [("CON.gguf", "model-con"), ("aux.Q4_K_M.gguf", "model-aux.q4_k_m"), ("com1.gguf", "model-com1")],
)
def test_a_model_with_the_name_of_a_device_has_a_folder_on_windows_too(file: str, name: str) -> None:
    assert registry.take("Owner/Some-GGUF", (HubFile(file, 1, SHA),)) == name
    assert registry.take("Owner/Console", (HubFile("console.gguf", 1, SHA),)) == "console"
