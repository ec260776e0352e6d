"""The pictures of the README: small, there, and made by scenes that exist."""

from __future__ import annotations

import re
from pathlib import Path

import pictures
import pytest
from PySide6.QtGui import QColor, QImage

ROOT = Path(__file__).parents[2]
IMAGES = ROOT / ".github" / "images"


def test_every_picture_of_the_readme_is_there_and_none_is_left_over() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    named = set(re.findall(r"\.github/images/([\w.-]+)", text))
    there = {file.name for file in IMAGES.iterdir()}
    assert named == there


def test_the_pictures_are_small_together() -> None:
    assert sum(file.stat().st_size for file in IMAGES.iterdir()) <= pictures.MOST_BYTES
    for file in IMAGES.glob("*.webp"):
        assert file.stat().st_size <= pictures.MOST_ANIMATION


def test_every_scene_is_one_of_the_photographer() -> None:
    assert all(callable(getattr(pictures.Photographer, name)) for name in pictures.SCENES)


def frame(colour: str, width: int = 64) -> QImage:
    made = QImage(width, 40, QImage.Format.Format_RGB32)
    made.fill(QColor(colour))
    return made


def test_a_picture_keeps_its_colours(tmp_path: Path, qapp: object) -> None:
    pytest.importorskip("PIL")
    pictures.save_small(frame("#3457d5"), tmp_path / "a.png")
    assert QImage(str(tmp_path / "a.png")).pixelColor(5, 5).name() == "#3457d5"


def test_an_animation_moves_and_says_when_it_is_too_large(
    tmp_path: Path, qapp: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    image = pytest.importorskip("PIL.Image")
    pictures.save_animation([frame("red"), frame("green"), frame("blue")], tmp_path / "a.webp")
    with image.open(tmp_path / "a.webp") as made:
        assert (made.n_frames, made.size) == (3, (64, 40))
    monkeypatch.setattr(pictures, "MOST_ANIMATION", 10)
    with pytest.raises(SystemExit, match="too large"):
        pictures.save_animation([frame("red"), frame("green")], tmp_path / "b.webp")
