"""A draft model with another tokenizer: whatever it writes, the reply is the target's own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from helix_app.engine.drafts.mixed import MixedDraft
from helix_app.engine.drafts.ngrams.ngram import NgramDraft
from helix_app.engine.drafts.reencoded import Languages, ReencodedDraft
from helix_app.engine.models.runner import ModelRunner, Rows
from helix_app.engine.rounds.session import Session
from helix_app.engine.text.tokenizer import Tokenizer, load_tokenizer
from helix_app.modelfiles.model_path import inspect
from helix_app.protocol.events import Finished, RoundDone
from helix_app.protocol.requests import GenerateRequest, Grammar, SamplingParams
from tests.engine.drafts.test_rereading import numbers_whole, words
from tests.engine.made.tiny import EOS_ID, GREEDY, Zoo, ask, tokenizer, write_gguf
from tests.engine.models.test_decoder import runner_of
from tests.engine.runs.crowds import SAMPLINGS, Crowd, Models, alone, check_same, plain, requests, staggered
from tests.engine.runs.paged import paged


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Models:
    return Models(Zoo(tmp_path_factory.mktemp("reencoded-zoo")))


@pytest.fixture(scope="module")
def other(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model whose tokens have other numbers."""
    return other_model(tmp_path_factory.mktemp("other"), "llama-loopy")


