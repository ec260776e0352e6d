"""One call, character by character: where values end, when a call is known to be one, and what is none."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, strategies as st

from helix_app.base.replies.call_forms import JsonCall, JsonValue, XmlCall, parameter_types

VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), st.text()),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(), inner, max_size=3)),
    max_leaves=8,
)


@given(value=VALUES, indent=st.sampled_from([None, 2]), after=st.sampled_from([",", "}", " ", "]"]))
def test_a_value_ends_where_it_ends(value: object, indent: int | None, after: str) -> None:
    text, scanned = json.dumps(value, indent=indent), JsonValue()
    told = ""
    for character in text:
        assert not scanned.done
        assert scanned.push(character)
        told += scanned.take()
    assert scanned.done == (text[0] in '{["')  # a number or word may still go on
    assert scanned.done or not scanned.push(after)
    assert scanned.done
    assert (told, scanned.read()) == (text, value)


@pytest.mark.parametrize("text", ["}", ",", "[}", '{"a": ]', ":"])
def test_what_is_no_value_is_not_taken(text: str) -> None:
    scanned = JsonValue()
    assert not all(scanned.push(character) for character in text)
    assert not scanned.done


def test_what_json_does_not_read_is_none() -> None:
    scanned = JsonValue()
    assert all(scanned.push(character) for character in "{oh}")
    assert scanned.done
    assert scanned.read() is None


def pushed(call: JsonCall | XmlCall, text: str) -> tuple[int, str]:
    """How many characters it takes, and the arguments that it tells."""
    told = ""
    for at, character in enumerate(text):
        good = call.push(character)
        told += call.take()
        if not good:
            return at, told
    return len(text), told


def test_a_call_begins_with_its_arguments() -> None:
    call = JsonCall()
    assert pushed(call, '{"name": "f", "arguments": ') == (27, "")
    assert (call.name, call.begun, call.done) == ("f", False, False)
    assert pushed(call, '{"x": 1}')[1] == '{"x": 1}'
    assert (call.begun, call.done) == (True, False)
    assert pushed(call, " }")[0] == 2
    assert call.done


def test_arguments_before_the_name_wait_for_it() -> None:
    call = JsonCall()
    assert pushed(call, '{"parameters": {"x": 1}, "name": ') == (33, "")
    assert not call.begun
    assert pushed(call, '"f"}')[1] == '{"x": 1}'
    assert call.begun
    assert call.done


@pytest.mark.parametrize(
    ("given", "told"), [("null", "{}"), ('"{\\"x\\": 1}"', '{"x": 1}'), ('""', ""), ("[1]", "[1]"), ("0", "{}")]
)
def test_arguments_that_are_no_object(given: str, told: str) -> None:
    call = JsonCall()
    assert pushed(call, f'{{"name": "f", "arguments": {given}}}')[1] == told
    assert call.begun
    assert call.done
    assert pushed(JsonCall(strict=True), f'{{"name": "f", "arguments": {given}}}')[0] < 30


def test_a_strict_call_has_no_other_keys_and_arguments() -> None:
    assert pushed(JsonCall(), '{"name": "f", "age": 3}')[0] == 23
    assert pushed(JsonCall(strict=True), '{"name": "f", "age": 3}')[0] == 18
    call = JsonCall(strict=True)
    assert pushed(call, '{"name": "f"}')[0] == 13
    assert (call.done, call.begun) == (True, False)


def test_a_known_name_takes_the_arguments_alone() -> None:
    call = JsonCall(name="f")
    assert pushed(call, ' {"x": {}}') == (10, '{"x": {}}')
    assert (call.begun, call.done) == (True, True)


def test_tags_become_json() -> None:
    call = XmlCall({"f": {"a": "string"}})
    text = '\n<function=f><parameter=a>1</parameter>\n<parameter=b>\n{"c": 2}\n</parameter></function>'
    count, told = pushed(call, text)
    assert (count, call.done) == (len(text), True)
    assert json.loads(told) == {"a": "1", "b": {"c": 2}}
    broken = XmlCall({}, inside=True)
    assert pushed(broken, "f><para!") == (7, "{}")
    assert (broken.name, broken.rest) == ("f", "<para")


def test_types_are_read_from_both_forms_of_tools() -> None:
    schema = {"properties": {"a": {"type": "string"}, "b": {}, "c": {"type": ["integer", "null"]}, "d": 1}}
    flat = {"name": "f", "parameters": schema}
    assert (
        parameter_types([flat]) == parameter_types([{"type": "function", "function": flat}]) == {"f": {"a": "string"}}
    )
    assert parameter_types([1, {"name": 2}, {"name": "g"}, {"name": "h", "parameters": {"properties": []}}]) == {}
    assert parameter_types(None) == {}
