"""Names to paths, choices to requests."""

from __future__ import annotations

from pathlib import Path

import pytest

from helix_app.base import messages
from helix_app.base.errors import HelixError
from helix_app.hub.catalog import Catalog
from helix_app.hub.resolve import ResolvedModel, catalog_name, name_of, resolve_target, to_load_request
from helix_app.protocol.requests import LoadChoice, LoadRequest
from tests.hub.served.models import PAYLOAD, entry

CATALOG = Catalog((entry(), entry(id="small", name="Small Model")))


def put(home: Path, model_id: str) -> Path:
    path = home / "data" / "models" / model_id / "tiny.gguf"
    path.parent.mkdir(parents=True)
    path.write_bytes(PAYLOAD)
    return path


def code_of(name: str) -> str:
    with pytest.raises(HelixError) as caught:
        resolve_target(name, catalog=CATALOG)
    assert "–" not in messages.error_text(caught.value.code, caught.value.fields)
    return caught.value.code


def test_an_id(home: Path) -> None:
    assert code_of("tiny") == "model_not_downloaded"
    path = put(home, "tiny")
    assert resolve_target("tiny", catalog=CATALOG) == ResolvedModel(path, "Tiny Model", "tiny")


def test_files_and_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "my.model.gguf").write_bytes(PAYLOAD)
    (tmp_path / "weights-v1.5").mkdir()
    monkeypatch.chdir(tmp_path)
    file = resolve_target("my.model.gguf", catalog=CATALOG)
    assert file == ResolvedModel(tmp_path / "my.model.gguf", "my.model", None)
    folder = resolve_target(str(tmp_path / "weights-v1.5"), catalog=CATALOG)
    assert folder == ResolvedModel(tmp_path / "weights-v1.5", "weights-v1.5", None)


def test_an_id_goes_before_a_file_of_that_name(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "tiny").mkdir()
    monkeypatch.chdir(tmp_path)
    put(home, "tiny")
    assert resolve_target("tiny", catalog=CATALOG).id == "tiny"
    assert resolve_target("./tiny", catalog=CATALOG).path == tmp_path / "tiny"


def test_auto_takes_the_draft_the_catalog_names_when_it_is_here(home: Path) -> None:
    catalog = Catalog((entry(), entry(id="big", draft="tiny")))
    put(home, "big")
    assert to_load_request(LoadChoice("big"), catalog=catalog).draft == "auto"
    draft = put(home, "tiny")
    request = to_load_request(LoadChoice("big"), catalog=catalog)
    assert (request.draft, request.draft_name, request.draft_required) == (str(draft), "Tiny Model", False)
    assert to_load_request(LoadChoice("big", "ngram"), catalog=catalog).draft == "ngram"
    assert to_load_request(LoadChoice("big", "tiny"), catalog=catalog).draft_required


def test_a_layer_of_the_target_s_own_that_is_not_insisted_on(home: Path) -> None:
    """What drafts in its place is what ``auto`` would take."""
    catalog = Catalog((entry(), entry(id="big", draft="tiny")))
    put(home, "big")
    for here in (False, True):
        suggested = str(put(home, "tiny")) if here else "auto"
        for required in (True, False):
            made = to_load_request(LoadChoice("big", "mtp", draft_required=required), catalog=catalog)
            assert (made.draft, made.draft_required, made.draft_instead) == ("mtp", required, suggested)


def test_what_is_not_there(tmp_path: Path) -> None:
    assert code_of(str(tmp_path / "gone.gguf")) == "model_not_found"
    assert code_of("gone.gguf") == "model_not_found"
    assert code_of("~/gone") == "model_not_found"
    assert code_of("gpt-9") == "model_unknown"
    assert code_of("") == "model_unknown"


def test_a_choice_becomes_a_request(home: Path) -> None:
    target, draft = put(home, "tiny"), put(home, "small")
    choice = LoadChoice("tiny", draft="small", device="cpu", dtype="float32", context_length=512)
    assert to_load_request(choice, catalog=CATALOG) == LoadRequest(
        target=str(target),
        target_name="Tiny Model",
        draft=str(draft),
        draft_name="Small Model",
        device="cpu",
        dtype="float32",
        context_length=512,
    )


@pytest.mark.parametrize("draft", ["auto", "none", "ngram", "mtp", "self-int4", "self-int8"])
def test_drafts_that_are_no_models(home: Path, draft: str) -> None:
    put(home, "tiny")
    request = to_load_request(LoadChoice("tiny", draft=draft), catalog=CATALOG)
    assert (request.draft, request.draft_name) == (draft, "")


def test_number_formats_pass_through(home: Path) -> None:
    put(home, "tiny")
    assert to_load_request(LoadChoice("tiny", dtype="int4"), catalog=CATALOG).dtype == "int4"


def test_replies_are_learnt_only_when_that_is_wanted(home: Path, tmp_path: Path) -> None:
    mine = tmp_path / "mine.gguf"
    mine.write_bytes(PAYLOAD)
    put(home, "tiny")
    assert to_load_request(LoadChoice("tiny"), catalog=CATALOG).learned_table == ""
    table = to_load_request(LoadChoice("tiny", learn=True), catalog=CATALOG).learned_table
    assert table == str(home / "data" / "ngram" / "tiny.table")
    other = to_load_request(LoadChoice(str(mine), learn=True), catalog=CATALOG).learned_table
    assert Path(other).parent == Path(table).parent
    assert Path(other).name.startswith("mine-")


def test_a_draft_that_is_missing(home: Path) -> None:
    put(home, "tiny")
    with pytest.raises(HelixError) as caught:
        to_load_request(LoadChoice("tiny", draft="small"), catalog=CATALOG)
    assert (caught.value.code, caught.value.fields["id"]) == ("model_not_downloaded", "small")


def test_a_model_of_the_catalog_has_one_name_however_it_is_given(home: Path, tmp_path: Path) -> None:
    big, mine = put(home, "big"), tmp_path / "mine.gguf"
    mine.write_bytes(PAYLOAD)
    catalog = Catalog((entry(id="big", name="Big Model"), entry(id="small", name="Small Model")))
    small = put(home, "small")
    assert resolve_target(str(big), catalog=catalog) == ResolvedModel(big, "Big Model", None)
    assert (name_of(small, catalog=catalog), name_of(mine, catalog=catalog)) == ("Small Model", "mine")
    assert (catalog_name(small, catalog=catalog), catalog_name(mine, catalog=catalog)) == ("Small Model", "")
    beside = big.with_name("other.gguf")
    beside.write_bytes(PAYLOAD)
    request = to_load_request(LoadChoice("big"), catalog=catalog)
    assert request.installed == (str(small), str(beside))
    assert request.names == ((str(small), "Small Model"),)