@pytest.fixture(scope="module", params=["llama-loopy", "gemma3-loopy"])
def either(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same, and one with a window."""
    return other_model(tmp_path_factory.mktemp("either"), request.param)


def other_model(folder: Path, name: str) -> Path:
    """A model whose tokens have other numbers."""
    vocab = tokenizer().get_vocab()
    tokens = sorted(vocab, key=lambda token: vocab[token])
    return write_gguf(name, 0, folder / "other.gguf", tokens=[*tokens[:4], *reversed(tokens[4:])], pre="gpt-2")


def session_with(
    models: Models, path: Path, blocks: int = 128, draft_blocks: int = 128, mixed: bool = False
) -> Session:
    files = inspect(path)
    draft_runner = paged(runner_of(path).decoder, draft_blocks)
    languages = Languages(models.tokenizer, load_tokenizer(files), frozenset(files.config.eos_token_ids))
    own = ReencodedDraft(draft_runner, models.target.config.vocab_size, languages)
    session = models.session(blocks=blocks)
    session.draft, session.draft_runner = MixedDraft(NgramDraft(), own) if mixed else own, draft_runner
    return session


def as_text(request: GenerateRequest) -> GenerateRequest:
    """The same without a template."""
    return replace(request, prompt=request.messages[0].content, messages=(), raw=True)


def drafted(crowd: Crowd, source: str = "reencoded") -> int:
    rounds = [event for event in crowd.events if isinstance(event, RoundDone)]
    return sum(event.k for event in rounds if event.source == source)


@pytest.mark.parametrize(("sampling", "raw"), [("greedy", False), ("greedy", True), ("counts", False)])
def test_many_replies_at_once_are_what_they_are_alone(models: Models, either: Path, sampling: str, raw: bool) -> None:
    asked = requests(SAMPLINGS[sampling], k="fixed:3")[:5]
    asked = [as_text(request) for request in asked] if raw else asked
    crowd = Crowd(session_with(models, either))
    crowd.run(each=staggered(crowd, asked, 3))
    check_same(models, crowd, asked)
    assert drafted(crowd) > 0


def test_one_after_the_other_they_take_prefixes_from_its_cache(models: Models, either: Path) -> None:
    session = session_with(models, either)
    text = "the cat sat on the mat and the dog " * 3
    for number in range(3):
        request = ask(text, request_id=f"r{number}", k="fixed:2", max_tokens=12)
        assert alone(session, request).token_ids == plain(models, request).token_ids
    assert session.draft_runner is not None
    assert session.draft_runner.pool.cached_blocks > 0


def test_whoever_is_preempted_goes_on_as_before(models: Models, either: Path) -> None:
    asked = [ask(text, request_id=text, k="fixed:4", max_tokens=70) for text in ("x", "1 2 3", "the cat")]
    crowd = Crowd(session_with(models, either, blocks=9, mixed=True)).add(*asked)
    crowd.run()
    assert crowd.preempted
    check_same(models, crowd, asked, blocks=9)


def test_a_cache_of_its_own_that_is_full_drafts_nothing(models: Models, other: Path) -> None:
    asked = requests(k="fixed:4")[2:5]
    crowd = Crowd(session_with(models, other, draft_blocks=6)).add(*asked)
    crowd.run()
    check_same(models, crowd, asked)


def test_it_never_runs_past_the_last_position_of_its_model(
    models: Models, other: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = session_with(models, other)
    runner = session.draft_runner
    assert runner is not None
    runner.max_tokens = 48  # its cache has room for more
    half = load_tokenizer(inspect(other)).token_id("Ã")  # of a character: no text ever comes of it
    assert half is not None
    lengths: list[int] = []
    real = runner.forward_many

    def watched(*args: Any, **options: Any) -> list[torch.Tensor]:
        made = [logits.index_fill(1, torch.tensor([half]), 1000.0) for logits in real(*args, **options)]
        lengths.extend(runner.length(rows.sequence_id) for rows in args[0])
        return made

    monkeypatch.setattr(runner, "forward_many", watched)
    request = ask("the cat", k="fixed:4", max_tokens=40)
    crowd = Crowd(session).add(request)
    crowd.run()
    check_same(models, crowd, [request])
    assert max(lengths) == 48  # with a token that is drawn and does not run


@pytest.mark.parametrize("k", ["auto", "additive"])
def test_policies_decide_as_for_any_draft(models: Models, other: Path, k: str) -> None:
    asked = requests(k=k)[:3]
    crowd = Crowd(session_with(models, other, mixed=True)).add(*asked)
    crowd.run()
    check_same(models, crowd, asked)


def test_rejection_sampling_with_a_seed_is_the_same_reply_again(models: Models, other: Path) -> None:
    sampling = SamplingParams(temperature=1.0, top_k=20, seed=11)
    request = ask("the cat", k="fixed:3", sampling=sampling, verify="rejection", max_tokens=24)
    assert (
        alone(session_with(models, other), request).token_ids == alone(session_with(models, other), request).token_ids
    )


def test_a_grammar_ends_what_it_does_not_allow(models: Models, other: Path) -> None:
    request = ask("the cat", k="fixed:4", grammar=Grammar("regex", "[a-z ]{9,20}"), max_tokens=24)
    crowd = Crowd(session_with(models, other)).add(request)
    crowd.run()
    check_same(models, crowd, [request])


def test_numbers_that_are_none_end_its_drafts_and_no_reply(
    models: Models, other: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = session_with(models, other)
    assert session.draft_runner is not None
    decoder, calls = session.draft_runner.decoder, [0]
    real = decoder.forward_many

    def broken(*args: object) -> torch.Tensor:
        calls[0] += 1
        return real(*args) * (float("nan") if calls[0] > 5 else 1.0)  # type: ignore[arg-type]

    monkeypatch.setattr(decoder, "forward_many", broken)
    asked = requests(k="fixed:2")[:3]
    crowd = Crowd(session).add(*asked)
    crowd.run()
    assert calls[0] > 5
    check_same(models, crowd, asked)


# --------------------------------------------------------------------------- a draft that knows the text


class Script(ModelRunner):
    """A runner whose model goes on with a text that it knows, in the tokens of its own tokenizer."""

    def __init__(self, like: ModelRunner, words: Tokenizer, text: str, end: int) -> None:
        super().__init__(like.decoder, like.pool, like.cache)
        self.words, self.text, self.end = words, text, end
        self.rows = 0
        self.has: list[int] = []

    def forward_many(
        self, batch: Sequence[Rows], reserved: bool = False, carried: Sequence[torch.Tensor] = ()
    ) -> list[torch.Tensor]:
        (rows,) = batch
        if not reserved:
            self.reserve(rows.sequence_id, self.length(rows.sequence_id) + rows.count)
        self.has = [*self.has[: self.length(rows.sequence_id) - rows.count], *rows.ids]
        self.rows += rows.count
        known = self.words.decode(self.has)
        assert self.text.startswith(known), "it has read another text than the target wrote"
        left = self.words.encode_continued(self.text[len(known) :])
        logits = torch.zeros(1, self.words.size)
        logits[0, left[0] if left else self.end] = 1.0
        return [logits]


DIGITS = "0123456789 "


def only_digits(words: Tokenizer) -> SamplingParams:
    """Greedy, with texts that a tokenizer can only cut in one way."""
    allowed = {i for letter in DIGITS for i in words.encode_continued(letter)}
    return SamplingParams(temperature=0.0, logit_bias=tuple((i, -100.0) for i in range(words.size) if i not in allowed))


@pytest.fixture
def known(models: Models) -> tuple[GenerateRequest, Finished]:
    request = as_text(ask("say 1 2 3 ", sampling=only_digits(models.tokenizer), max_tokens=60))
    return request, plain(models, request)


def scripted(models: Models, text: str) -> tuple[Session, Script]:
    draft_words = words(numbers_whole())
    end = draft_words.token_id("<end>")
    assert end is not None
    script = Script(paged(models.draft, 64), draft_words, text, end)
    languages = Languages(models.tokenizer, draft_words, frozenset({end}))
    session = models.session()
    session.draft = ReencodedDraft(script, models.target.config.vocab_size, languages)
    session.draft_runner = script
    return session, script


def test_what_a_draft_writes_rightly_stands_and_nothing_is_read_twice(
    models: Models, known: tuple[GenerateRequest, Finished]
) -> None:
    request, want = known
    session, script = scripted(models, request.prompt + want.text)
    got = alone(session, replace(request, k="fixed:4"))
    assert got.token_ids == want.token_ids
    assert got.metrics.acceptance_rate is not None
    assert got.metrics.acceptance_rate > 0.9
    assert script.rows < 3 * len(script.words.encode(request.prompt + want.text))


def test_its_end_ends_the_proposal(models: Models, known: tuple[GenerateRequest, Finished]) -> None:
    request, want = known
    session, _ = scripted(models, request.prompt + want.text[:9])
    crowd = Crowd(session).add(replace(request, k="fixed:8", max_tokens=6))
    crowd.run()
    (result,) = crowd.results.values()
    assert isinstance(result, Finished)
    assert result.token_ids == want.token_ids[:6]
    assert 0 < drafted(crowd) <= 9


def test_a_text_goes_on_with_what_it_wrote(models: Models, known: tuple[GenerateRequest, Finished]) -> None:
    request, want = known
    session, _ = scripted(models, request.prompt + want.text)
    assert isinstance(session.draft, ReencodedDraft)
    session.draft = MixedDraft(NgramDraft(), session.draft)
    assert alone(session, replace(request, k="additive")).token_ids == want.token_ids


def test_what_it_offers_is_what_it_costs(models: Models, other: Path) -> None:
    session = session_with(models, other)
    draft = session.draft
    assert isinstance(draft, ReencodedDraft)
    assert draft.offers((1, 2, 3)) == ()
    draft.begin("a")
    (offer,) = draft.offers(range(100))
    assert offer.source == "reencoded"
    assert offer.most == session.draft_runner.max_tokens - 100  # type: ignore[union-attr]
    draft.end()
    assert EOS_ID in draft.languages.ends
    assert draft.languages.end(10**6)
    assert GREEDY.temperature == 0
