"""The draft of a planned model: which one it gets, and how it is made.

It lies here and not in ``engine/drafts``, for to make a draft is to load a model.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Generator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import torch

from helix_app.base.errors import InputError
from helix_app.engine.drafts.base import Draft
from helix_app.engine.drafts.mixed import MixedDraft
from helix_app.engine.drafts.model import ModelDraft
from helix_app.engine.drafts.ngrams.ngram import NgramDraft
from helix_app.engine.drafts.ngrams.ngram_table import NgramTable
from helix_app.engine.drafts.on_target.head import HeadDraft
from helix_app.engine.drafts.on_target.next_token import NextTokenDraft
from helix_app.engine.drafts.on_target.self_draft import SelfDraft
from helix_app.engine.drafts.reencoded import Languages, ReencodedDraft
from helix_app.engine.kernels import low_bit
from helix_app.engine.loading.next_token import drafting_runner, runs_next_token
from helix_app.engine.loading.plan import HEAD, NEXT_TOKEN, SELF_BITS, Plan
from helix_app.engine.loading.reading import read_weights
from helix_app.engine.loading.runners import LoadOptions, load_draft
from helix_app.engine.machine.memory import free_memory
from helix_app.engine.measuring import formats
from helix_app.engine.measuring.calibration import calibrate
from helix_app.engine.models.decoder import Decoder
from helix_app.engine.models.drafting.hidden_states import TargetStates
from helix_app.engine.models.runner import ModelRunner
from helix_app.engine.text.tokenizer import load_tokenizer
from helix_app.modelfiles.model_path import ModelFiles
from helix_app.protocol.events import Event
from helix_app.protocol.models.loading import LoadProgress
from helix_app.runs.additive import K_MAX

log = logging.getLogger(__name__)
_COPY_BYTES, _COPY_SHARE = 0.7, 0.25  # of a weight in four bits, and of the free memory that a draft on auto may take
_COPY_MAX, _COPY_ACCEPTANCE = 0.8, 0.9  # of a plain step that a copy may take; share of its tokens that stand
_LAYER_ACCEPTANCE = 0.85  # of the tokens of the target's own layer, at best: what it is really tells
_HEAD_BITS = 8  # of a low-bit copy that cannot share its target's head; four bits cost a fifth of the acceptance


@dataclass(frozen=True)
class MadeDraft:
    """A draft ready to use.

    Attributes:
        kind: as ``ModelReady.draft``.
        draft: None for ``none``.
        runner: of a draft model with a pool of its own.
        learned: table that replies are learnt into.
        files: of a draft model.
    """

    kind: str
    draft: Draft | None
    runner: ModelRunner | None = None
    learned: NgramTable | None = None
    files: ModelFiles | None = None


def make_draft(
    plan: Plan, target: ModelRunner, options: LoadOptions, cancel: threading.Event
) -> Generator[Event, None, MadeDraft]:
    """A generator of progress that returns the draft.

    Args:
        options: of the target; a draft model has the same format and device.

    Raises:
        InputError: no kernel for packed weights here.
        LoadCancelled: ``cancel`` was set.
    """
    layer = yield from _layer_that_pays(plan, target)
    kind = plan.draft_kind
    if kind == "auto" and layer is None and plan.measured is not None:
        kind, plan = "reencoded", replace(plan, draft=plan.measured, draft_kind="reencoded")
    elif kind == "auto":
        kind = NEXT_TOKEN if layer is not None else _without_layer(target, options)
    tables = _tables(plan)
    ngram = NgramDraft(tables=tables)
    made = MadeDraft(kind, None, learned=next((table for table in tables if table.writable), None))
    if plan.draft is None and layer is None and kind not in SELF_BITS:
        return replace(made, draft=ngram if kind == "ngram" else None)
    vocabulary = plan.target.config.vocab_size
    model: ModelDraft
    if plan.draft is not None:
        context = min(target.max_tokens, plan.draft.config.context_length)
        own = LoadOptions(options.device, options.dtype, context, plan.cache_tokens, packed=options.packed)
        runner = yield from load_draft(plan.draft, own, cancel)
        model, made = _model_draft(plan, plan.draft, runner), replace(made, runner=runner, files=plan.draft)
    elif layer is not None:
        model = (HeadDraft if kind == HEAD else NextTokenDraft)(layer, vocabulary)
    else:
        model = yield from _self_draft(plan.target, target, SELF_BITS[kind], cancel)
    # with draft auto the policy may take either of two; a draft asked for by name is used alone
    alone = _asked(plan) if plan.draft is not None or kind == HEAD else plan.draft_kind == kind
    return replace(made, draft=model if alone else MixedDraft(ngram, model))


def _layer_that_pays(plan: Plan, target: ModelRunner) -> Generator[Event, None, ModelRunner | None]:
    """A runner of the layer or head that drafts for its target; None without one, and where one on auto would gain
    nothing: it is given up then."""
    layer = drafting_runner(target)
    if layer is None:
        return None
    yield LoadProgress("warm_up")
    calibrate(layer, ())
    if plan.draft_kind != "auto" or _pays(target, _share(layer, target), _LAYER_ACCEPTANCE):
        return layer
    _drop_layer(target)
    return None


def _without_layer(target: ModelRunner, options: LoadOptions) -> str:
    """What drafts on auto where no model and no layer does."""
    copy = not (options.bits or options.packed) and _copy_pays(target) and _room_for_copy(target.decoder.parameters)
    return "self-int4" if copy else "ngram"


def _asked(plan: Plan) -> bool:
    """Whether this draft was asked for by name."""
    return plan.request.draft_required and plan.request.draft != "auto"


def _model_draft(plan: Plan, files: ModelFiles, runner: ModelRunner) -> ModelDraft:
    """A draft by a model of its own, in the target's tokens or re-encoded. Frees the model where it cannot be made."""
    vocabulary = plan.target.config.vocab_size
    try:
        if plan.draft_kind != "reencoded":
            return ModelDraft(runner, vocabulary)
        ends = frozenset(files.config.eos_token_ids)
        return ReencodedDraft(runner, vocabulary, Languages(plan.tokenizer, load_tokenizer(files), ends))
    except BaseException:
        runner.release()
        raise


