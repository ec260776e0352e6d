"""Where greedy arms first disagree, and by how little: the gap between the target's logits there."""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence
from itertools import combinations

import torch

from helix_app.bench.arms import Task
from helix_app.bench.config import LLAMACPP
from helix_app.bench.records import Divergence, RunRecord
from helix_app.engine.rounds.certify import logits_after
from helix_app.engine.rounds.session import Session, prompt_tokens
from helix_app.runs.comparison import first_difference

log = logging.getLogger(__name__)


def find_divergences(
    session: Session,
    tasks: Sequence[Task],
    runs: Sequence[RunRecord],
    arms: Sequence[str],
    cancel: threading.Event | None = None,
) -> tuple[Divergence, ...]:
    """Compare the first reply of every arm with that of every other arm, prompt by prompt, in the order of ``arms``.

    Once ``cancel`` is set or a forward pass has failed no further one is made, and both gaps are None from there on.
    """
    found, gaps = [], True
    for task in tasks:
        replies: dict[str, RunRecord] = {}
        for run in runs:
            if run.prompt_id == task.prompt.id:
                replies.setdefault(run.arm, run)
        prompt = prompt_tokens(session, task.request)
        known: dict[tuple[int, ...], torch.Tensor] = {}
        for a, b in combinations([replies[arm] for arm in arms if arm in replies], 2):
            position = first_difference(a.token_ids, b.token_ids)
            if position is None or _ends_unsaid(session, a, b, position):
                continue
            common = a.token_ids[:position]
            if common not in known and gaps and not (cancel is not None and cancel.is_set()):
                try:
                    known[common] = logits_after(session, [*prompt, *common])
                except Exception:  # out of memory, a lost device: what was measured must not be lost with it
                    log.warning("no logits where replies to %s differ", task.prompt.id, exc_info=True)
                    gaps = False
            found.append(_divergence(session, task, a, b, position, known.get(common)))
    return tuple(sorted(found, key=lambda d: (arms.index(d.arm_a), arms.index(d.arm_b))))


def _ends_unsaid(session: Session, a: RunRecord, b: RunRecord, position: int) -> bool:
    """Whether both were ended by the model after the same tokens: llama.cpp does not give the one that ended it."""
    if LLAMACPP not in (a.arm, b.arm) or (a.finish_reason, b.finish_reason) != ("eos", "eos"):
        return False
    shorter, longer = sorted((a.token_ids, b.token_ids), key=len)
    return len(shorter) == position == len(longer) - 1 and longer[position] in session.eos


def _divergence(
    session: Session, task: Task, a: RunRecord, b: RunRecord, position: int, logits: torch.Tensor | None
) -> Divergence:
    token_a = a.token_ids[position] if position < len(a.token_ids) else None
    token_b = b.token_ids[position] if position < len(b.token_ids) else None
    text = session.tokenizer.token_text
    gap = top_two = None
    if logits is not None:
        best = logits.topk(min(2, logits.shape[-1])).values.tolist()
        top_two = best[0] - best[-1]
        if token_a is not None and token_b is not None:
            gap = float(logits[token_a] - logits[token_b])
    return Divergence(
        kind=task.prompt.kind,
        prompt_id=task.prompt.id,
        arm_a=a.arm,
        arm_b=b.arm,
        position=position,
        token_a=token_a,
        token_b=token_b,
        text_a="" if token_a is None else text(token_a),
        text_b="" if token_b is None else text(token_b),
        logit_gap=gap,
        top_two_gap=top_two,
    )
