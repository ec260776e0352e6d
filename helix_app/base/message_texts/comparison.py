"""What the compare page says: what two replies to one prompt have in common, and what it costs."""

from __future__ import annotations

COMPARISON: dict[str, str] = {
    "nothing": "The replies are compared as soon as both configurations have written.",
    "only_one": "Only one configuration has written, so there is nothing to compare. See the other one for the reason, or run again.",
    "identical": "Identical: {n:token|tokens}",
    "so_far": "The same as far as both went: {n:token|tokens}",
    "differs": "First difference at token {at}: {a} in A, {b} in B",
    "differs_by": "First difference at token {at}: {a} in A, {b} in B, logit gap {gap}",
    "one_ends": "First difference at token {at}: {a} in A, {b} in B",
    "other_sample": "Same distribution, different sample: the replies part at token {at}",
    "other_model": "Two models: each writes its own text, so compare what they say and how fast",
    "other_model_same": "Two models, the same text: {n:token|tokens}",
    "the_end": "the end of the reply",
    "gain_waiting": "Speeds are compared once both replies are there.",
    "gain_unknown": "There are too few tokens to compare speeds. Ask for a longer reply.",
    "gain_nothing_drafted": "Nothing was drafted here: {reason}.",
    "gain_plus": "Speculation gains {percent} here.",
    "gain_minus": "Speculation costs {percent} here.",
    "gain_even": "Speculation neither gains nor costs here: the difference is under {even}.",
    "gain_plus_off": "Speculation gains {percent} here; Helix switched it off after token {token}.",
    "gain_minus_off": "Speculation costs {percent} here; Helix switched it off after token {token}.",
    "gain_even_off": "Speculation neither gains nor costs here; Helix switched it off after token {token}.",
    "faster": "{faster} decodes {percent} faster than {slower} here.",
    "faster_even": "A and B decode equally fast here: the difference is under {even}.",
    "noisy": "Noisy: the machine's own speed moved by {drift} meanwhile. Close other programs and run again.",
    "steady": "A fixed reference reply before and after each configuration differed by {drift}.",
    "not_checked": "How steady the machine was is not known.",
    "round_cost": "In {arm}, a round drafts {k:token|tokens} in {draft}, verifies in {verify} and spends {rest} besides: {steps:plain step|plain steps} "
    "of {plain}. By the formula it is {expected} times as fast as plain decoding.",
}
