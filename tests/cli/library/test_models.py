"""The models command: what it prints, where, and its exit codes."""

from __future__ import annotations

import argparse
import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from helix_app.base import messages
from helix_app.cli.library import models
from helix_app.hub.catalog import Catalog
from helix_app.hub.learned import learned_table
from tests.hub.conftest import folder as folder, home as home, no_thread_stays as no_thread_stays, server as server
from tests.hub.served.models import PAYLOAD, REPO, entry, write_catalog
from tests.hub.served.server import FileServer, closed_port
from tests.waiting import wait_for

CATALOG = Catalog((entry(), entry(known=False, id="absent", sources=entry().sources)))


def run(*arguments: str) -> int:
    parser = argparse.ArgumentParser()
    models.add_parser(parser.add_subparsers(dest="command", required=True))
    return models.run(parser.parse_args(["models", *arguments]), catalog=CATALOG)


def test_from_pull_to_verify(server: FileServer, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    server.serve_hub(REPO, "tiny.gguf", PAYLOAD)
    assert run("path", "tiny") == 1
    shown = capsys.readouterr()
    assert (shown.out, "not on this computer" in shown.err) == ("", True)
    assert run("pull", "tiny") == 0
    shown = capsys.readouterr()
    assert shown.out == ""
    assert "Downloading" in shown.err
    assert "is ready" in shown.err
    assert run("path", "tiny") == 0
    assert capsys.readouterr().out == f"{folder / 'tiny.gguf'}\n"
    assert run("verify", "tiny") == 0
    (folder / "tiny.gguf").write_bytes(PAYLOAD[:-1] + b"!")
    assert run("verify", "tiny") == 1
    assert "damaged" in capsys.readouterr().err


def test_list(server: FileServer, capsys: pytest.CaptureFixture[str]) -> None:
    server.serve_hub(REPO, "tiny.gguf", PAYLOAD)
    run("pull", "tiny")
    capsys.readouterr()
    assert run("list") == 0
    lines = capsys.readouterr().out.splitlines()
    assert re.match(r"tiny +400\.0 kB +on this computer +Apache-2.0", lines[0])
    assert re.match(r"absent +400\.0 kB +not downloaded", lines[2])
    assert run("list", "--json") == 0
    rows = json.loads(capsys.readouterr().out)
    assert [(row["id"], row["downloaded"]) for row in rows] == [("tiny", True), ("absent", False)]


@pytest.mark.parametrize("command", ["pull", "path", "verify"])
def test_unknown_ids_are_wrong_usage(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(command, "gpt-9") == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert "tiny, absent" in shown.err
    assert "Traceback" not in shown.err


@pytest.mark.parametrize("arguments", [[], ["nonsense"], ["pull"], ["list", "--xml"], ["forget", "tiny"]])
def test_wrong_usage(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        run(*arguments)
    assert caught.value.code == 2


def test_the_file_of_a_model_stands_for_it(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "tiny.gguf").write_bytes(PAYLOAD)
    for given in (folder / "tiny.gguf", folder):
        assert run("verify", str(given)) == 0
        assert "Tiny Model is whole" in capsys.readouterr().err
        assert run("path", str(given)) == 0
        assert capsys.readouterr().out == f"{folder / 'tiny.gguf'}\n"


def test_forget(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def told() -> str:
        shown = capsys.readouterr()
        assert shown.out == ""
        return shown.err

    assert run("forget") == 0
    assert told() == "Nothing was learnt.\n"
    tables = [learned_table(home / f"{name}.gguf", name) for name in ("tiny", "small")]
    tables[0].parent.mkdir(parents=True)
    tables[0].write_bytes(b"h" * 32 + b"learnt")
    assert run("forget") == 0
    assert told() == "Forgot what was learnt (1 table).\n"
    tables[1].write_bytes(b"h" * 32 + b"learnt, too")
    assert run("forget") == 0
    assert told() == "Forgot what was learnt (2 tables).\n"
    assert [table.read_bytes()[32:] for table in tables] == [bytes(6), bytes(11)]
    tables[0].unlink()
    tables[0].mkdir()
    assert run("forget") == 1
    assert told() == messages.error_text("forget_failed", {"folder": str(tables[0].parent)}) + "\n"


def test_no_network_is_one_sentence(
    server: FileServer, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{closed_port()}")
    assert run("pull", "tiny") == 1
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1
    assert lines[0].startswith("There is no connection to 127.0.0.1")


@pytest.mark.skipif(sys.platform == "win32", reason="signals another way")
def test_ctrl_c_says_that_it_continues(server: FileServer, tmp_path: Path, folder: Path) -> None:
    served = server.serve_hub(REPO, "tiny.gguf", PAYLOAD, hold_at=98_304)
    catalog = write_catalog(tmp_path / "catalog.toml", [entry()])
    code = (
        "import argparse, pathlib, sys\n"
        "from helix_app.cli.library import models\n"
        "from helix_app.hub import catalog\n"
        "arguments = argparse.Namespace(models_command='pull', id='tiny')\n"
        f"sys.exit(models.run(arguments, catalog=catalog.load_catalog(pathlib.Path({str(catalog)!r}))))\n"
    )
    with subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.PIPE, text=True) as process:
        assert served.held.wait(60)
        wait_for(lambda: bool(list(folder.glob("*.part"))))  # it may still be about to open the file
        os.kill(process.pid, signal.SIGINT)
        assert process.stderr is not None
        shown = process.stderr.read()
    assert process.returncode == 1
    assert "Start it again to continue where it stopped" in shown
    assert "Traceback" not in shown
    assert list(folder.glob("*.part"))


def test_every_code_has_a_sentence() -> None:
    """Over the source, since some failures cannot be brought about here."""
    source = Path(models.__file__).parents[2]
    raised = re.compile(r'(?:Helix|Download|Input|ModelFile|Device|Draft\w+)Error\(\s*"([a-z_]+)"')
    codes = {code for file in source.rglob("*.py") for code in raised.findall(file.read_text(encoding="utf-8"))}
    assert {"download_failed", "download_locked", "model_unknown", "verify_cancelled"} <= codes
    assert codes <= set(messages.ERRORS), codes - set(messages.ERRORS)
