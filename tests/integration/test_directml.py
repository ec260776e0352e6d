"""The default model on the simulated DirectML device."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from helix_app.engine.drafts.model import ModelDraft
from helix_app.engine.measuring import calibration
from helix_app.engine.models.runner import ModelRunner
from helix_app.engine.rounds.scheduler import Scheduler
from helix_app.engine.rounds.session import Session
from helix_app.protocol.events import Finished, RoundDone
from helix_app.protocol.requests import SamplingParams
from tests.engine.directml.simulated import decoder_there, runner_there, simulated
from tests.engine.made.tiny import ask, finish, session_of
from tests.integration.lending import Lend

pytestmark = pytest.mark.model
PROMPT = "List five fruits, then list the same five fruits again."


@pytest.fixture(autouse=True)
def two_threads(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(min(2, before))
    monkeypatch.setattr(calibration, "_DEVICE_SECONDS", 0.0)
    monkeypatch.setattr(calibration, "_DEVICE_ROWS", (1,))
    yield
    torch.set_num_threads(before)


def test_it_says_there_what_it_says_on_the_cpu(default_model: Path, lend: Lend) -> None:
    """Greedy and coupled in float32, drafted by a model on the device, with one wait a round."""
    samplings = (SamplingParams(temperature=0.0), SamplingParams(temperature=0.8, top_k=40, top_p=0.95, seed=11))
    requests = [ask(PROMPT, sampling=sampling, max_tokens=12, k="fixed:4") for sampling in samplings]
    here = lend("float32")
    wanted = [finish(here, replace(request, mode="autoregressive")).token_ids for request in requests]
    with simulated() as device:
        decoder = decoder_there(default_model, context=128)
        session = Session(runner_there(decoder, 8), session_of(here).tokenizer, None, session_of(here).eos)
        session.draft_runner = runner_there(decoder, 8)
        session.draft = ModelDraft(session.draft_runner, decoder.config.vocab_size)
        for request, tokens in zip(requests, wanted):
            scheduler = Scheduler(session)
            scheduler.add(request)
            events = []
            while scheduler.busy:
                with device.one_round():
                    events += list(scheduler.step())
            rounds = [event for event in events if isinstance(event, RoundDone)]
            assert [event.token_ids for event in events if isinstance(event, Finished)] == [tokens]
            assert sum(event.accepted for event in rounds) == sum(event.k for event in rounds) > 6


def test_in_float16_it_means_much_the_same(default_model: Path, dense: ModelRunner) -> None:
    """The likeliest next token at each place of a text: rounding turns near ties alone."""
    tokens = list(range(500, 4000, 100))
    dense.open("s", ())
    wanted = dense.forward("s", tokens, len(tokens))
    dense.close("s")
    with simulated():
        there = runner_there(decoder_there(default_model, torch.float16, context=64), 4)
        there.open("s", ())
        got = there.forward("s", tokens, len(tokens))
    assert float((got.softmax(dim=-1) - wanted.softmax(dim=-1)).abs().max()) < 0.02
    assert int((got.argmax(dim=-1) == wanted.argmax(dim=-1)).sum()) >= 0.9 * len(tokens)
