"""The default model goes on with a reply of its own where it was cut, as if it had not been."""

from __future__ import annotations

from typing import Any

import pytest

from helix_app.engine.engine import Engine
from helix_app.engine.text.tokenizer import Tokenizer
from helix_app.protocol.events import Finished
from helix_app.protocol.requests import ChatMessage, GenerateRequest
from tests.engine.made.tiny import GREEDY, ask, finish, session_of
from tests.integration.lending import Lend

pytestmark = pytest.mark.model
PROMPT = "List ten countries and their capitals as a numbered list."
TOKENS = 32


@pytest.fixture(scope="module", params=["float32", "auto"], ids=["float32", "packed"])
def engine(request: pytest.FixtureRequest, lend: Lend) -> Engine:
    """The model with an n-gram draft, unpacked and on its file's own blocks."""
    made = lend(request.param)
    assert made.ready is not None
    if request.param == "auto" and made.ready.dtype != "packed":
        pytest.skip("no packed kernels here")
    return made


@pytest.fixture(scope="module")
def whole(engine: Engine) -> Finished:
    """The reply, uncut."""
    made = finish(engine, ask(PROMPT, mode="autoregressive", max_tokens=TOKENS))
    assert len(made.token_ids) == TOKENS
    return made


def going_on(begun: str, asked: str = PROMPT, **options: Any) -> GenerateRequest:
    messages = (ChatMessage("user", asked), ChatMessage("assistant", begun))
    return GenerateRequest("more", messages, sampling=GREEDY, **options)


def cuts(tokenizer: Tokenizer, whole: Finished) -> list[int]:
    """Numbers of tokens whose text is these tokens again."""
    ids = whole.token_ids
    return [at for at in range(1, TOKENS) if tokenizer.encode_continued(tokenizer.decode(ids[:at])) == list(ids[:at])]


@pytest.mark.covering(strength=1)
@pytest.mark.parametrize("how", [{"mode": "autoregressive"}, {"k": "auto"}, {"k": "fixed:4"}], ids=str)
def test_a_reply_that_was_cut_goes_on_as_it_was(engine: Engine, whole: Finished, how: dict[str, Any]) -> None:
    tokenizer = session_of(engine).tokenizer
    found = cuts(tokenizer, whole)
    assert len(found) > TOKENS // 2  # most cuts are such
    for at in found[1 :: len(found) // 2]:
        begun = tokenizer.decode(whole.token_ids[:at])
        got = finish(engine, going_on(begun, max_tokens=TOKENS - at, **how))
        assert begun + got.text == whole.text
        assert got.token_ids == whole.token_ids[at:]
        assert got.metrics.tokens_generated == TOKENS - at


@pytest.mark.covering(strength=1)
@pytest.mark.parametrize(
    ("country", "half", "rest"), [("France", "Par", "is"), ("Germany", "Ber", "lin")], ids=["Paris", "Berlin"]
)
def test_a_word_that_was_cut_is_completed(engine: Engine, country: str, half: str, rest: str) -> None:
    """No space comes between its halves, though the tokens of a half are others than the word's."""
    asked = f"What is the capital of {country}?"
    got = finish(engine, going_on(f"The capital of {country} is {half}", asked, max_tokens=4))
    assert got.text.startswith(rest)


def test_the_conversation_is_found_in_the_cache(engine: Engine, whole: Finished) -> None:
    size = session_of(engine).runner.pool.block_size
    finish(engine, ask(PROMPT, max_tokens=4))
    got = finish(engine, going_on(whole.text, max_tokens=4))
    assert got.metrics.cached_tokens >= whole.metrics.prompt_tokens // size * size > 0
