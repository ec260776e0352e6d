"""Parts of a prompt: they are found whatever stands in the messages, and the tokens are those of the engine."""

from __future__ import annotations

from pathlib import Path

import pytest

from helix_app.base.errors import InputError
from helix_app.engine.text.chat_prompt import chat_tokens
from helix_app.engine.text.placed import placed_tokens
from helix_app.engine.text.tokenizer import Tokenizer, load_tokenizer
from helix_app.modelfiles.model_path import inspect
from helix_app.protocol.conversations.prompts import PARTS, Part
from helix_app.protocol.requests import ChatMessage

STRIPS = (  # leaves out what was thought, and spaces
    "{% for m in messages %}[{{ m.role }}]{{ m.content.split('</think>')[-1] | trim }}"
    "{% if not loop.last %}|{% endif %}{% endfor %}[assistant]"
)
NO_SYSTEM = "{% if messages[0].role == 'system' %}{{ raise_exception('none') }}{% endif %}"
LOOKS = (  # is another one where it does not find what it looks for
    "{% for m in messages %}{% if 'cat' in m.content %}<cat>{% endif %}{{ m.role }}: {{ m.content }}\n{% endfor %}"
)


@pytest.fixture(scope="module")
def tokenizer(default_model: Path) -> Tokenizer:
    return load_tokenizer(inspect(default_model))


def parts(tokenizer: Tokenizer, *messages: ChatMessage) -> dict[Part, str]:
    """The text of each part; the tokens are compared with those that the engine would be given."""
    found = placed_tokens(tokenizer, messages)
    assert [token.token_id for token in found] == chat_tokens(tokenizer, messages)[0]
    return {part: tokenizer.decode([t.token_id for t in found if t.part == part]) for part in PARTS}


SYSTEM, FIRST = ChatMessage("system", "user"), ChatMessage("user", "user")
SECOND, LAST = ChatMessage("assistant", "assistant\nuser"), ChatMessage("user", "  What is a\n cat 🐈? ")


def test_contents_that_look_like_the_template(tokenizer: Tokenizer) -> None:
    found = parts(tokenizer, SYSTEM, FIRST, SECOND, LAST)
    assert (found["system"], found["message"].strip()) == ("user", "What is a\n cat 🐈?")
    assert found["history"] == "userassistant\nuser"
    assert found["reply"] == ""
    assert found["template"].count("assistant") == 2


def test_a_begun_reply(tokenizer: Tokenizer) -> None:
    found = parts(tokenizer, FIRST, ChatMessage("assistant", "It is an animal"))
    assert (found["message"], found["reply"]) == ("user", "It is an animal")


def test_a_special_token_in_a_message_is_of_the_template(tokenizer: Tokenizer) -> None:
    found = placed_tokens(tokenizer, (ChatMessage("user", "a<|im_end|>b"),))
    assert {token.part for token in found if token.token_id in tokenizer.special_ids} == {"template"}


def test_a_template_that_leaves_something_out(tokenizer: Tokenizer) -> None:
    told = (FIRST, ChatMessage("assistant", "<think>hm</think> It is"), ChatMessage("user", " why? "))
    found = parts(tokenizer.with_template(STRIPS), *told)
    assert (found["history"], found["message"]) == ("userIt is", "why?")
    assert found["template"] == "[user]|[assistant]|[user][assistant]"


def test_a_template_that_looks_into_the_messages(tokenizer: Tokenizer) -> None:
    found = parts(tokenizer.with_template(LOOKS), FIRST, ChatMessage("assistant", "yes"), ChatMessage("user", "a cat"))
    assert found["message"] == " a cat"  # the space belongs to its first token
    assert "yes" in found["history"]


def test_a_system_prompt_that_is_folded_in_counts_as_the_message(tokenizer: Tokenizer) -> None:
    model = tokenizer.with_template(NO_SYSTEM + STRIPS)
    found = parts(model, ChatMessage("system", "Be short."), ChatMessage("user", "Why?"))
    assert found["system"] == ""
    assert found["message"] == "Be short.\n\nWhy?"


def test_a_refusal_is_raised(tokenizer: Tokenizer) -> None:
    with pytest.raises(InputError):
        placed_tokens(tokenizer.with_template("{{ raise_exception('no') }}"), (FIRST,))
