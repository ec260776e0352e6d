"""models search, add, remove, and files of the hub for pull: what they print, and their exit codes."""

from __future__ import annotations

import argparse
import json
import re
from dataclasses import replace
from pathlib import Path

import pytest

from helix_app.cli.library import changes as library, models
from helix_app.hub.catalog import Catalog, HubSource
from tests.hub.conftest import folder as folder, home as home, no_thread_stays as no_thread_stays, server as server
from tests.hub.library.library_made import ollama, put
from tests.hub.served.hub_api import QUERY, serve_api
from tests.hub.served.models import OTHER, PAYLOAD, REPO, entry, sha256
from tests.hub.served.server import FileServer

Shown = pytest.CaptureFixture[str]


def run(*arguments: str, catalog: Catalog | None = None) -> int:
    parser = argparse.ArgumentParser()
    models.add_parser(parser.add_subparsers(dest="command", required=True))
    return models.run(parser.parse_args(["models", *arguments]), catalog=catalog)


def test_search_lists_repositories_and_their_files(server: FileServer, capsys: Shown) -> None:
    serve_api(server)
    assert run("search", QUERY) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == f"{REPO}  Apache-2.0  1,234 downloads"
    assert lines[1] == "other/oss-GGUF  MIT  1,234 downloads  gated  not supported (mamba)"
    assert run("search", REPO) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == f"{REPO}/tiny.Q4_K_M.gguf  1.0 kB  Q4_K_M"
    assert run("search", QUERY, "--json") == 0
    (first, *_) = json.loads(capsys.readouterr().out)
    assert (first["repo"], first["runs"], first["gated"]) == (REPO, True, False)
    assert run("search", REPO, "--json") == 0
    assert {row["quantisation"] for row in json.loads(capsys.readouterr().out)} == {"Q4_K_M", "Q8_0", "BF16"}


def test_nothing_found_and_a_hub_that_refuses(server: FileServer, capsys: Shown) -> None:
    server.serve_json("/api/models", [])
    assert run("search", "nothing") == 0
    shown = capsys.readouterr()
    assert (shown.out, "no GGUF model called nothing" in shown.err) == ("", True)
    assert run("search", "a/b") == 1
    assert "knows no a/b" in capsys.readouterr().err


@pytest.mark.parametrize("name", [f"{REPO}:q8_0", f"{REPO}/tiny.Q8_0.gguf"])
def test_pull_from_the_hub_list_and_remove(name: str, server: FileServer, home: Path, capsys: Shown) -> None:
    serve_api(server)
    server.serve_hub(REPO, "tiny.Q8_0.gguf", PAYLOAD)
    assert run("pull", name) == 0
    assert "Load it as tiny.q8_0." in capsys.readouterr().err
    assert run("path", "tiny.q8_0") == 0
    assert Path(capsys.readouterr().out.strip()).read_bytes() == PAYLOAD
    assert run("list", "--library", "--json") == 0
    (row,) = json.loads(capsys.readouterr().out)
    assert (row["id"], row["quantisation"], row["origin"], row["runs"]) == ("tiny.q8_0", "Q8_0", "helix", False)
    assert run("remove", "tiny.q8_0") == 0
    assert "Deleted" in capsys.readouterr().err
    assert run("path", "tiny.q8_0") == 2  # no longer known


def test_pull_of_what_is_not_there(server: FileServer, capsys: Shown) -> None:
    serve_api(server)
    assert run("pull", f"{REPO}:Q2_K") == 2
    assert "Q4_K_M, Q8_0, BF16" in capsys.readouterr().err
    assert run("pull", "nobody/gone:Q8_0") == 1


def test_a_download_that_broke_off_is_listed(server: FileServer, home: Path, capsys: Shown) -> None:
    serve_api(server)
    server.serve_hub(REPO, "tiny.Q8_0.gguf", PAYLOAD, statuses=[200, 404])
    (home / "data" / "models" / "tiny.q8_0").mkdir(parents=True)
    assert run("pull", f"{REPO}:Q8_0") == 1
    put(home / "data" / "models" / "tiny.q8_0" / "tiny.Q8_0.gguf.0123456789ab.part", b"x" * 1000)
    capsys.readouterr()
    assert run("list", "--library") == 0
    assert "1.0 kB of 400.0 kB downloaded; continue with `models pull tiny.q8_0`" in capsys.readouterr().out


def test_add_and_remove_a_file_of_ones_own(tmp_path: Path, home: Path, capsys: Shown) -> None:
    own = put(tmp_path / "mine-Q4_0.gguf")
    blob = ollama(tmp_path / "person", "qwen3", "4b")
    assert run("add", str(own)) == 0
    assert capsys.readouterr().out == f"{own}\n"
    assert run("list", "--library") == 0
    shown = capsys.readouterr().out
    assert f"mine-Q4_0  {own}\n  64 bytes · Q4_0\n  cannot run: " in shown
    assert re.search(rf"qwen3:4b  {re.escape(str(blob))}\n  64 bytes · Ollama\n", shown)
    assert run("remove", str(own)) == 0
    assert "the files stay" in capsys.readouterr().err
    assert own.exists()
    assert run("remove", str(blob)) == 2
    assert "belongs to Ollama" in capsys.readouterr().err
    assert run("add", str(tmp_path / "gone")) == 2


