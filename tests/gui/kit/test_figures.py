"""Numbers as people read them."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from helix_app.gui.kit import figures
from helix_app.protocol.models.loading import MemoryUse
from tests.gui import fake


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (3, "5 seconds"),
        (42, "45 seconds"),
        (81, "85 seconds"),
        (101, "2 minutes"),
        (715, "12 minutes"),
        (2000, "35 minutes"),
        (7200, "2 hours"),
        (9010, "2.6 hours"),
    ],
)
def test_durations_in_words(seconds: float, words: str) -> None:
    assert figures.duration(seconds) == words


@pytest.mark.parametrize(
    ("said", "value", "words"),
    [
        (figures.count, 1_234_567, "1,234,567"),
        (figures.percent, 0.731, "73 %"),
        (figures.rate, 7.44, "7.4"),
        (figures.rate, 10.0, "10"),
        (figures.rate, 1234.5, "1,234"),
        (figures.seconds, 0.2134, "0.21 s"),
        (figures.seconds, 75.2, "75 s"),
        (figures.size, 144_811_904, "145 MB"),
        (figures.memory, 16 * 2**30, "16 GB"),
        (figures.memory, 512 * 2**20, "512 MB"),
        (figures.device, "cpu", "CPU"),
        (figures.device, "directml:1", "DirectML 1"),
        (figures.device, "npu:2", "npu 2"),
    ],
)
def test_a_number_and_its_unit(said: Callable[[object], str], value: object, words: str) -> None:
    assert said(value) == words


@pytest.mark.parametrize("said", [figures.count, figures.percent, figures.rate, figures.seconds])
def test_what_is_unknown_is_a_dash(said: Callable[[object], str]) -> None:
    assert said(None) == figures.UNKNOWN


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (None, ""),
        (0.2, "1 s left"),
        (89.4, "89 s left"),
        (90, "2 min left"),
        (5399, "90 min left"),
        (9000, "2.5 h left"),
    ],
)
def test_time_left_in_words(seconds: float | None, words: str) -> None:
    assert figures.remaining(seconds) == words


def test_memory_is_that_of_the_card_where_the_model_runs_on_one() -> None:
    assert figures.memory_use(None)[0] == "memory –"
    short, tip = figures.memory_use(fake.MEMORY)
    assert short == "memory 612 MB, 5.1 GB free"
    assert len(tip.splitlines()) == 5
    short, tip = figures.memory_use(MemoryUse(process=1, free=2, device_used=2_000_000_000))
    assert short == "GPU memory 2.0 GB, – free"
    assert tip.splitlines()[-1] == "Graphics card, held: 2.0 GB"


def test_what_is_loaded_on_one_line() -> None:
    facts = figures.model_facts(fake.ready(device="directml", dtype="float16"))
    assert facts == "SmolLM2 135M Instruct · DirectML · float16 · 8,192 tokens of context"


@pytest.mark.parametrize(("least", "most", "words"), [(1, 7, "k 1–7"), (4, 4, "k 4"), (None, None, "k –")])
def test_the_range_of_k_in_a_reply(least: int | None, most: int | None, words: str) -> None:
    parts = figures.reply_stats(fake.finished("r", k_min=least, k_max=most))
    assert words in [text for text, _ in parts]


def test_a_reply_without_drafts_says_nothing_of_them() -> None:
    drafted = figures.reply_stats(fake.finished("r"))
    plain = figures.reply_stats(fake.finished("r", drafted_tokens=0, decode_tokens_per_second=None))
    assert len(drafted) - len(plain) == 2
    assert not [text for text, _ in plain if "accepted" in text or text.startswith("k ")]
    assert plain[0][0] == "57 tok/s"  # of the whole reply, where decoding alone is not known
    assert all(tip for _, tip in drafted)
