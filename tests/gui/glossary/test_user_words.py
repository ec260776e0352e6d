"""The words of figures, loading and sampling say what the program does."""

from __future__ import annotations

import pytest

from helix_app.base.settings import declared
from helix_app.gui.glossary import terms, user_words
from helix_app.gui.help.frames import SLOW_MS
from helix_app.gui.kit import figures
from helix_app.protocol.requests import SamplingParams

SAMPLING = [name for name, setting in declared().items() if setting.page in ("sampling", "conversation")]


def test_all_groups_are_in_the_glossary() -> None:
    every = (*user_words.figures(), *user_words.loading(), *user_words.sampling())
    assert all(terms.find(term.key) == term for term in every)


@pytest.mark.parametrize("name", SAMPLING)
def test_every_setting_of_sampling_has_its_word(name: str) -> None:
    setting = declared()[name]
    assert setting.term in {term.key for term in user_words.sampling()}
    assert setting.text.startswith(terms.name(setting.term))


@pytest.mark.parametrize(
    ("name", "off"),
    [("top_k", "0 keeps all"), ("top_p", "1 keeps all"), ("min_p", "0 keeps all"), ("repetition_penalty", "1 is off")],
)
def test_the_value_that_switches_a_filter_off(name: str, off: str) -> None:
    assert off in terms.tip(name)
    value = type(getattr(SamplingParams(), name))(float(off[0]))
    assert declared()[name].bounds[0] <= value <= declared()[name].bounds[1]  # so that it can be chosen


def test_every_number_format_and_every_device_is_named() -> None:
    assert all(code in terms.tip("dtype") for code in figures.DTYPES)
    assert all(name in terms.tip("device") for name in figures.DEVICES.values())


def test_a_frame_looks_choppy_from_the_time_on_that_the_meter_counts() -> None:
    assert f"more than {SLOW_MS:.0f} ms" in terms.term("frame_time").text


@pytest.mark.parametrize(
    ("word", "key"), [("latency", "ttft"), ("greedy", "temperature"), ("GPU", "device"), ("privacy", "learning")]
)
def test_words_that_people_use_instead(word: str, key: str) -> None:
    assert key in [term.key for term in terms.search(word)]
