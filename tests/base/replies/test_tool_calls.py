"""Calls of tools found in a reply's text, however it is cut."""

from __future__ import annotations

import itertools
import json
from collections.abc import Sequence

import pytest
from hypothesis import given, strategies as st

from helix_app.base.replies.tool_calls import (
    STYLES,
    Part,
    TextPart,
    ToolCallArguments,
    ToolCallParser,
    ToolCallStart,
    new_call_id,
)

Calls = list[tuple[str, object]]
TOOLS = [
    {
        "type": "function",
        "function": {
            "name": "look",
            "parameters": {
                "properties": {"zip": {"type": "string"}, "far": {"type": "boolean"}, "n": {"type": "integer"}}
            },
        },
    }
]


def parted(style: str, *pieces: str) -> list[Part]:
    """All parts of a reply; neighbours of one kind joined."""
    numbers = itertools.count()
    parser = ToolCallParser(style, TOOLS, lambda: f"id{next(numbers)}")
    found: list[Part] = []
    for part in [*(each for piece in pieces for each in parser.feed(piece)), *parser.finish()]:
        last = found[-1] if found else None
        if isinstance(part, TextPart) and isinstance(last, TextPart):
            found[-1] = TextPart(last.text + part.text)
        elif isinstance(part, ToolCallArguments) and isinstance(last, ToolCallArguments) and last.index == part.index:
            found[-1] = ToolCallArguments(part.index, last.text + part.text)
        else:
            found.append(part)
    return found


def read(parts: Sequence[Part]) -> tuple[str, Calls]:
    """The text, and each call with its arguments as a value; ids and indexes checked."""
    starts = [part for part in parts if isinstance(part, ToolCallStart)]
    assert [(s.index, s.id) for s in starts] == [(i, f"id{i}") for i in range(len(starts))]
    arguments = {s.index: "" for s in starts}
    for part in parts:
        if isinstance(part, ToolCallArguments):
            arguments[part.index] += part.text
    text = "".join(part.text for part in parts if isinstance(part, TextPart))
    return text, [(s.name, json.loads(arguments[s.index])) for s in starts]


