"""What files say of a model, why one cannot run, and that it is read once."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from helix_app.base import messages
from helix_app.base.process import paths
from helix_app.engine.text.tokenizer import load_tokenizer
from helix_app.hub.library import facts
from helix_app.hub.library.facts import ModelFacts, facts_of
from helix_app.modelfiles.model_path import inspect
from tests.engine.made.heads import head_for
from tests.engine.made.tiny import save_folder, write_gguf
from tests.hub.library.library_made import put


def test_a_model_that_runs(home: Path, tmp_path: Path) -> None:
    said = {"general.name": "Tiny Llama", "general.license": "mit", "general.file_type": 7}
    path = write_gguf("llama", 0, tmp_path / "x.gguf", **said)
    assert facts_of(path) == ModelFacts("Tiny Llama", "Q8_0", "llama", "mit")


def test_a_model_without_a_chat_template_continues_text(home: Path, tmp_path: Path) -> None:
    assert facts_of(write_gguf("llama", 0, tmp_path / "base.gguf", template="")).plain
    assert not facts_of(write_gguf("llama", 0, tmp_path / "chat.gguf")).plain
    folder = save_folder("llama", 0, tmp_path / "folder")
    assert not facts_of(folder).plain
    for file in ("chat_template.jinja", "tokenizer_config.json"):
        (folder / file).unlink(missing_ok=True)
    assert facts_of(folder).plain
    (folder / "tokenizer_config.json").write_text(json.dumps({"chat_template": "{{ messages }}"}))
    assert not facts_of(folder).plain


@pytest.mark.parametrize(
    ("file", "text", "plain"),
    [
        ("chat_template.json", json.dumps({"chat_template": "{{ messages }}"}), True),
        ("chat_template.jinja", "", True),
        ("additional_chat_templates/tool_use.jinja", "{{ messages }}", True),
        ("additional_chat_templates/default.jinja", "{{ messages }}", False),
        ("tokenizer_config.json", [{"name": "tool_use", "template": "{{ messages }}"}], True),
        ("tokenizer_config.json", [{"name": "default", "template": "{{ messages }}"}], False),
        ("tokenizer_config.json", {"tool_use": "{{ messages }}"}, True),
    ],
)
def test_a_folders_template_is_the_one_that_the_engine_takes(
    home: Path, tmp_path: Path, file: str, text: object, plain: bool
) -> None:
    folder = save_folder("llama", 0, tmp_path / "folder")
    (folder / "chat_template.jinja").unlink(missing_ok=True)
    config = json.loads((folder / "tokenizer_config.json").read_text("utf-8"))
    said = {} if isinstance(text, str) else {"chat_template": text}
    (folder / "tokenizer_config.json").write_text(json.dumps({**config, **said}))
    if isinstance(text, str):
        put(folder / file, text.encode())
    assert facts_of(folder).plain == (not load_tokenizer(inspect(folder)).info.chat_template) == plain


def test_files_win_over_what_the_configuration_says(home: Path, tmp_path: Path) -> None:
    folder = save_folder("llama", 0, tmp_path / "folder")
    (folder / "chat_template.jinja").unlink(missing_ok=True)
    config = json.loads((folder / "tokenizer_config.json").read_text("utf-8"))
    (folder / "tokenizer_config.json").write_text(json.dumps({**config, "chat_template": "{{ messages }}"}))
    assert not facts_of(folder).plain
    file = put(folder / "additional_chat_templates" / "rag.jinja", b"{{ messages }}")
    assert facts_of(folder).plain == (not load_tokenizer(inspect(folder)).info.chat_template) is True
    file.rename(file.with_name("default.jinja"))
    assert not facts_of(folder).plain


def test_what_cannot_run_says_why(home: Path, tmp_path: Path) -> None:
    path = put(tmp_path / "broken-Q4_K_M.gguf")
    found = facts_of(path)
    assert found.problem is not None
    assert found.quantisation == "Q4_K_M"
    assert "–" not in messages.error_text(found.problem.code, found.problem.fields)
    gone = facts_of(tmp_path / "gone" / "x.gguf")
    assert gone.problem is not None


def test_a_draft_head_is_no_broken_model(home: Path, tmp_path: Path) -> None:
    found = facts_of(head_for("llama").save(tmp_path / "head", "specforge"))
    assert (found.head, found.problem) == (True, None)


def test_a_folder_of_another_kind(home: Path, tmp_path: Path) -> None:
    put(tmp_path / "config.json", json.dumps({"model_type": "mamba", "torch_dtype": "bfloat16"}).encode())
    put(tmp_path / "model.safetensors", b"12345678")
    found = facts_of(tmp_path)
    assert (found.architecture, found.quantisation) == ("mamba", "BF16")
    assert found.problem is not None


def test_it_is_read_once_until_the_file_changes(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = put(tmp_path / "x.gguf")
    assert facts_of(path, read=False) == ModelFacts()  # not yet
    before = facts_of(path)
    with monkeypatch.context() as patch:
        patch.setattr(facts, "inspect", lambda path: pytest.fail("read again"))
        assert facts_of(path) == facts_of(path, read=False) == before
        (kept,) = (paths.cache_dir() / "library").glob("*.json")
        patch.setattr(facts, "inspect", lambda path: None)
        kept.write_text("damaged")
        assert facts_of(path).problem is None
    assert facts_of(path).problem is None  # what was found then is kept
    os.utime(path, ns=(5, 5))
    assert facts_of(path).problem is not None


def test_templates_without_a_name_for_people_are_none(home: Path, tmp_path: Path) -> None:
    folder = save_folder("llama", 0, tmp_path / "folder")
    (folder / "chat_template.jinja").unlink(missing_ok=True)
    said = {"chat_template": [{"name": ["default"], "template": "{{ messages }}"}]}
    (folder / "tokenizer_config.json").write_text(json.dumps(said))
    assert facts_of(folder).plain
