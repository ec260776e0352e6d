"""Settings that a person turned off stay off."""

from __future__ import annotations

from pathlib import Path

import pytest

from helix_app import settings
from helix_app.settings import Settings


def test_learning_is_kept_on_disk(tmp_path: Path) -> None:
    file = tmp_path / "settings.json"
    assert settings.load(file).learn
    settings.save(Settings(learn=False), file)
    assert settings.load(file) == Settings(learn=False)


@pytest.mark.parametrize("value", ['"no"', "0", "null"])
def test_learning_is_yes_or_no(tmp_path: Path, value: str) -> None:
    file = tmp_path / "settings.json"
    file.write_text(f'{{"learn": {value}, "top_k": 7}}', encoding="utf-8")
    assert settings.load(file) == Settings(learn=True, top_k=7)
    with pytest.raises(ValueError, match="learn"):
        settings.changed(Settings(), learn="no")


# ------------------------------------------------------------------------------- devices


def test_devices_by_model_are_kept_on_disk(tmp_path: Path) -> None:
    file = tmp_path / "settings.json"
    chosen = Settings(device="cpu", devices={"small": "directml:1", "/models/x.gguf": "cuda"})
    settings.save(chosen, file)
    assert settings.load(file) == chosen
    assert [chosen.device_for(target) for target in ("small", "/models/x.gguf", "other")] == [
        "directml:1",
        "cuda",
        "cpu",
    ]


@pytest.mark.parametrize(
    ("junk", "kept"),
    [
        ('{"a": "cpu", "b": "abacus", "c": 7, "d": null, "e": "directml:1x", "f": ["cpu"]}', {"a": "cpu"}),
        ('["cpu"]', {}),
        ('"cpu"', {}),
        ("null", {}),
        ("{}", {}),
    ],
)
def test_junk_among_the_devices_costs_only_itself(tmp_path: Path, junk: str, kept: dict[str, str]) -> None:
    file = tmp_path / "settings.json"
    file.write_text(f'{{"devices": {junk}, "top_k": 7}}', encoding="utf-8")
    assert settings.load(file) == Settings(devices=kept, top_k=7)


@pytest.mark.parametrize("value", ["auto", "cpu", "cuda", "directml", "directml:0", "cuda:12"])
def test_devices(value: str) -> None:
    assert settings.changed(Settings(), device=value, devices={"m": value}).device_for("m") == value


@pytest.mark.parametrize(
    "value", ["", "abacus", "cpu:0", "auto:1", "directml:", "directml:x", "cuda:1 ", "cuda:1\n", 1]
)
def test_no_devices(value: object) -> None:
    for values in ({"device": value}, {"devices": {"m": value}}):
        with pytest.raises(ValueError, match="device"):
            settings.changed(Settings(), **values)


def test_other_mappings_do_not_become_settings(tmp_path: Path) -> None:
    file = tmp_path / "settings.json"
    file.write_text('{"target": {"a": "cpu"}, "nobody": {"a": "cpu"}}', encoding="utf-8")
    assert settings.load(file) == Settings()
