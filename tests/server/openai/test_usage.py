"""What is told of a reply beside its text."""

from __future__ import annotations

import math


def test_probabilities_are_logarithms() -> None:
    from helix_app.protocol.events import Alternative, EmittedToken
    from helix_app.server.openai.usage import chat_logprobs

    token = EmittedToken(5, "é", "plain", 1.0, (Alternative(5, "é", 0.5, math.log(0.5)),), math.log(0.25))
    told = chat_logprobs([token], 1)["content"][0]
    assert (told["token"], told["logprob"], told["bytes"]) == ("é", math.log(0.25), [195, 169])
    assert told["top_logprobs"][0]["logprob"] == math.log(0.5)


def test_a_part_of_a_character_has_no_bytes_that_are_known() -> None:
    from helix_app.protocol.events import EmittedToken
    from helix_app.server.openai.usage import chat_logprobs

    assert chat_logprobs([EmittedToken(5, " \ufffd", "plain", 1.0)], 0)["content"][0]["bytes"] is None
