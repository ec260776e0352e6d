"""What a load request comes to, before anything takes memory."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from helix_app.base.errors import HelixError
from helix_app.engine.loading import plan as planning
from helix_app.engine.loading.plan import plan
from helix_app.modelfiles.config import Recurrent
from helix_app.modelfiles.model_path import inspect
from helix_app.protocol.requests import LoadRequest
from tests.engine.made.tiny import Zoo
from tests.engine.test_engine import other_words as other_words
from tests.engine.text.made.files import NORMAL, byte_names, write_gguf


@pytest.fixture
def target(zoo: Zoo) -> Path:
    return zoo.gguf("llama-small")


def test_models_are_called_as_people_call_them_or_by_their_files(target: Path) -> None:
    bare = plan(LoadRequest(str(target), draft=str(target)))
    assert (bare.target_name, bare.draft_name) == ("llama-small-0-F32", "llama-small-0-F32")
    named = plan(LoadRequest(str(target), target_name="Tiny", draft=str(target), draft_name="Tinier"))
    assert (named.target_name, named.draft_name) == ("Tiny", "Tinier")
    assert plan(LoadRequest(str(target), draft="ngram", draft_name="Tinier")).draft_name == ""


@pytest.mark.parametrize("kind", ["auto", "none", "ngram", "self-int4", "self-int8"])
def test_drafts_that_are_no_files_are_read_from_none(target: Path, kind: str) -> None:
    made = plan(LoadRequest(str(target), draft=kind))
    assert (made.draft_kind, made.draft, made.skipped) == (kind, None, None)


def test_a_draft_model_is_looked_at(target: Path, zoo: Zoo) -> None:
    made = plan(LoadRequest(str(target), draft=str(zoo.gguf("llama"))))
    assert made.draft_kind == "model"
    assert made.draft is not None
    assert made.draft.path == zoo.gguf("llama")


def test_a_draft_that_is_wished_for_and_cannot_be_had_leaves_auto(target: Path, tmp_path: Path) -> None:
    request = LoadRequest(str(target), draft=str(tmp_path / "gone.gguf"), draft_required=False, draft_name="Other")
    made = plan(request)
    assert (made.draft_kind, made.draft, made.draft_name) == ("auto", None, "")
    assert made.skipped is not None
    assert made.skipped.code == "draft_skipped"
    fields = dict(made.skipped.fields)
    assert fields["draft"] == "Other"
    assert "gone.gguf" in fields["reason"]


def test_a_draft_that_is_required_must_be_there(target: Path, tmp_path: Path) -> None:
    with pytest.raises(HelixError) as caught:
        plan(LoadRequest(str(target), draft=str(tmp_path / "gone.gguf")))
    assert caught.value.code == "model_not_found"


def test_a_draft_with_other_words_is_re_encoded_where_it_was_asked_for(target: Path, other_words: Path) -> None:
    made = plan(LoadRequest(str(target), draft=str(other_words)))
    assert (made.draft_kind, made.skipped) == ("reencoded", None)
    wished = plan(LoadRequest(str(target), draft=str(other_words), draft_required=False, draft_name="Other"))
    assert (wished.draft_kind, wished.draft) == ("auto", None)
    assert wished.skipped is not None
    assert "re-encoded" in dict(wished.skipped.fields)["reason"]


def test_recurrent_layers_are_not_re_encoded(target: Path, other_words: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Their states do not go back as far as a text that is read otherwise may ask."""
    real = inspect(other_words)
    recurrent = replace(real, config=replace(real.config, recurrent=Recurrent(2, 2, 8, 8, 4)))
    monkeypatch.setattr(planning, "inspect", lambda path: recurrent if path == other_words else inspect(path))
    with pytest.raises(HelixError) as caught:
        plan(LoadRequest(str(target), draft=str(other_words)))
    assert caught.value.code == "draft_recurrent"


@pytest.mark.parametrize(("asked", "tokens"), [(None, 100), (7, 100), (100, 100), (5000, 5000)])
def test_the_cache_holds_one_context_at_least(target: Path, asked: int | None, tokens: int) -> None:
    made = plan(LoadRequest(str(target), draft="none", context_length=100, cache_tokens=asked))
    assert (made.context.tokens, made.cache_tokens) == (100, tokens)


def test_a_tokenizer_with_more_words_than_the_weights_is_refused(tmp_path: Path) -> None:
    path = write_gguf(tmp_path / "m.gguf", byte_names(), [NORMAL] * 256, rows=200)
    with pytest.raises(HelixError) as caught:
        plan(LoadRequest(str(path), draft="none"))
    assert caught.value.code == "model_weights_mismatch"
    assert caught.value.fields["what"] == "256 tokens in the tokenizer, 200 in the weights"


@pytest.mark.parametrize(
    ("pre", "code", "fields"),
    [
        ("gpt-2", "", {}),
        ("from-next-year", "cut_unknown", {"name": "from-next-year", "family": "gpt-2"}),
        ("default", "cut_unnamed", {"name": "default", "family": "gpt-2"}),
    ],
)
def test_what_had_to_be_guessed_of_the_tokenizer_is_told(
    tmp_path: Path, pre: str, code: str, fields: dict[str, str]
) -> None:
    path = write_gguf(tmp_path / "m.gguf", byte_names(), [NORMAL] * 256, pre=pre)
    told = list(plan(LoadRequest(str(path), draft="none")).guesses())
    assert [(notice.code, dict(notice.fields)) for notice in told] == ([(code, fields)] if code else [])
