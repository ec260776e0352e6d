"""Options of a server: bounds, keys, and how much the cache holds."""

from __future__ import annotations

from typing import Any

import pytest

from helix_app.base.errors import InputError
from helix_app.base.messages import error_text
from helix_app.server.options import BOUNDS, Limits, cache_tokens, options_from

GIVEN: dict[str, Any] = {
    "api_key": ["one "],
    "cors_origin": ["http://a/"],
    "allow_host": ["b"],
    "model_name": ["gpt"],
    "max_running": 3,
    "max_waiting": 5,
    "max_seconds": 7.0,
    "max_body": 2048,
    "requests_per_minute": 9,
}


def test_options_become_those_of_a_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HELIX_API_KEY", "two, one,, ")
    made = options_from(GIVEN)
    assert made.keys == ("one", "two")
    assert (made.origins, made.hosts, made.aliases) == (("http://a",), ("b",), ("gpt",))
    assert made.limits == Limits(3, 5, 7.0, body_bytes=2048, requests_per_minute=9)


@pytest.mark.parametrize("name", [name for name in BOUNDS if name in GIVEN])
def test_both_ends_of_a_bound_are_allowed_and_no_more(name: str) -> None:
    least, most = BOUNDS[name]
    for good in (least, most):
        options_from({**GIVEN, name: good})
    for bad in (least - 1, most + 1, float("nan")):
        with pytest.raises(InputError) as caught:
            options_from({**GIVEN, name: bad})
        sentence = error_text(caught.value.code, caught.value.fields)
        assert sentence.endswith(f"Use {least:,} to {most:,}.")
        assert sentence.startswith(name.replace("_", "-"))


@pytest.mark.parametrize("name", ["api_key", "cors_origin", "allow_host", "model_name"])
def test_an_empty_key_opens_nothing_and_an_empty_name_is_none(name: str) -> None:
    with pytest.raises(InputError) as caught:
        options_from({**GIVEN, name: ["one", " "]})
    assert error_text(caught.value.code, caught.value.fields).startswith(f"{name.replace('_', '-')} cannot be empty.")


def test_the_cache_holds_two_contexts_unless_told_otherwise() -> None:
    assert cache_tokens(None, None) == 2 * 8192
    assert cache_tokens(None, 512) == 1024
    assert cache_tokens(64, 512) == 64
    with pytest.raises(InputError):
        cache_tokens(63, None)
