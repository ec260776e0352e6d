"""Templates read as transformers reads them."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from jinja2.exceptions import SecurityError, TemplateError, TemplateSyntaxError

from helix_app.engine.text import template as templates
from helix_app.engine.text.template import render
from tests.engine.text.made.files import GEMMA

CHAT = [
    {"role": "system", "content": 'Say "yes" & <no>'},
    {"role": "user", "content": "Ça va ? 😀\n  two lines"},
    {"role": "assistant", "content": "  fine  "},
    {"role": "user", "content": "and now?"},
]
SPECIAL = {"bos_token": "<s>", "eos_token": "</s>", "unk_token": "<unk>"}
TEMPLATES = {
    "chatml": """{% for m in messages %}{{ '<|im_start|>' + m['role'] + '\n' + m['content'] + '<|im_end|>\n' }}
{%- endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}""",
    "blocks are trimmed": """{{ bos_token }}
  {% for m in messages %}
  {%- if m.role == 'user' %}
[INST] {{ m.content | trim }} [/INST]
  {% else %}
{{ m.content }}{{ eos_token }}
  {% endif %}
  {% endfor %}
""",
    "json": """{{ messages | tojson }}{{ messages[1] | tojson(indent=2) }}
{{ {'b': 1, 'a': 'é<>'} | tojson(sort_keys=true) }}""",
    "loop controls": """{% for m in messages %}{% if m.role == 'system' %}{% continue %}{% endif %}{{ m.content }}
{% if loop.index > 2 %}{% break %}{% endif %}{% endfor %}""",
    "namespace": """{% set ns = namespace(n=0) %}{% for m in messages %}
{% set ns.n = ns.n + m.content | length %}{% endfor %}{{ ns.n }}""",
    "generation": """{% for m in messages %}{% if m.role == 'assistant' %}{% set x = 'a' %}
{% generation %}{{ x }}{{ m.content }}{% endgeneration %}{% else %}{{ m.content }}{% endif %}{% endfor %}""",
    "nothing given": "{{ tools is none }}{{ documents is none }}{{ missing is defined }}{{ unk_token }}",
    "macros": """{% macro show(m, first=false) %}{{ '>' if first }}{{ m.role | upper }}: {{ m.content.split('\n')[0] }};
{% endmacro %}{% for m in messages %}{{ show(m, loop.first) }}{% endfor %}
{{ messages[1:] | selectattr('role', 'equalto', 'user') | list | length }}""",
    "gemma 3": GEMMA,
    "slices and tests": """{{ messages[-1].content }}{{ messages | map(attribute='role') | join(',') }}
{{ 'x' if messages is iterable }}{{ messages[0]['role'] == 'system' and 1 }}{{ strftime_now('%Y') | length }}""",
}


def theirs(template: str, chat: list[dict[str, str]]) -> str:
    from transformers.utils.chat_template_utils import render_jinja_template

    options: dict[str, Any] = {"chat_template": template, "add_generation_prompt": True, **SPECIAL}
    return render_jinja_template(conversations=[chat], **options)[0][0]


@pytest.mark.parametrize("name", TEMPLATES)
def test_a_template_reads_as_in_transformers(name: str) -> None:
    got = render(TEMPLATES[name], CHAT, SPECIAL)
    assert got == theirs(TEMPLATES[name], CHAT)
    assert got


def test_a_refusal_is_the_template_s_own() -> None:
    with pytest.raises(TemplateError, match="no system") as caught:
        render("{{ raise_exception('no system role') }}", CHAT, SPECIAL)
    assert type(caught.value) is TemplateError


@pytest.mark.parametrize(
    ("template", "error"),
    [
        ("{% for m in messages %}", TemplateSyntaxError),
        ("{{ messages.__class__.__mro__ }}", SecurityError),
        ("{{ messages.append(1) }}", SecurityError),
        ("{{ 1 / 0 }}", ZeroDivisionError),
        ("{% generation %}", TemplateSyntaxError),
    ],
)
def test_a_fault_or_an_attack_ends_there(template: str, error: type[Exception]) -> None:
    with pytest.raises(error):
        render(template, CHAT, SPECIAL)


@pytest.mark.parametrize(
    ("system", "told", "form"),
    [
        ("win32", "%-d %b", "%#d %b"),
        ("linux", "%-d %b", "%-d %b"),
        ("win32", "5%%-%-d", "5%%-%#d"),  # a percent sign and a dash
        ("win32", "%%%-d%%%%-d", "%%%#d%%%%-d"),
    ],
)
def test_the_date_of_a_template_is_asked_for_as_the_system_has_it(
    monkeypatch: pytest.MonkeyPatch, system: str, told: str, form: str
) -> None:
    asked: list[str] = []
    now = SimpleNamespace(strftime=lambda given: asked.append(given) or "5 Nov")
    monkeypatch.setattr(templates, "datetime", SimpleNamespace(now=lambda: now))
    monkeypatch.setattr(templates.sys, "platform", system)
    assert templates._now(told) == "5 Nov"
    assert asked == [form]