@pytest.mark.parametrize("arguments", [["search"], ["add"], ["remove"], ["search", "a", "--xml"]])
def test_wrong_usage(arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        run(*arguments)
    assert caught.value.code == 2


@pytest.mark.parametrize(
    ("name", "hub"),
    [
        ("a/b:Q8_0", True),
        ("a/b/c.gguf", True),
        ("a/b/c/d.gguf", True),
        ("a/b", False),
        ("smollm2", False),
        ("x:y", False),
        ("/a/b.gguf", False),
        ("./a/b.gguf", False),
        ("~/a/b.gguf", False),
    ],
)
def test_what_names_a_file_of_the_hub(name: str, hub: bool) -> None:
    assert library.is_hub_file(name) == hub


def test_a_library_without_models_says_how_to_get_one(home: Path, tmp_path: Path, capsys: Shown) -> None:
    assert run("list", "--library") == 0
    shown = capsys.readouterr()
    assert shown.out == ""
    assert "models pull ID" in shown.err
    put(home / "data" / "models" / "own" / "own-Q4_0.gguf")
    assert run("add", str(put(tmp_path / "mine-Q4_0.gguf"))) == 0
    capsys.readouterr()
    assert run("list", "--library") == 0
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("command", ["path", "verify", "pull"])
def test_a_path_in_place_of_an_id(command: str, tmp_path: Path, home: Path, capsys: Shown) -> None:
    """What is of the catalog is taken for it; of anything else it is said what to do."""
    own = put(tmp_path / "mine-Q4_0.gguf")
    for given, said in (
        (own, {"path": "takes an id", "verify": "no checksum", "pull": "on this computer already"}[command]),
        (tmp_path, {"path": "takes an id", "verify": "no checksum", "pull": "on this computer already"}[command]),
        (tmp_path / "gone.gguf", "There is no model at"),
    ):
        assert run(command, str(given)) == 2
        shown = capsys.readouterr()
        assert (shown.out, said in shown.err) == ("", True), shown.err
    for name, called in (("nobody", "nobody"), ("", '""')):
        assert run(command, name) == 2
        shown = capsys.readouterr().err
        assert f"no model called {called}. Use one of" in shown
        assert "`models search`" in shown


def test_a_damaged_model_is_taken_for_itself_by_its_path(server: FileServer, folder: Path, capsys: Shown) -> None:
    path = put(folder / "tiny.gguf", PAYLOAD[:-1])
    server.serve_hub(REPO, "tiny.gguf", PAYLOAD)
    catalog = Catalog((entry(),))
    assert run("verify", str(path), catalog=catalog) == 1
    assert f"{path} is damaged" in capsys.readouterr().err
    assert run("pull", str(path), catalog=catalog) == 0
    assert path.read_bytes() == PAYLOAD
    assert run("verify", str(folder), catalog=catalog) == 0


def test_a_model_in_parts_is_known_by_each(server: FileServer, folder: Path, capsys: Shown) -> None:
    parts = {f"tiny-0000{n}-of-00002.gguf": data for n, data in ((1, PAYLOAD), (2, OTHER))}
    for name, data in parts.items():
        server.serve_hub(REPO, name, data)
    first, second = (
        entry(HubSource(REPO, name), file=name, size_bytes=len(data), sha256=sha256(data))
        for name, data in parts.items()
    )
    catalog = Catalog((replace(first, rest=(second,)),))
    put(folder / second.file, OTHER)
    assert run("verify", str(folder / second.file), catalog=catalog) == 1
    assert "not on this computer yet" in capsys.readouterr().err
    assert run("pull", str(folder / second.file), catalog=catalog) == 0
    assert (folder / first.file).read_bytes() == PAYLOAD
    assert run("verify", str(folder / second.file), catalog=catalog) == 0


def test_a_repository_alone_asks_for_one_of_its_files(home: Path, capsys: Shown) -> None:
    assert run("pull", REPO) == 2
    assert f"{REPO}:QUANTISATION; `models search {REPO}` lists them" in capsys.readouterr().err
    for command, name in (("verify", REPO), ("pull", "./a/b"), ("pull", "folder/own.GGUF"), ("pull", "/a/b")):
        assert run(command, name) == 2
        assert f"There is no model at {name}. Check" in capsys.readouterr().err


def test_no_name_is_no_model(home: Path, capsys: Shown, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = home / "data" / "models" / "mine"
    put(folder / "model.safetensors").with_name("config.json").touch()
    monkeypatch.chdir(folder)
    assert run("remove", "") == 2
    assert '"" is not in the library' in capsys.readouterr().err
    assert folder.is_dir()


def test_what_is_taken_in_and_cannot_run_is_told_at_once(tmp_path: Path, home: Path, capsys: Shown) -> None:
    own = put(tmp_path / "mine-Q4_0.gguf")
    assert run("add", str(own)) == 0
    shown = capsys.readouterr()
    assert shown.out == f"{own}\n"
    assert "It is in the library now, but it cannot run: " in shown.err
