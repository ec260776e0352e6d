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
