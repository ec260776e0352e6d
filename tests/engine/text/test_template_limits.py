"""Templates that want all time and all memory get neither."""

from __future__ import annotations

import threading

import pytest
from jinja2.exceptions import TemplateError

from helix_app.engine.machine.memory import peak_resident
from helix_app.engine.text import template_limits
from helix_app.engine.text.template import render, variables, words
from helix_app.engine.text.template_limits import TemplateLimitError, in_time

CHAT = [{"role": "user", "content": "Hello"}]
BIG = "{% set x = 'a' * 9999999 %}"
GREEDY = {
    "repeated": "{{ 'a' * 10**9 }}",
    "repeated list": "{{ [0] * 10**9 }}",
    "doubled": "{% set n = namespace(s='aaaaaaaa') %}{% for i in range(60) %}{% set n.s = n.s ~ n.s %}{% endfor %}",
    "added": "{% set n = namespace(s='aaaaaaaa') %}{% for i in range(60) %}{% set n.s = n.s + n.s %}{% endfor %}",
    "lists added": "{% set n = namespace(s=[1]) %}{% for i in range(60) %}{% set n.s = n.s + n.s %}{% endfor %}",
    "power": "{{ 9 ** (9 ** 9) }}",
    "product": "{% set n = namespace(s=9) %}{% for i in range(60) %}{% set n.s = n.s * n.s %}{% endfor %}",
    "padded": "{{ 'a'.ljust(10**10) }}",
    "centred": "{{ 'a' | center(10**10) }}",
    "indented": BIG + "{{ ('\\n' * 99999) | indent(99999) }}",
    "formatted": "{{ '%9999999999d' % 1 }}",
    "format filter": "{{ '%9999999999d' | format(1) }}",
    "format method": "{{ '{:>9999999999}'.format(1) }}",
    "starred": "{{ '%*d' % (999999999, 1) }}",
    "replaced": BIG + "{{ x.replace('a', x) }}",
    "replaced by a filter": BIG + "{{ x | replace('a', x) }}",
    "joined": BIG + "{{ x.join(['a'] * 999) }}",
    "joined by a filter": BIG + "{{ (['a'] * 999) | join(x) }}",
    "translated": BIG + "{{ x.translate({97: x}) }}",
    "block": BIG + "{% set y %}{% for i in range(999) %}{{ x }}{% endfor %}{% endset %}{{ y }}",
    "macro": BIG + "{% macro m() %}{% for i in range(999) %}{{ x }}{% endfor %}{% endmacro %}{{ m() | length }}",
    "output": BIG + "{% for i in range(999) %}{{ x }}{% endfor %}",
    "bytes": "{{ (1).to_bytes(10**10, 'big') }}",
    "long": "{{ 'a' }}" * 200_000,
}


@pytest.mark.parametrize("name", GREEDY)
def test_a_value_without_measure_is_refused_before_it_is_made(name: str) -> None:
    before = (peak_resident() or 0) // 1024
    with pytest.raises((TemplateError, RecursionError, ValueError)):
        render(GREEDY[name], CHAT, {})
    assert (peak_resident() or 0) // 1024 - before < 32_000  # kibibytes


@pytest.mark.parametrize(
    "template",
    [
        "{% for i in range(99999) %}{% for j in range(99999) %}{% endfor %}{% endfor %}",
        "{% macro m(n) %}{% if n %}{{ m(n - 1) }}{{ m(n - 1) }}{% endif %}{% endmacro %}{{ m(60) }}",
        "{% for i in range(99999) %}{% set x = range(9999) | list | sort %}{% endfor %}",
    ],
    ids=["loops", "macros", "filters"],
)
def test_a_template_without_end_is_ended(template: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(template_limits, "SECONDS", 0.2)
    with pytest.raises(TemplateLimitError, match="longer than"):
        render(template, CHAT, {})
    for thread in threading.enumerate():
        if thread.name == "helix-template":
            thread.join(60)
            assert not thread.is_alive()


@pytest.mark.parametrize("template", ["{{" + "(" * 5000 + ")" * 5000 + "}}", "{% if 1 %}" * 3000, "{{ [" * 3000])
def test_a_template_of_many_levels_is_refused(template: str) -> None:
    with pytest.raises((TemplateError, RecursionError)):
        render(template, CHAT, {})
    with pytest.raises(TemplateError):
        words(template)
    assert variables(template) == frozenset()


def test_what_the_work_raises_is_raised() -> None:
    with pytest.raises(KeyError):
        in_time(lambda: {}["a"])
    assert in_time(lambda: 3) == 3


def test_usual_expressions_are_what_they_were() -> None:
    template = "{{ 'a' ~ 1 ~ none }}{{ 'b' * 3 }}{{ 2 ** 10 }}{{ [1] + [2] }}{{ 'x' | center(5) }}{{ '%03d' % 7 }}"
    assert render(template, CHAT, {}) == "a1Nonebbb1024[1, 2]  x  007"


def test_a_short_template_makes_no_long_text_and_a_long_conversation_may() -> None:
    """What a template may make grows with what it is given: a file of a megabyte does not become a hundred."""
    with pytest.raises(TemplateLimitError, match="more than 1 million"):
        render("{{ 'a' * 1100000 }}", CHAT, {})
    assert len(render("{{ 'a' * 900000 }}", CHAT, {})) == 900_000
    long = [{"role": "user", "content": "a" * 500_000}]
    assert len(render("{{ messages[0].content * 3 }}", long, {})) == 1_500_000
    with pytest.raises(TemplateLimitError):
        render("{{ messages[0].content * 5 }}", long, {})
    with pytest.raises(TemplateLimitError):
        render("{{ messages | tojson(indent=100000) }}", CHAT, {})


def test_a_long_conversation_is_rendered() -> None:
    chat = [{"role": "user", "content": "word " * 2000}] * 200
    template = "{% for m in messages %}{{ '<' ~ m.role ~ '>' + m.content | trim }}{% endfor %}"
    assert len(render(template, chat, {})) > 1_900_000


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("{% macro at(t) %}at {{ t }}{% endmacro %}{{ at(1700000000) }}", "at 1700000000"),
        ("{% macro most(n) %}{{ n }}{% endmacro %}{{ most(9007199254740991) }}", "9007199254740991"),
        ("{{ '**%s** of 5 %%' % 'bold' }}", "**bold** of 5 %"),
    ],
)
def test_large_numbers_and_stars_that_make_nothing_long_are_sound(template: str, text: str) -> None:
    assert render(template, CHAT, {}) == text
