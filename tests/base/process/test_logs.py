"""The log: what is written into it, and what is not."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator

import pytest

from helix_app.base.process import logs


@pytest.fixture(autouse=True)
def root_logger() -> Iterator[None]:
    """What other tests have set up stays as it is."""
    root = logging.getLogger()
    handlers, level, raising = list(root.handlers), root.level, logging.raiseExceptions
    yield
    for handler in root.handlers:
        if handler not in handlers:
            handler.close()
    root.handlers[:], logging.raiseExceptions = handlers, raising
    root.setLevel(level)


@pytest.mark.parametrize("login", ["ann:secret", "secret", "ann:p@secret"])
def test_addresses_lose_their_passwords(login: str) -> None:
    logs.setup(name="test")
    try:
        raise ValueError(f"no answer of https://{login}@mirror.home/x")
    except ValueError:
        logging.getLogger("helix_app").exception("asked 'http://%s@mirror.home:80'", login)
    for handler in logging.getLogger().handlers:
        handler.flush()
    written = logs.log_file().read_text(encoding="utf-8")
    assert "secret" not in written
    assert "asked 'http://***@mirror.home:80'" in written
    assert "https://***@mirror.home/x" in written


def test_a_terminal_is_told_in_words_alone(capsys: pytest.CaptureFixture[str]) -> None:
    told = logging.getLogger("helix_app.somewhere")
    logs.setup(name="test")
    told.warning("Something is amiss.")
    told.info("a detail")
    assert capsys.readouterr().err == "Something is amiss.\n"
    logs.setup(name="test", verbose=True)
    told.info("a detail")
    assert "INFO    helix_app.somewhere: a detail" in capsys.readouterr().err
    assert "WARNING helix_app.somewhere: Something is amiss." in logs.log_file().read_text(encoding="utf-8")


def test_a_file_that_cannot_be_put_aside_is_written_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """As on Windows, where another window has it open."""
    monkeypatch.setattr(logs, "_MOST_BYTES", 300)
    logs.setup(name="moved")
    file = logs.log_file()
    older = file.with_name("moved.log.1")
    older.write_text("of before", encoding="utf-8")
    rename = os.rename

    def refuse(source: str, target: str) -> None:
        if str(source) == str(file):
            raise PermissionError(13, "The process cannot access the file")
        rename(source, target)

    monkeypatch.setattr(os, "rename", refuse)
    for number in range(5):
        logging.getLogger("helix_app").info("line %d %s", number, "x" * 100)
    assert file.read_text(encoding="utf-8").count("line ") == 5
    assert older.read_text(encoding="utf-8") == "of before"
    monkeypatch.setattr(os, "rename", rename)
    for number in range(2):
        logging.getLogger("helix_app").info("later %d %s", number, "x" * 100)
    assert any("line 4" in aside.read_text(encoding="utf-8") for aside in file.parent.glob("moved.log.*"))
    assert "later 1" in file.read_text(encoding="utf-8")
