"""A target's sequence in the tokens of another tokenizer, and texts as tokens of the target."""

from __future__ import annotations

from functools import cache

import pytest
import tokenizers
from tokenizers import decoders, models, pre_tokenizers, trainers

from helix_app.engine.drafts.rereading import Rereading, draft_prompt
from helix_app.engine.text.tokenizer import Tokenizer, TokenizerInfo
from helix_app.protocol.requests import ChatMessage, GenerateRequest
from tests.engine.made.tiny import TEMPLATE, tokenizer as digits_apart

TALK = "[{% for m in messages %}({{ m.role }}:{{ m.content }}){% endfor %}]{% if add_generation_prompt %}>{% endif %}"
REPLY = "the 12345 cats: \u00e9\u20ac \U0001f600 sat\n\n  on 678 mats"


def words(backend: tokenizers.Tokenizer, template: str | None = None, bos: str = "") -> Tokenizer:
    bos_id = backend.token_to_id(bos) if bos else None
    return Tokenizer(backend, TokenizerInfo(template, bos, "", bos_id, add_bos=bool(bos)))


@cache
def numbers_whole() -> tokenizers.Tokenizer:
    """A tokenizer that cuts elsewhere: numbers stay together, and words are none that the other has."""
    made = tokenizers.Tokenizer(models.BPE())
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=320,
        special_tokens=["<end>", "<begin>", "<think>", "</think>"],
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    made.train_from_iterator(["12 345 678 12345 on mats sat on cats"] * 4, trainer)
    return made


TARGET = words(digits_apart(), TEMPLATE)
DRAFT = words(numbers_whole(), TALK, "<begin>")


def asked(text: str = "Hello", **options: object) -> GenerateRequest:
    return GenerateRequest("r", (ChatMessage("user", text),), **options)  # type: ignore[arg-type]


@pytest.mark.parametrize("raw", [False, True])
def test_it_reads_what_the_target_wrote_token_by_token(raw: bool) -> None:
    request = GenerateRequest("r", prompt="so ", raw=True) if raw else asked()
    prompt = TARGET.encode("so ") if raw else TARGET.encode_chat(request.messages)
    reading = Rereading(TARGET, DRAFT, prompt, request, 512)
    before = list(reading.ids)
    assert DRAFT.decode(before) == ("so " if raw else "[(user:Hello)]>")
    tokens = list(prompt)
    for token in TARGET.encode_continued(REPLY):
        tokens.append(token)
        reading.read(tokens)
        whole = TARGET.decode(tokens[len(prompt) :]).rstrip("\ufffd")
        assert DRAFT.decode(reading.ids[len(before) :]) == whole
        assert reading.ids[: reading.stable] == before
    assert reading.seen == len(tokens)


@pytest.mark.parametrize("at", range(len(TARGET.encode_continued(REPLY))))
def test_a_continuation_is_cut_as_the_target_would_have_cut_it(at: int) -> None:
    """From anywhere, within a character too."""
    request = asked()
    prompt, ids = TARGET.encode_chat(request.messages), TARGET.encode_continued(REPLY)
    reading = Rereading(TARGET, DRAFT, prompt, request, 512)
    tokens = [*prompt, *ids[:at]]
    reading.read(tokens)
    known = TARGET.decode(ids[:at]).rstrip("\ufffd")
    assert reading.cut(tokens, REPLY[len(known) :]) == ids[at:]


def test_what_does_not_go_on_with_a_begun_character_is_no_proposal() -> None:
    prompt = TARGET.encode("x")
    reading = Rereading(TARGET, DRAFT, prompt, None, 512)
    tokens = [*prompt, *TARGET.encode_continued("\U0001f600")[:2]]
    reading.read(tokens)
    assert reading.cut(tokens, "abc") == []


def test_a_token_without_a_text_begins_nothing() -> None:
    request = asked()
    prompt = TARGET.encode_chat(request.messages)
    reading = Rereading(TARGET, DRAFT, prompt, request, 512)
    special = TARGET.token_id("<|pad|>")
    assert special is not None
    tokens = [*prompt, *TARGET.encode_continued("the"), special]
    reading.read(tokens)
    assert reading.cut(tokens, " cat") == TARGET.encode_continued(" cat")