def check_copy(kind: str, device: torch.device) -> None:
    """Raise InputError for a low-bit copy of the target where no kernel runs it, and likewise for what drafts from its
    hidden states."""
    missing = kind in SELF_BITS and not low_bit.exists(SELF_BITS[kind], device)
    if missing or (kind in (NEXT_TOKEN, HEAD) and not runs_next_token(device)):
        raise InputError("option_unavailable", option=f"draft {kind}", choices="auto, none, ngram, or a draft model")


def _copy_pays(target: ModelRunner) -> bool:
    """Whether a copy of the target in four bits would be worth its memory as a draft: much cheaper than a plain step,
    and right as often as such copies are, it must gain something with what more rows cost the target."""
    decoder = target.decoder
    share = formats.int4_share(decoder.config, decoder.device, decoder.dtype)
    return share <= _COPY_MAX and _pays(target, share, _COPY_ACCEPTANCE)


def _pays(target: ModelRunner, share: float, acceptance: float) -> bool:
    """Whether a draft gains something where its step takes this share of a plain one, and each of its tokens stands
    with this probability."""
    single = target.costs.expect(1, 0)
    if single is None:
        return False
    tokens, gains = 1.0, []
    for k in range(1, K_MAX + 1):
        tokens += acceptance**k
        gains.append(tokens / ((target.costs.expect(k + 1, 0) or single) / single + k * share))
    return max(gains) > 1.0


def _share(layer: ModelRunner, target: ModelRunner) -> float:
    """What a step of the layer that drafts takes of a plain one, as measured."""
    return (layer.costs.expect(1, 0) or 0.0) / (target.costs.expect(1, 0) or 1.0)


def _drop_layer(target: ModelRunner) -> None:
    """The layer that drafts would gain nothing here: passes are the target's alone again."""
    if isinstance(target.hidden, TargetStates):
        target.hidden.layer.release()
        target.hidden.stop()


def _room_for_copy(parameters: int) -> bool:
    """Whether a four-bit copy takes only a small part of the memory that is free."""
    free = free_memory()
    return free is None or parameters * _COPY_BYTES < free * _COPY_SHARE


def _tables(plan: Plan) -> Sequence[NgramTable]:
    """The tables that can be used; what is wrong with the others goes to the log, for they only help."""
    tables, tokenizer = [], plan.tokenizer
    for path, writable in ((plan.request.learned_table, True), (plan.request.ngram_table, False)):
        if path:
            try:
                tables.append(NgramTable(Path(path), tokenizer.size, tokenizer.fingerprint, writable=writable))
            except (OSError, ValueError) as exc:
                log.warning("The n-gram table %s is not used: %s.", path, str(exc).rstrip("."))
    return tables


def _self_draft(
    files: ModelFiles, target: ModelRunner, bits: int, cancel: threading.Event
) -> Generator[Event, None, SelfDraft]:
    """A generator of progress that returns a low-bit copy of the target on the target's own cache."""
    kept = target.decoder
    check_copy(f"self-int{bits}", kept.device)  # a card may have been given up for the CPU since
    assert isinstance(kept, Decoder)  # no other device has a kernel for it
    decoder = Decoder(
        kept.config,
        dtype=low_bit.ACTIVATIONS,
        device=kept.device,
        max_positions=kept.max_positions,
        linear_kind=kept.linear_kind,
        bits=bits,
        head_bits=_HEAD_BITS,
        cache_dtype=kept.dtype,
    )
    yield from read_weights(files, decoder, kept, "draft_weights", cancel)
    runner = ModelRunner(decoder, target.pool, target.cache)
    yield LoadProgress("warm_up")
    calibrate(runner, ())
    return SelfDraft(runner, kept.config.vocab_size)
