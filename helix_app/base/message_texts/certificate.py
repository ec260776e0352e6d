"""What a certificate shows, in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from helix_app.base.message_texts.filling import counted


def certificate_text(c: Mapping[str, Any]) -> str:
    """What a certificate (``certify.Certificate`` as a mapping) shows, in words."""
    drafted = counted("{n:token was|tokens were} drafted, {a} accepted", {"n": c["drafted"], "a": c["accepted"]})
    if c["holds"] is None:
        why = "nothing was drafted" if not c["drafted"] else "there was too little to compare"
        return f"Certificate: none, since {why}. Ask for a longer reply or another draft."
    if c["kind"] == "identity":
        if c["holds"]:
            same = counted("{n:token is that|tokens are those} of plain decoding", {"n": c["tokens"]})
            return f"Certificate: identical. {same}; {drafted}."
        gap = c["logit_gap"]
        words = f"Certificate: the replies part at token {c['position'] + 1}; "
        if gap is None:
            return words + "one of them ended there."
        return words + f"plain decoding's token leads by {gap:.2g} in the target's logits. A near tie fell differently."
    sizes = counted(
        "{t:verification|verifications} over {r:drafted round|drafted rounds}", {"t": c["trials"], "r": c["rounds"]}
    )
    sample = f"{sizes}, p = {c['p_value']:.3g}; {drafted}"
    if c["holds"]:
        return f"Certificate: no difference from the target's distribution ({sample})."
    return f"Certificate: refuted. The tokens do not follow the target's distribution ({sample}). Please report it."