EXAMPLES: dict[str, tuple[str, str, str, Calls]] = {
    "hermes": (
        "hermes",
        '<tool_call>\n{"name": "look", "arguments": {"city": "Köln", "deep": {"a": [1, "}"]}}}\n</tool_call>',
        "",
        [("look", {"city": "Köln", "deep": {"a": [1, "}"]}})],
    ),
    "hermes after words, twice": (
        "hermes",
        'Let me see.\n\n<tool_call>\n{"name": "a", "arguments": {}}\n</tool_call>\n<tool_call>\n'
        '{"name": "b", "arguments": {"x": "\\"</tool_call>"}}\n</tool_call>',
        "Let me see.",
        [("a", {}), ("b", {"x": '"</tool_call>'})],
    ),
    "hermes with words after": (
        "hermes",
        '<tool_call>{"name": "a", "arguments": {}}</tool_call>\n Done.',
        "\n Done.",
        [("a", {})],
    ),
    "hermes, arguments first": (
        "hermes",
        '<tool_call>{"arguments": {"x": 1}, "name": "a"}</tool_call>',
        "",
        [("a", {"x": 1})],
    ),
    "hermes, arguments as text": (
        "hermes",
        '<tool_call>{"name": "a", "arguments": "{\\"x\\": 1}"}</tool_call>',
        "",
        [("a", {"x": 1})],
    ),
    "hermes, arguments as text with breaks as they are": (
        "hermes",
        '<tool_call>{"name": "a", "arguments": " {\\"x\\": \\"one\n\\ttwo\\"}\n"}</tool_call>',
        "",
        [("a", {"x": "one\n\ttwo"})],
    ),
    "hermes without arguments": ("hermes", '<tool_call>{"name": "a"}</tool_call>', "", [("a", {})]),
    "hermes, null": ("hermes", '<tool_call>{"name": "a", "arguments": null}</tool_call>', "", [("a", {})]),
    "hermes, a brace too many": ("hermes", '<tool_call>{"name": "a", "arguments": {}}}\n</tool_call>', "", [("a", {})]),
    "hermes, an id beside": (
        "hermes",
        '<tool_call>{"id": 7, "name": "a", "arguments": {"x": 2}, "why": [1]}</tool_call>',
        "",
        [("a", {"x": 2})],
    ),
    "hermes without its end": (
        "hermes",
        '<tool_call>{"name": "a", "arguments": {}}<tool_call>{"name": "b", "arguments": {}}</tool_call>',
        "",
        [("a", {}), ("b", {})],
    ),
    "hermes cut in its end": ("hermes", '<tool_call>{"name": "a", "arguments": {}}\n</tool', "", [("a", {})]),
    "hermes, a mark before the mark": (
        "hermes",
        '<tool_call><tool_call>{"name": "a", "arguments": {}}</tool_call>',
        "<tool_call>",
        [("a", {})],
    ),
    "hermes, breaks and backslashes as they are": (
        "hermes",
        '<tool_call>{"name": "a", "arguments": {"x\ty": "one\n\ttwo \\\n\\d \\\\ \\"\\n\x01"}}</tool_call>',
        "",
        [("a", {"x\ty": 'one\n\ttwo \\\n\\d \\ "\n\x01'})],
    ),
    "llama, breaks as they are": (
        "llama",
        '{"name": "a", "parameters": {"x": "one\r\n\ttwo",\n"y": ["\n"]}}',
        "",
        [("a", {"x": "one\r\n\ttwo", "y": ["\n"]})],
    ),
    "mistral, breaks as they are": (
        "mistral",
        '[TOOL_CALLS][{"name": "a", "arguments": {"x": "one\n\ttwo"}}]',
        "",
        [("a", {"x": "one\n\ttwo"})],
    ),
    "mistral by name, breaks as they are": (
        "mistral",
        '[TOOL_CALLS]a[ARGS]{"x": "one\n\ttwo"}',
        "",
        [("a", {"x": "one\n\ttwo"})],
    ),
    "llama": ("llama", ' {"name": "look", "parameters": {"q": "x; y"}}', "", [("look", {"q": "x; y"})]),
    "llama with its type": (
        "llama",
        '{"type": "function", "name": "look", "parameters": {"q": 1}}',
        "",
        [("look", {"q": 1})],
    ),
    "llama, two": (
        "llama",
        '<|python_tag|>{"name": "a", "parameters": {}}; {"name": "b", "parameters": {"x": null}}',
        "",
        [("a", {}), ("b", {"x": None})],
    ),
    "mistral": (
        "mistral",
        '[TOOL_CALLS] [{"name": "a", "arguments": {"x": [1, 2]}}, {"name": "b", "arguments": {}, "id": "123456789"}]',
        "",
        [("a", {"x": [1, 2]}), ("b", {})],
    ),
    "mistral by name": ("mistral", '[TOOL_CALLS]look{"x": {"y": 1}}', "", [("look", {"x": {"y": 1}})]),
    "mistral by name, two": (
        "mistral",
        'Yes.[TOOL_CALLS]a[ARGS]{"x": 1}[TOOL_CALLS]b[CALL_ID]abc[ARGS]{}',
        "Yes.",
        [("a", {"x": 1}), ("b", {})],
    ),
    "xml": (
        "xml",
        "I look.\n<tool_call>\n<function=look>\n<parameter=zip>\n50667\n</parameter>\n<parameter=far>\nTrue\n"
        "</parameter>\n<parameter=n>\n12\n</parameter>\n<parameter=other>\n[1, 2]\n</parameter>\n<parameter=text>\n"
        "a\n<b>\n</parameter>\n"
        "</function>\n</tool_call>",
        "I look.",
        [("look", {"zip": "50667", "far": True, "n": 12, "other": [1, 2], "text": "a\n<b>"})],
    ),
    "xml without its wrapper, two": (
        "xml",
        "<function=a>\n</function>\n</tool_call>\n<function=b><parameter=x>1</parameter></function>",
        "",
        [("a", {}), ("b", {"x": 1})],
    ),
    "hermes, half a character": (
        "hermes",
        '<tool_call>{"name": "a\\ud83d", "arguments": "{\\"x\\": \\"\\ud83d\\"}"}</tool_call>',
        "",
        [("a\ufffd", {"x": "\ufffd"})],
    ),
    "xml, numbers that are none": (
        "xml",
        "<function=a><parameter=x>NaN</parameter><parameter=y>1e999</parameter></function>",
        "",
        [("a", {"x": "NaN", "y": "1e999"})],
    ),
    "xml that breaks off": ("xml", "<function=a>oh <b>", "oh <b>", [("a", {})]),
}
NO_CALLS = [
    ("hermes", "<tool_call> is a mark, and <tool_call>{} is none"),
    ("hermes", '<tool_call>{"name": 5, "arguments": {}}</tool_call> '),
    ("hermes", "<tool_call>[1]</tool_call>\n"),
    ("hermes", '<tool_call>{"name": "a'),
    ("hermes", '{"name": "a", "arguments": {}}'),
    ("hermes", "a < b <tool"),
    ("llama", '{"name": "Bob", "age": 3}'),
    ("llama", '{"name": "Bob"}\n'),
    ("llama", '{"name": "Bob", "parameters": "none"}'),
    ("llama", 'The call is {"name": "a", "parameters": {}}'),
    ("llama", '<|python_tag|>search.call(query="x")'),
    ("llama", " \n{"),
    ("mistral", "[TOOL_CALLS] later [TOOL_CALLS][]"),
    ("mistral", "[TOOL_CALLS]two words{"),
    ("mistral", '[{"name": "a", "arguments": {}}]'),
    ("xml", "<tool_call>\n<function>\n<function=> <function=a b>"),
    ("xml", "<tool_call>{}</tool_call>"),
    ("", '<tool_call>{"name": "a", "arguments": {}}</tool_call>'),
    ("unheard of", "[TOOL_CALLS][]"),
]


