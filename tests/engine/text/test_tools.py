"""Tools in a chat template: who takes them, in which form calls come, and what the template is given."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import tokenizers

from helix_app.base.errors import InputError
from helix_app.engine.engine import Engine
from helix_app.engine.text.chat_prompt import begun_reply, chat_tokens
from helix_app.engine.text.tokenizer import Tokenizer, TokenizerInfo
from helix_app.engine.text.tools import Tools, find_tools, plain_messages, read_tools, uses_tools
from helix_app.protocol.events import Failed
from helix_app.protocol.models.loading import ModelReady
from helix_app.protocol.requests import ChatMessage, LoadRequest
from tests.engine.made.tiny import TEMPLATE, ask, events, loaded, tokenizer, write_gguf

LOOK = '{"type": "function", "function": {"name": "look", "description": "Looks.", "parameters": {"type": "object"}}}'
CALLS = '[{"id": "abc", "type": "function", "function": {"name": "look", "arguments": "{\\"at\\": \\"the cat\\"}"}}]'
ROUND = (
    ChatMessage("user", "where is the cat"),
    ChatMessage("assistant", "", tool_calls=CALLS),
    ChatMessage("tool", "on the mat", tool_call_id="abc"),
)
TURNS = (
    "{%- for m in messages %}{%- if m.role == 'tool' %}{{- '<|im_start|>user\\n<tool_response>\\n' + m.content + "
    "'\\n</tool_response><|im_end|>\\n' }}{%- else %}{{- '<|im_start|>' + m.role + '\\n' + m.content }}"
    '{%- for call in m.tool_calls or [] %}{{- \'\\n<tool_call>\\n{"name": "\' + call.function.name }}'
    '{{- \'", "arguments": \' }}'
    "{{- call.function.arguments | tojson }}{{- '}\\n</tool_call>' }}{%- endfor %}{{- '<|im_end|>\\n' }}{%- endif %}"
    "{%- endfor %}{%- if add_generation_prompt %}{{- '<|im_start|>assistant\\n' }}{%- endif %}"
)
QWEN = (
    "{%- if tools %}{{- '<|im_start|>system\\nCall functions inside <tool_call></tool_call>:' }}"
    "{%- for tool in tools %}{{- '\\n' }}{{- tool | tojson }}{%- endfor %}{{- '<|im_end|>\\n' }}{%- endif %}" + TURNS
)
LLAMA = (
    "{%- if builtin_tools is defined or tools is not none %}{{- 'Environment: ipython\\n' }}{%- endif %}"
    '{%- if tools %}{{- \'Respond with {"name": "parameters": }\' }}{{- \'"parameters": \' }}{%- endif %}' + TEMPLATE
)
STYLES = {
    "none": (TEMPLATE, Tools()),
    "no template": ("", Tools()),
    "no program": ("{% if %}", Tools()),
    "qwen": (QWEN, Tools(True, "hermes")),
    "qwen coder": (QWEN.replace("inside", "as <function=f> inside"), Tools(True, "xml")),
    "llama": (LLAMA, Tools(True, "llama")),
    "python tag": ("{{ tools }}<|python_tag|>", Tools(True, "llama")),
    "mistral": ("{% if tools %}[AVAILABLE_TOOLS]{% endif %}[TOOL_CALLS]", Tools(True, "mistral")),
    "of its own": ("{{ tools }}", Tools(True, "")),
    "tools of its own": ("{% set tools = [] %}{{ tools }}<tool_call>", Tools()),
}


@pytest.mark.parametrize("name", STYLES)
def test_what_a_template_says(name: str) -> None:
    template, says = STYLES[name]
    assert find_tools(template, lambda text: False) == says


def test_where_the_template_names_no_form_the_vocabulary_may() -> None:
    assert find_tools("{{ tools }}", {"[TOOL_CALLS]"}.__contains__) == Tools(True, "mistral")
    assert find_tools(TEMPLATE, lambda text: True) == Tools()


def made(template: str, *special: str) -> Tokenizer:
    backend = tokenizer()
    if special:
        backend = tokenizers.Tokenizer.from_str(backend.to_str())
        backend.add_special_tokens(list(special))
    return Tokenizer(backend, TokenizerInfo(template, "", "", None, False))


def shown(template: str, messages: tuple[ChatMessage, ...], *tools: str) -> str:
    """A prompt as text, special tokens included."""
    mine = made(template)
    return "".join(mine.token_text(i) for i in chat_tokens(mine, messages, None, tools)[0])


def test_tools_and_their_messages_reach_the_template() -> None:
    text = shown(QWEN, ROUND, LOOK)
    assert json.dumps(json.loads(LOOK)) in text
    assert '<tool_call>\n{"name": "look", "arguments": {"at": "the cat"}}\n</tool_call>' in text
    assert "<tool_response>\non the mat\n</tool_response>" in text
    assert text.endswith("<|im_start|>assistant\n")
    assert "Call functions" not in shown(QWEN, ROUND[:1])


@pytest.mark.parametrize("messages", [ROUND[:1], ROUND[:2], ROUND[:1] + ROUND[2:]], ids=["tools", "calls", "answer"])
def test_a_template_without_tools_refuses_all_of_them(messages: tuple[ChatMessage, ...]) -> None:
    tools = (LOOK,) if messages == ROUND[:1] else ()
    assert uses_tools(messages, tools)
    with pytest.raises(InputError) as caught:
        chat_tokens(made(TEMPLATE), messages, None, tools)
    assert caught.value.code == "template_no_tools"
    assert not uses_tools((ChatMessage("user", "a"), ChatMessage("assistant", "b")), ())


def test_messages_are_plain_values_with_the_arguments_parsed() -> None:
    call, answer = plain_messages(ROUND)[1:]
    assert call["tool_calls"] == [
        {"id": "abc", "type": "function", "function": {"name": "look", "arguments": {"at": "the cat"}}}
    ]
    assert answer == {"role": "tool", "content": "on the mat", "tool_call_id": "abc", "name": "look"}
    assert plain_messages(ROUND[:1]) == [{"role": "user", "content": "where is the cat"}]
    named = (ChatMessage("user", "hi", name="ann"), replace(ROUND[1], name="cat"), replace(ROUND[2], name="other"))
    assert [message.get("name") for message in plain_messages(named)] == ["ann", "cat", "look"]
    assert plain_messages([replace(ROUND[2], name="look")])[0]["name"] == "look"
    broken = replace(ROUND[1], tool_calls='[{"function": {"name": "f", "arguments": "{oh"}}]')
    assert plain_messages([broken])[0]["tool_calls"][0]["function"]["arguments"] == "{oh"


@pytest.mark.parametrize("calls", ["{}", "oh", "[1]", "[{}]", '[{"function": {"name": 3}}]', "[" * 100_000])
def test_calls_that_are_none_are_refused(calls: str) -> None:
    with pytest.raises(InputError) as caught:
        chat_tokens(made(QWEN), (ROUND[0], replace(ROUND[1], tool_calls=calls), ROUND[2]))
    assert (caught.value.code, caught.value.fields["option"]) == ("option_invalid", "tool_calls")


@pytest.mark.parametrize("tool", ["", "oh", "[]", "{}", '{"function": {"name": ""}}', '{"name": 1}'])
def test_tools_that_are_none_are_refused(tool: str) -> None:
    with pytest.raises(InputError) as caught:
        chat_tokens(made(QWEN), ROUND[:1], None, (LOOK, tool))
    assert (caught.value.code, caught.value.fields["option"]) == ("option_invalid", "tools")
    assert read_tools(()) is None
    assert read_tools(('{"name": "flat"}',)) == [{"name": "flat"}]


def test_a_call_is_no_reply_that_is_continued() -> None:
    assert begun_reply(ROUND[:2]) == (ROUND[:2], "")
    assert begun_reply((ROUND[0], ChatMessage("assistant", "it is"))) == (ROUND[:1], "it is")


def test_marks_that_are_special_tokens_are_text() -> None:
    mine = made(QWEN, "<tool_call>", "</tool_call>", "<other>")
    ids: Any = mine.encode("<tool_call>x</tool_call><other>")
    assert mine.decode(ids) == "<tool_call>x</tool_call>"
    assert made(TEMPLATE, "<tool_call>").decode(made(TEMPLATE, "<tool_call>").encode("<tool_call>x")) == "x"


def test_the_engine_tells_and_refuses(tmp_path: Path) -> None:
    with_tools = write_gguf("llama-long", 0, tmp_path / "with.gguf", template=QWEN)
    engine = Engine()
    ready = events(engine, LoadRequest(str(with_tools), draft="none", device="cpu", dtype="float32"))[-1]
    assert isinstance(ready, ModelReady)
    assert (ready.tools, ready.tool_style) == (True, "hermes")
    assert not isinstance(events(engine, replace(ask(max_tokens=2), messages=ROUND, tools=(LOOK,)))[-1], Failed)
    empty = replace(ROUND[2], content="")  # an answer of nothing is an answer
    assert not isinstance(events(engine, replace(ask(max_tokens=2), messages=(*ROUND[:2], empty)))[-1], Failed)
    failed = events(engine, replace(ask(), raw=True, prompt="x", tools=(LOOK,)))[-1]
    assert isinstance(failed, Failed)
    assert dict(failed.fields)["option"] == "tools"
    plain = loaded(write_gguf("llama-long", 0, tmp_path / "plain.gguf"))
    assert plain.ready is not None
    assert (plain.ready.tools, plain.ready.tool_style) == (False, "")
    failed = events(plain, ask(tools=(LOOK,)))[-1]
    assert isinstance(failed, Failed)
    assert failed.code == "template_no_tools"