def test_tokens_other_than_the_usual_ones_do_not_keep_it_from_cutting() -> None:
    """A target may write the letters of a word one by one."""
    prompt = TARGET.encode("x")
    letters = [i for letter in " the" for i in TARGET.encode_continued(letter)]
    assert letters != TARGET.encode_continued(" the")
    reading = Rereading(TARGET, DRAFT, prompt, None, 512)
    tokens = [*prompt, *letters]
    reading.read(tokens)
    assert reading.cut(tokens, " cat") == TARGET.encode_continued(" cat")


@pytest.mark.parametrize(
    "unit", ["the cat sat on 12345 mats. ", "\u732b\u5728\u57ab\u5b50\u4e0a"], ids=["spaces", "none"]
)
def test_the_beginning_of_a_long_reply_keeps_its_tokens(unit: str) -> None:
    prompt = TARGET.encode("x")
    reading = Rereading(TARGET, DRAFT, prompt, None, 9999)
    tokens, stable = list(prompt), list(reading.ids[: reading.stable])
    for token in TARGET.encode_continued(unit * 160 if unit.isascii() else unit * 200):
        tokens.append(token)
        reading.read(tokens)
        assert reading.ids[: len(stable)] == stable
        stable = reading.ids[: reading.stable]
    assert len(stable) > 200
    assert len(DRAFT.decode(reading.ids[len(stable) :])) <= 512
    assert DRAFT.decode(reading.ids) == "x" + TARGET.decode(tokens[len(prompt) :]).rstrip("\ufffd")


def test_read_at_once_it_is_the_same_text() -> None:
    prompt, more = TARGET.encode("x"), TARGET.encode_continued(REPLY * 30)
    reading = Rereading(TARGET, DRAFT, prompt, None, 9999)
    reading.read([*prompt, *more])
    assert DRAFT.decode(reading.ids) == "x" + REPLY * 30


# --------------------------------------------------------------------------- prompts


def test_a_conversation_is_read_in_the_draft_s_own_template() -> None:
    request = asked()
    ids = draft_prompt(TARGET, DRAFT, TARGET.encode_chat(request.messages), request, 512)
    assert ids[0] == DRAFT.info.bos_token_id
    assert DRAFT.decode(ids) == "[(user:Hello)]>"


@pytest.mark.parametrize("template", [None, "{{ raise_exception('never') }}"])
def test_without_one_that_takes_it_the_text_is_read_as_the_target_has_it(template: str | None) -> None:
    request = asked()
    prompt = TARGET.encode_chat(request.messages)
    ids = draft_prompt(TARGET, words(numbers_whole(), template), prompt, request, 512)
    assert DRAFT.decode(ids) == TARGET.decode(prompt) == "user\nHello\nassistant\n"


def test_a_begun_reply_is_at_the_end_of_its_prompt() -> None:
    messages = (ChatMessage("user", "Hello"), ChatMessage("assistant", "Good day"))
    request = GenerateRequest("r", messages)
    assert DRAFT.decode(draft_prompt(TARGET, DRAFT, [], request, 512)) == "[(user:Hello)]>Good day"


def test_a_long_conversation_loses_its_oldest_turns_in_a_small_context() -> None:
    turns = [ChatMessage(role, f"{role} {i} " * 8) for i in range(9) for role in ("user", "assistant")][:-1]  # type: ignore[arg-type]
    request = GenerateRequest("r", tuple(turns), max_tokens=20)
    ids = draft_prompt(TARGET, DRAFT, [], request, 400)
    assert len(ids) < 400
    assert "user 8" in DRAFT.decode(ids)
    assert "user 0" not in DRAFT.decode(ids)


def test_it_is_brought_into_a_block_of_reasoning_that_the_target_s_prompt_opens() -> None:
    opening = TEMPLATE + "<think>\n"
    target, request = words(digits_apart(), opening), asked()
    prompt = target.encode_chat(request.messages)
    assert DRAFT.decode(draft_prompt(target, DRAFT, prompt, request, 512)).endswith("]>")  # no marks: it has no closing
    both = words(digits_apart(), opening + "{# </think> #}")
    assert DRAFT.decode(draft_prompt(both, DRAFT, prompt, request, 512)).endswith("]><think>\n")
    thinks = words(numbers_whole(), TALK + "<think>\n{# </think> #}")
    told = thinks.decode(draft_prompt(TARGET, thinks, TARGET.encode_chat(request.messages), request, 512))
    assert told.endswith("<think>\n\n</think>\n\n")
