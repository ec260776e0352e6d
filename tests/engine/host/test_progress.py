"""What another engine is told of a reply that goes on there."""

from __future__ import annotations

import pytest

from helix_app.engine.host.progress import Progress
from helix_app.protocol.events import EmittedToken, PrefillDone
from helix_app.protocol.requests import GenerateRequest
from tests.gui import fake


def written(*plain: float | None) -> Progress:
    """Of one token by the prompt and two by each round, which told how fast plain decoding is then."""
    progress = Progress(GenerateRequest("r"))
    progress.take(PrefillDone("r", 9, 4, 0.1, emitted=(EmittedToken(5, "x", "plain", 1.0),)))
    for index, speed in enumerate(plain):
        tokens = (EmittedToken(5, "x", "accepted", 1.0), EmittedToken(6, "y", "corrected", 1.0))
        progress.take(fake.round_done("r", index, emitted=tokens, plain_tokens_per_second=speed))
    return progress


@pytest.mark.parametrize(
    ("plain", "seconds"),
    [((40.0, 10.0), 2 / 40 + 2 / 10), ((), 0.0), ((40.0, None), None), ((None, 40.0), None)],
)
def test_plain_decoding_is_told_as_each_round_had_it(plain: tuple[float | None, ...], seconds: float | None) -> None:
    told = written(*plain).request().written
    assert told is not None
    assert (told.token_ids, len(told.rounds)) == ((5, *(5, 6) * len(plain)), len(plain))
    assert told.plain_seconds == pytest.approx(seconds)


def test_what_has_not_begun_begins_anew() -> None:
    assert Progress(GenerateRequest("r")).request().written is None
