"""The sentence under a reply, and the race that begins there."""

from __future__ import annotations

from dataclasses import replace

import pytest

from helix_app.gui.chat.message.verdict import LEAST_ROUNDS, LEAST_TOKENS, same_text, sentence
from helix_app.gui.window.main_window import MainWindow
from helix_app.protocol.models.hub import CatalogChanged
from helix_app.protocol.requests import ArmChoice, GenerateRequest, SamplingParams
from tests.comparing import WORDS, plain_reply, spec_reply
from tests.gui import fake
from tests.gui.compare.instruments.person import CompareDriver
from tests.gui.driver import Driver

SAMPLED = GenerateRequest("r", sampling=SamplingParams(temperature=0.7), verify="rejection")
GREEDY = replace(SAMPLED, sampling=SamplingParams(temperature=0.0))
SEEDED = replace(SAMPLED, sampling=SamplingParams(temperature=0.7, seed=3), verify="coupled")


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"decode_tokens_per_second": 80.0}, "2.1x faster than plain"),
        ({"decode_tokens_per_second": 39.0}, "No faster than plain: the same speed"),
        ({"decode_tokens_per_second": 30.0}, "No faster than plain: 0.79x its speed"),
        ({"plain_tokens_per_second": None}, "How fast plain decoding is here is not known yet"),
        ({"decode_tokens_per_second": None}, "How fast plain decoding is here is not known yet"),
        ({"tokens_generated": LEAST_TOKENS - 1}, "Too short to compare with plain"),
        ({"drafted_tokens": 0}, "No faster than plain: nothing was drafted"),
    ],
)
def test_the_gain_of_a_reply_in_words(values: dict[str, object], words: str) -> None:
    rounds = [1 / 38] * LEAST_ROUNDS if values.get("plain_tokens_per_second", 1) else []
    assert sentence(fake.finished("r", **values), SAMPLED, True, rounds) == words


def test_plain_rounds_of_the_reply_itself_count_most() -> None:
    done = fake.finished("r", decode_tokens_per_second=60.0, plain_tokens_per_second=10.0)
    assert sentence(done, SAMPLED, True, [0.02, 0.025, 0.9]) == "1.5x faster than plain"
    assert sentence(done, SAMPLED, True, [0.02, 0.025]) == "About 6.0x faster than plain"


def test_the_rounds_of_a_reply_are_its_own(window: MainWindow, chat: Driver) -> None:
    request = chat.ask("Hello")
    for name, seconds in ((request.request_id, 0.02), ("another", 0.5), (request.request_id, 0.02)):
        for _ in range(2):
            values = {"verify_seconds": seconds, "draft_seconds": 0.0, "overhead_seconds": 0.0}
            window.on_event(fake.round_done(name, 0, k=0, **values))
    window.on_event(fake.round_done(request.request_id, 1, k=4, verify_seconds=0.3))
    chat.finish("Hi.", decode_tokens_per_second=100.0)
    assert chat.reply.verdict_text() == "2.0x faster than plain"


def test_the_same_text_is_said_only_where_it_is_known() -> None:
    assert [same_text(request, True) for request in (GREEDY, SEEDED, SAMPLED)] == [True, True, False]
    assert not any(same_text(request, False) for request in (GREEDY, SEEDED, SAMPLED))
    assert not same_text(replace(SEEDED, verify="rejection"), True)
    assert sentence(fake.finished("r"), GREEDY, True) == "About 1.6x faster than plain, same text"
    assert sentence(fake.finished("r"), GREEDY, False) == "About 1.6x faster than plain"


def test_a_reply_without_drafts_claims_nothing() -> None:
    assert sentence(fake.finished("r"), replace(GREEDY, mode="autoregressive"), True) == "Plain decoding, as chosen"


def test_a_greedy_reply_of_exact_rows_has_the_same_text(make_window) -> None:
    window = make_window(temperature=0.0)
    window.on_event(CatalogChanged((fake.here(fake.SMOL),)))
    window.start()
    window.on_event(fake.ready(exact_rows=True))
    chat = Driver(window)
    chat.ask("Hello")
    chat.finish("Hi.")
    assert chat.reply.verdict_text() == "About 1.6x faster than plain, same text"


# --------------------------------------------------------------------------- the race


def test_a_race_writes_that_reply_again_and_plainly_and_replays_both(window: MainWindow, chat: Driver) -> None:
    chat.ask("First?")
    chat.finish("One.")
    asked = chat.ask("Second?")
    chat.finish("Two.", tokens_generated=60, seed=77)
    footer = chat.reply._footer
    assert footer is not None
    race = CompareDriver(window.compare, window.on_event)
    footer.race.click()
    assert window.pages.current is not None
    assert window.pages.current.name == "compare"
    (request,) = race.requests
    assert request.messages == asked.messages
    assert [m.content for m in request.messages] == ["First?", "One.", "Second?"]
    assert request.arms == (ArmChoice(), ArmChoice("autoregressive"))
    assert (request.sampling.seed, request.max_tokens) == (77, 60)
    setup = window.compare.setup
    assert setup.prompt.text() == "Second?"
    assert setup.before.text() == "After 2 messages of the chat"
    race.arm(0, spec_reply([(2, 2, WORDS[i : i + 3]) for i in range(1, 58, 3)], WORDS[0]))
    race.arm(1, plain_reply(WORDS[:58]))
    race.done()
    assert window.compare.clock.playing
    window.compare.clock.pause()
    setup.drop.click()
    window.compare.run()
    assert [m.content for m in race.requests[-1].messages] == ["Second?"]
    race.done("cancelled")
    assert not window.compare.clock.playing


def test_a_race_is_run_as_the_reply_was_configured(window: MainWindow, chat: Driver) -> None:
    window.state.change(k="fixed:4", temperature=0.2, top_k=7, system_prompt="Be brief.")
    chat.ask("Hello")
    chat.finish("Hi.", tokens_generated=30)
    window.state.change(k="auto", temperature=0.9, top_k=40, system_prompt="")
    race = CompareDriver(window.compare, window.on_event)
    assert chat.reply._footer is not None
    chat.reply._footer.race.click()
    (request,) = race.requests
    assert request.arms == (ArmChoice(k="fixed:4"), ArmChoice("autoregressive"))
    assert (request.sampling.temperature, request.sampling.top_k) == (0.2, 7)
    assert [m.content for m in request.messages] == ["Be brief.", "Hello"]


def test_a_plain_reply_has_no_race(window: MainWindow, chat: Driver) -> None:
    window.state.change(mode="autoregressive")
    chat.ask("Hello")
    chat.finish("Hi.")
    assert chat.reply._footer is not None
    assert not chat.reply._footer.race.isVisible()
    assert chat.reply.verdict_text() == "Plain decoding, as chosen"
