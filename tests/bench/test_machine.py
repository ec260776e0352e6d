"""What a run ran on."""

from __future__ import annotations

import hashlib
import json
import mmap
import os
import sys
from pathlib import Path

import pytest

from helix_app import __version__
from helix_app.base.process import paths
from helix_app.bench import machine
from helix_app.modelfiles.draft_head import inspect_head
from helix_app.modelfiles.model_path import inspect
from tests.engine.made.heads import head_for
from tests.engine.made.tiny import Zoo


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home of its own: hashes are remembered there."""
    monkeypatch.setenv("HELIX_HOME", str(tmp_path / "home"))
    return tmp_path


def test_a_hash_is_right_remembered_and_made_again_for_a_changed_file(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = home / "model.gguf"
    path.write_bytes(b"one")
    os.utime(path, ns=(1, 1))
    first = hashlib.sha256(b"one").hexdigest()
    assert machine.file_sha256(path) == first
    path.write_bytes(b"two")
    os.utime(path, ns=(1, 1))  # same size, same time: taken for the same file
    assert machine.file_sha256(path) == first
    os.utime(path, ns=(2, 2))
    assert machine.file_sha256(path) == hashlib.sha256(b"two").hexdigest()


@pytest.mark.parametrize("content", ["", "[]", "{", '{"a": 1}', "\x00"])
def test_a_spoilt_memory_of_hashes_does_no_harm(home: Path, content: str) -> None:
    path = home / "model.gguf"
    path.write_bytes(b"one")
    machine.file_sha256(path)
    store = paths.cache_dir() / "sha256.json"
    store.write_text(content)
    assert machine.file_sha256(path) == hashlib.sha256(b"one").hexdigest()
    assert hashlib.sha256(b"one").hexdigest() in json.loads(store.read_text()).values()


def test_a_model_is_named_by_its_files(zoo: Zoo) -> None:
    path = zoo.gguf("llama")
    facts = machine.model_facts(inspect(path), "Tiny")
    (file,) = facts["files"]
    assert (facts["name"], facts["architecture"], file["name"]) == ("Tiny", "llama", path.name)
    assert file["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
    assert file["size_bytes"] == path.stat().st_size
    folder = machine.model_facts(inspect(zoo.folder("llama")), "Tiny")
    assert [f["name"] for f in folder["files"]] == ["model.safetensors"]


def test_what_changes_speed_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    monkeypatch.setenv("HELIX_SECRET", "x")
    facts = machine.machine_facts()
    assert facts["environment"]["OMP_NUM_THREADS"] == "3"
    assert "HELIX_SECRET" not in facts["environment"]
    assert facts["cpu"]
    assert facts["cores"] >= 1
    assert facts["memory_bytes"] > 2**28
    json.dumps(facts)
    assert machine.version_facts()["helix"] == __version__


@pytest.mark.skipif(sys.platform != "linux", reason="the peak can be reset on Linux")
def test_the_peak_of_memory_is_that_since_the_reset() -> None:
    for _ in range(5):  # the system may take unused pages away at the same moment
        machine.reset_peak_memory("cpu")
        before = machine.peak_memory("cpu")
        with mmap.mmap(-1, 64 * 2**20) as block:  # which the system has back afterwards, whatever the allocator keeps
            block.write(os.urandom(1) * len(block))
            high = machine.peak_memory("cpu")
        assert before is not None
        assert high is not None
        if high - before > 32 * 2**20:
            break
    else:
        pytest.fail("64 MiB in use do not show")
    try:
        Path("/proc/self/clear_refs").write_text("5")
    except OSError:
        pytest.skip("this system does not let the peak be reset")
    after = machine.peak_memory("cpu")
    assert after is not None
    assert after < high


def test_a_draft_head_is_named_with_its_files(tmp_path: Path) -> None:
    facts = machine.model_facts(inspect_head(head_for("llama").save(tmp_path / "head")), "Head")
    assert (facts["name"], [file["name"] for file in facts["files"]]) == ("Head", ["model.safetensors"])
