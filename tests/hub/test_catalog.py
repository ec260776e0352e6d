"""The catalog that ships, and what a broken one says."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from helix_app.base import settings
from helix_app.base.errors import HelixError, InputError
from helix_app.base.process import paths
from helix_app.base.process.logs import log_file
from helix_app.hub.catalog import BundledSource, HubSource, WheelSource, load_catalog
from helix_app.modelfiles.architectures.table import ARCHITECTURES
from tests.hub.served.models import entry, write_catalog


def test_the_default_model_comes_first() -> None:
    first = load_catalog().entries[0]
    assert first.id == settings.Settings().target == "smollm2-135m-instruct"
    assert first.size_exact
    assert (first.size_bytes, first.context_length) == (98_362_432, 8192)
    assert [type(source) for source in first.sources] == [BundledSource, HubSource, WheelSource]


def test_every_entry_can_be_shown_and_fetched() -> None:
    for model in load_catalog():
        assert model.summary.endswith(".")
        assert model.architecture in {one.key for one in ARCHITECTURES}
        assert model.file.endswith(".gguf")
        assert model.size_bytes > 50_000_000
        assert len(paths.resource(model.licence_file).read_text(encoding="utf-8")) > 1000
        assert any(not isinstance(source, BundledSource) for source in model.sources)


def test_gemma_is_joined_from_the_wheels_of_its_parts() -> None:
    model = load_catalog().entry("gemma-3-270m")
    hub, wheel = model.sources
    assert isinstance(hub, HubSource)
    assert isinstance(wheel, WheelSource)
    assert [piece.member[-2:] for piece in wheel.pieces] == ["00", "01", "02", "03"]
    assert model.licence == "Gemma"
    assert "ai.google.dev/gemma/terms" in paths.resource(model.licence_file).read_text(encoding="utf-8")


def test_each_class_of_memory_has_a_model_and_holds_it_with_its_draft() -> None:
    catalog = load_catalog()
    assert {model.memory_gb for model in catalog} == {4, 8, 12, 16, 24}
    for model in catalog:
        draft = catalog.find(model.draft) if model.draft else None
        weights = model.size_bytes + (draft.size_bytes if draft is not None else 0)
        assert weights < 0.85 * model.memory_gb * 2**30, model.id
        assert draft is None or draft.architecture == model.architecture


def test_unknown_id_names_the_known_ones() -> None:
    with pytest.raises(InputError) as caught:
        load_catalog().entry("gpt-9")
    assert caught.value.code == "model_unknown"
    assert "smollm2-135m-instruct" in caught.value.fields["known"]


def test_a_catalog_of_ones_own(tmp_path: Path) -> None:
    models = (entry(), entry(known=False, id="second"))
    assert load_catalog(write_catalog(tmp_path / "catalog.toml", models)).entries == models


@pytest.mark.parametrize(
    "changes",
    [
        {"id": "../up"},
        {"file": "../up.gguf"},
        {"file": os.path.join("sub", "x.gguf")},
        {"sha256": "12"},
        {"colour": "red"},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_a_broken_catalog_is_refused(tmp_path: Path, changes: dict[str, str]) -> None:
    model = entry()
    for name, value in changes.items():
        object.__setattr__(model, name, value)
    with pytest.raises(HelixError) as caught:
        load_catalog(write_catalog(tmp_path / "catalog.toml", [model]))
    assert (caught.value.code, caught.value.fields["log"]) == ("internal", str(log_file()))


def test_an_id_twice_is_refused(tmp_path: Path) -> None:
    with pytest.raises(HelixError):
        load_catalog(write_catalog(tmp_path / "catalog.toml", [entry(), entry()]))


def test_a_missing_catalog_is_refused(tmp_path: Path) -> None:
    with pytest.raises(HelixError):
        load_catalog(tmp_path / "none.toml")
