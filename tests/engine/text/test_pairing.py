"""Why two models make a pair or none."""

from __future__ import annotations

from pathlib import Path

import pytest

from helix_app.engine.text.pairing import head_facts, pair_facts, verdicts
from helix_app.modelfiles.draft_head import inspect_head
from helix_app.modelfiles.model_path import inspect
from helix_app.modelfiles.parameters import parameter_count
from tests.engine.loading.test_plan import other_words as other_words
from tests.engine.made.heads import head_for
from tests.engine.made.tiny import Zoo


@pytest.fixture(scope="module")
def zoo(tmp_path_factory: pytest.TempPathFactory) -> Zoo:
    return Zoo(tmp_path_factory.mktemp("pairing-zoo"))


def test_models_with_the_same_tokens_are_a_pair(zoo: Zoo) -> None:
    facts = pair_facts(inspect(zoo.gguf("llama")), inspect(zoo.gguf("llama-small")))
    assert (facts.verdict.code, facts.verdict.differs) == ("", "")
    assert (facts.shared, facts.specials) == (1.0, ())
    assert facts.target_vocabulary == facts.draft_vocabulary > 0
    assert facts.draft_parameters < facts.target_parameters


def test_the_first_token_that_differs_is_named(zoo: Zoo, other_words: Path) -> None:
    facts = pair_facts(inspect(zoo.gguf("llama-small")), inspect(other_words))
    assert (facts.verdict.code, facts.verdict.differs) == ("", "draft_vocab_mismatch")
    assert facts.verdict.draft == str(other_words)
    fields = dict(facts.verdict.fields)
    assert (fields["token"], fields["draft_token"]) == ("3", "'<|other|>'")
    assert fields["target_token"] != fields["draft_token"]


def test_every_model_has_a_verdict(zoo: Zoo, tmp_path: Path) -> None:
    small, large, gone = zoo.gguf("llama-small"), zoo.gguf("llama"), tmp_path / "gone.gguf"
    found = list(verdicts(str(small), (str(large), str(gone))))
    assert [(v.draft, v.code) for v in found] == [(str(large), ""), (str(gone), "model_not_found")]
    assert found[0].heavy


def test_parameters_are_counted_from_the_header(zoo: Zoo) -> None:
    files = inspect(zoo.gguf("llama-small"))
    assert files.gguf is not None
    matrices = sum(a * b for a, b in (i.shape for i in files.gguf.tensors.values() if len(i.shape) == 2))
    assert parameter_count(files.config) == matrices


def test_a_head_goes_with_the_model_that_it_was_made_for(zoo: Zoo, tmp_path: Path) -> None:
    folder = head_for("llama").save(tmp_path / "head")
    facts = head_facts(inspect(zoo.gguf("llama")), inspect_head(folder))
    assert (facts.verdict.head, facts.verdict.code, facts.verdict.differs) == (True, "", "")
    assert (facts.draft_name, facts.draft_vocabulary, facts.layers) == ("head", 120, (0, 1, 2))
    assert facts.draft_parameters == inspect_head(folder).parameters
    (found,) = verdicts(str(zoo.gguf("llama")), [str(folder)])
    assert found == facts.verdict
    (other,) = verdicts(str(zoo.gguf("llama-small")), [str(folder)])
    assert (other.draft, other.code) == (str(folder), "head_hidden_size")