@pytest.mark.parametrize("name", EXAMPLES)
def test_calls_and_text(name: str) -> None:
    style, reply, text, calls = EXAMPLES[name]
    assert read(parted(style, reply)) == (text, calls)


@pytest.mark.parametrize(("style", "reply"), NO_CALLS)
def test_what_is_no_call_is_text_as_it_stands(style: str, reply: str) -> None:
    assert parted(style, reply) == [TextPart(reply)]


WORDS = st.sampled_from(
    [
        *("<tool_call>", "</tool_call>", "<|python_tag|>", "[TOOL_CALLS]", "[ARGS]", "<function=", "</function>"),
        *(
            "<parameter=",
            "</parameter>",
            '{"name": ',
            '"a"',
            ', "arguments": ',
            ', "parameters": ',
            '{"x": 1}',
            "}",
            "]",
        ),
        *("[", "{", ",", ";", '"', "\\", ">", "<", " ", "\n", "word", "f", "1", "null"),
    ]
)
REPLIES = st.one_of(
    st.lists(WORDS, max_size=14).map("".join),
    st.sampled_from([reply for _, reply, _, _ in EXAMPLES.values()]),
)


@given(reply=REPLIES, style=st.sampled_from(STYLES), cuts=st.sets(st.integers(1, 200), max_size=8))
def test_any_cutting_gives_the_same(reply: str, style: str, cuts: set[int]) -> None:
    edges = [0, *sorted(cut for cut in cuts if cut < len(reply)), len(reply)]
    pieces = [reply[a:b] for a, b in itertools.pairwise(edges)]
    whole = parted(style, reply)
    assert parted(style, *pieces) == whole
    assert parted(style, *reply) == whole
    if not any(isinstance(part, ToolCallStart) for part in whole):
        assert "".join(part.text for part in whole if isinstance(part, TextPart)) == reply


@given(reply=st.text(max_size=60), style=st.sampled_from(STYLES))
def test_text_without_marks_comes_out_unchanged(reply: str, style: str) -> None:
    assert parted(style, *reply) == ([TextPart(reply)] if reply else [])


NAMES = st.text("abcXYZ_0-9", min_size=1, max_size=8)
VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-99, 99), st.text(max_size=6)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=4), inner, max_size=3)),
    max_leaves=6,
)
ARGUMENTS = st.dictionaries(st.text(max_size=5), VALUES, max_size=3)


@given(calls=st.lists(st.tuples(NAMES, ARGUMENTS), min_size=1, max_size=3), escaped=st.booleans())
def test_what_templates_write_is_read_again(calls: list[tuple[str, dict[str, object]]], escaped: bool) -> None:
    def dumped(value: object) -> str:
        return json.dumps(value, ensure_ascii=escaped)

    hermes = "\n".join(
        "<tool_call>\n" + dumped({"name": name, "arguments": value}) + "\n</tool_call>" for name, value in calls
    )
    mistral = "[TOOL_CALLS]" + dumped([{"name": name, "arguments": value} for name, value in calls])
    llama = "; ".join(dumped({"name": name, "parameters": value}) for name, value in calls)
    for style, reply in (("hermes", hermes), ("mistral", mistral), ("llama", llama)):
        assert read(parted(style, *reply)) == ("", calls)


@pytest.mark.parametrize("style", ["hermes", "xml"])
def test_what_is_nested_too_deeply_costs_no_reply(style: str) -> None:
    begin = {"hermes": '<tool_call>{"name": "a", "x": ', "xml": "<function=a><parameter=x>"}[style]
    end = {"hermes": ', "arguments": {}}', "xml": "</parameter></function>"}[style]
    _, calls = read(parted(style, begin + "[" * 5000 + "]" * 5000 + end))
    assert [name for name, _ in calls] == ["a"]


def test_arguments_are_told_as_they_come() -> None:
    parser = ToolCallParser("hermes", make_id=lambda: "i")
    assert parser.feed('<tool_call>{"name": "a", "argum') == []
    assert parser.feed('ents": {"x": [1') == [ToolCallStart(0, "i", "a"), ToolCallArguments(0, '{"x": [1')]
    assert parser.feed(", 2]") == [ToolCallArguments(0, ", 2]")]
    assert parser.feed("}}</tool_call>") == [ToolCallArguments(0, "}")]
    assert (parser.finish(), parser.calls) == ([], 1)


def test_a_call_that_is_cut_short_keeps_what_came() -> None:
    parts = parted("hermes", '<tool_call>{"name": "a", "arguments": {"x": "half')
    assert parts == [ToolCallStart(0, "id0", "a"), ToolCallArguments(0, '{"x": "half')]


def test_ids_are_nine_letters_or_digits_and_differ() -> None:
    made = {new_call_id() for _ in range(50)}
    assert len(made) == 50
    assert all(len(each) == 9 and each.isalnum() and each.isascii() for each in made)
