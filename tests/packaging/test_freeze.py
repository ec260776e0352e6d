"""The frozen build: its specification, the model that goes along, and the home that it is tried in."""

from __future__ import annotations

import os
import sys
from datetime import datetime
from pathlib import Path

import freeze
import pytest
import try_frozen

from helix_app.hub.catalog import BundledSource, load_catalog


def test_the_specification_is_python(tmp_path: Path) -> None:
    text = freeze._SPEC.format(given={**freeze.given(tmp_path), "root": "C:\\Jörg's folder"})
    compile(text, "helix.spec", "exec")


def test_the_model_lies_where_the_catalogue_looks_for_it(tmp_path: Path) -> None:
    entry = load_catalog().entries[0]
    assert entry.id == freeze.DEFAULT_MODEL
    assert BundledSource(freeze.bundled_model()[0]) in entry.sources
    assert freeze.bundled_model()[1] == entry.sha256


def test_another_model_is_refused(tmp_path: Path) -> None:
    (tmp_path / "other.gguf").write_bytes(b"GGUF")
    with pytest.raises(SystemExit, match="is not the model"):
        freeze.check_model(tmp_path / "other.gguf")


def test_it_is_tried_without_python_and_without_anything_of_this_person(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HELIX_MODELS", "/models")
    monkeypatch.setenv("PYTHONPATH", "/somewhere")
    environment = try_frozen.empty_environment(tmp_path)
    assert not {"HELIX_MODELS", "PYTHONPATH"} & set(environment)
    assert environment["HELIX_HOME"].startswith(str(tmp_path))
    assert not any((Path(folder) / "python3").exists() for folder in environment["PATH"].split(os.pathsep))


def test_a_program_that_fails_is_told_with_what_it_said() -> None:
    with pytest.raises(SystemExit, match=r"(?s)it: exit code 3.*the reason"):
        try_frozen.run([sys.executable, "-c", "import sys; print('the reason'); sys.exit(3)"], dict(os.environ), "it")


def test_the_log_says_when_the_first_window_was_there(tmp_path: Path) -> None:
    (tmp_path / "logs").mkdir()
    log = tmp_path / "logs" / "helix.log"
    log.write_text("2026-11-30 01:02:03,500 INFO    helix_app.app: the first window is there\n", encoding="utf-8")
    at = datetime.fromtimestamp(try_frozen.first_window(tmp_path))
    assert at.isoformat() == "2026-11-30T01:02:03.500000"
    log.write_text("2026-11-30 01:02:03,500 INFO    helix_app.app: Helix 0.1.0\n", encoding="utf-8")
    with pytest.raises(SystemExit):
        try_frozen.first_window(tmp_path)
