"""What a chat template says of reasoning: its marks, its switch, and whether a prompt ends inside a block of it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from helix_app.engine.engine import Engine
from helix_app.engine.text.thinking import NO_MARKS, Marks, Thinking, find_marks, find_switch, switched
from helix_app.engine.text.tokenizer import StreamDecoder, Tokenizer, TokenizerInfo, load_tokenizer
from helix_app.modelfiles.model_path import inspect
from helix_app.protocol.models.loading import ModelReady
from helix_app.protocol.requests import ChatMessage, LoadRequest
from tests.engine.made.tiny import TEMPLATE, events, tokenizer
from tests.engine.text.test_prompts import bytes_and

THINK: Marks = ("<think>", "</think>")
HI = (ChatMessage("user", "hi"),)
TURNS = "{%- for m in messages %}{{- '<|im_start|>' + m.role + '\\n' + m.content + '<|im_end|>\\n' }}{%- endfor %}"
CUTS = """{%- for m in messages %}
    {%- set content = m.content %}
    {%- if m.role == 'assistant' and '</think>' in content %}
        {%- set content = content.split('</think>')[-1].lstrip('\\n') %}
    {%- endif %}
    {{- '<|im_start|>' + m.role + '\\n' + content + '<|im_end|>\\n' }}
{%- endfor %}
"""


@dataclass(frozen=True)
class Case:
    """A template in the manner of a family, and what it says."""

    template: str
    says: Thinking
    vocabulary: frozenset[str] = frozenset()


CASES = {
    "no reasoning": Case(TEMPLATE, Thinking()),
    "no template": Case("", Thinking()),
    "no template, but tokens": Case("", Thinking(THINK), frozenset(THINK)),
    "off closes a block": Case(
        CUTS
        + """{%- if add_generation_prompt %}
    {{- '<|im_start|>assistant\\n' }}
    {%- if enable_thinking is defined and enable_thinking is false %}
        {{- '<think>\\n\\n</think>\\n\\n' }}
    {%- endif %}
{%- endif %}""",
        Thinking(THINK, "enable_thinking"),
    ),
    "always opens": Case(
        CUTS + "{%- if add_generation_prompt %}{{- '<|im_start|>assistant\\n<think>\\n' }}{%- endif %}",
        Thinking(THINK, "", True, (True, True)),
    ),
    "opens unless off": Case(
        TURNS
        + """{%- if add_generation_prompt %}
    {{- '<|im_start|>assistant\\n' }}
    {%- if enable_thinking is defined and enable_thinking is false %}
        {{- '<think>\\n\\n</think>\\n\\n' }}
    {%- else %}
        {{- '<think>\\n' }}
    {%- endif %}
{%- endif %}""",
        Thinking(THINK, "enable_thinking", True, (False, True)),
    ),
    "opens when on": Case(
        """{% if not thinking is defined %}{% set thinking = false %}{% endif %}{{ bos_token }}
{%- for m in messages %}{{ '<｜User｜>' + m.content }}{% endfor %}
{%- if add_generation_prompt %}{{ '<｜Assistant｜>' }}
{%- if thinking %}{{ '<think>' }}{% else %}{{ '</think>' }}{% endif %}{% endif %}""",
        Thinking(THINK, "thinking", False, (False, True)),
    ),
    "a default in a macro": Case(
        """{%- if enable_thinking is not defined -%}{%- set enable_thinking = true -%}{%- endif -%}
{%- macro mode() -%}{{ '/think' if enable_thinking else '/no_think' }}{%- endmacro -%}
{{ '<|im_start|>system\\nReasoning Mode: ' + mode() + '<|im_end|>\\n' }}"""
        + TURNS
        + "{{ '<|im_start|>assistant\\n' }}{% if not enable_thinking %}{{ '<think>\\n\\n</think>\\n' }}{% endif %}",
        Thinking(THINK, "enable_thinking"),
    ),
    "only one mark in the template": Case(
        CUTS + "{{- '<|im_start|>assistant\\n' }}", Thinking(THINK), frozenset({"<think>"})
    ),
    "only one mark at all": Case(CUTS + "{{- '<|im_start|>assistant\\n' }}", Thinking()),
    "words in a system prompt": Case(
        "{{ 'Think inside <reasoning> and </reasoning>.\\n' }}" + TURNS,
        Thinking(("<reasoning>", "</reasoning>")),
    ),
    "brackets": Case(
        """{%- if reasoning_effort is not defined %}{%- set reasoning_effort = 'none' %}{%- endif %}
{%- if reasoning_effort not in ['none', 'high'] %}{{ raise_exception('none or high') }}{%- endif %}
{%- for m in messages %}
{%- if m.role == 'user' %}{{ '[INST]' + m.content + '[/INST]' }}
{%- elif m.thinking %}{{ '[THINK]' + m.thinking + '[/THINK]' + m.content }}
{%- else %}{{ m.content }}{%- endif %}
{%- endfor %}""",
        Thinking(("[THINK]", "[/THINK]"), "reasoning_effort"),
    ),
    "channels": Case(
        """{%- if reasoning_effort is not defined %}{%- set reasoning_effort = "medium" %}{%- endif %}
{{- "<|start|>system<|message|>Reasoning: " + reasoning_effort + "<|end|>" }}
{%- for m in messages %}{%- if m.role == 'assistant' %}
{%- if m.thinking %}{{- "<|start|>assistant<|channel|>analysis<|message|>" + m.thinking + "<|end|>" }}{%- endif %}
{{- "<|start|>assistant<|channel|>final<|message|>" + m.content + "<|end|>" }}
{%- else %}{{- "<|start|>user<|message|>" + m.content + "<|end|>" }}{%- endif %}{%- endfor %}
{%- if add_generation_prompt %}<|start|>assistant{%- endif %}""",
        Thinking(
            ("<|channel|>analysis<|message|>", "<|start|>assistant<|channel|>final<|message|>"), "reasoning_effort"
        ),
    ),
    "triangles": Case(
        TURNS + "{%- if add_generation_prompt %}<|im_assistant|>assistant<|im_middle|>{%- endif %}",
        Thinking(("◁think▷", "◁/think▷")),
        frozenset({"◁think▷", "◁/think▷"}),
    ),
    "the template's own marks come first": Case(
        TURNS + "{# <thought> #}{{ '</thought>' if false }}", Thinking(("<thought>", "</thought>")), frozenset(THINK)
    ),
    "other things of that name": Case(
        "{% for thinking in [1] %}{{ thinking }}{% endfor %}{{ messages[0].enable_thinking }}" + TURNS, Thinking()
    ),
    "it refuses to think": Case(
        "{% if enable_thinking %}{{ raise_exception('no') }}{% endif %}" + TURNS + "{{ '<think>\\n</think>' }}<think>",
        Thinking(THINK, "enable_thinking", True, (True, False)),
    ),
    "no template at all, by its form": Case("{% for x in %}<think></think>", Thinking(THINK)),
}


@pytest.mark.parametrize("name", CASES)
def test_what_a_template_says(name: str) -> None:
    case = CASES[name]
    backend = tokenizer().from_str(tokenizer().to_str())
    backend.add_tokens(sorted(case.vocabulary))
    made = Tokenizer(backend, TokenizerInfo(case.template or None, "<s>", "</s>", None, False))
    made.prepare()
    assert made.thinking == case.says
    assert made.marks == case.says.marks == find_marks(case.template, case.vocabulary.__contains__)


def test_marks_need_each_other() -> None:
    assert find_marks("<think> [/THINK] </thought>", lambda _: False) == NO_MARKS


@pytest.mark.parametrize(
    ("name", "off", "on"),
    [
        ("off closes a block", {"enable_thinking": False}, {"enable_thinking": True}),
        ("opens when on", {"thinking": False}, {"thinking": True}),
        ("brackets", {"reasoning_effort": "none"}, {"reasoning_effort": "high"}),
        ("channels", {"reasoning_effort": "low"}, {"reasoning_effort": "medium"}),
        ("always opens", {}, {}),
        ("other things of that name", {}, {}),
    ],
)
def test_a_switch_is_given_under_the_template_s_own_name(
    name: str, off: dict[str, object], on: dict[str, object]
) -> None:
    template = CASES[name].template
    assert switched(template, None) == {}
    assert (switched(template, False), switched(template, True)) == (off, on)


def test_a_switch_changes_the_prompt_and_none_leaves_it_alone() -> None:
    made = Tokenizer(tokenizer(), TokenizerInfo(CASES["off closes a block"].template, "", "", None, False))
    plain = made.encode_chat(HI)
    assert made.encode_chat(HI, True) == plain
    assert made.decode(made.encode_chat(HI, False)) == made.decode(plain) + "<think>\n\n</think>\n\n"
    always = Tokenizer(tokenizer(), TokenizerInfo(CASES["always opens"].template, "", "", None, False))
    assert always.encode_chat(HI, False) == always.encode_chat(HI, True) == always.encode_chat(HI)


def test_a_template_that_cannot_be_read_has_no_switch() -> None:
    assert find_switch("{% for x in %}{{ enable_thinking }}") == ""
    assert switched("{% for x in %}{{ enable_thinking }}", True) == {}


# --------------------------------------------------------------------------- marks that are special tokens


def bracketed(path: Path) -> Path:
    template = "{{ messages[0].content }}{{ '[THINK][/THINK]' if false }}"
    return bytes_and(path, ["[THINK]", "[/THINK]", "<x>"], template=template)


def test_marks_are_text_even_where_they_are_special_tokens(tmp_path: Path) -> None:
    path = bracketed(tmp_path)
    for _ in range(2):  # the second comes from the cache
        made = load_tokenizer(inspect(path))
        ids = [256, 72, 257, 258, 105]
        assert made.decode(ids) == "[THINK]H[/THINK]i"
        stream = StreamDecoder(made)
        assert [stream.push([i]) for i in ids] == ["[THINK]", "H", "[/THINK]", "", "i"]
        assert [made.token_text(i) for i in (256, 258)] == ["[THINK]", "<x>"]
        assert made.encode_continued("[THINK]H[/THINK]i") == [256, 72, 257, 105]
        assert made.encode("[THINK]H") == [256, 72]
        assert made.decode(made.encode_continued("a<x>")) == "a<x>"


def test_it_is_told_with_the_model(tmp_path: Path) -> None:
    request = LoadRequest(str(bracketed(tmp_path)), draft="none", device="cpu", dtype="float32")
    ready = events(Engine(), request)[-1]
    assert isinstance(ready, ModelReady)
    assert (ready.thinking, ready.thinking_switch) == (("[THINK]", "[/THINK]"), "")
    assert (ready.thinking_opens, ready.thinking_opens_when) == (False, (False, False))
