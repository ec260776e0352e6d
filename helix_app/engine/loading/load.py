"""From a LoadRequest to a Session that can write replies."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Collection, Generator, Iterator
from dataclasses import dataclass
from pathlib import Path

import torch

from helix_app.base.errors import DeviceError, HelixError, InputError
from helix_app.base.logs import log_file
from helix_app.base.messages import error_text
from helix_app.engine.cache.block_pool import BlockPool
from helix_app.engine.cache.kv_cache import KVCache
from helix_app.engine.drafts.base import Draft
from helix_app.engine.drafts.mixed import MixedDraft
from helix_app.engine.drafts.model import ModelDraft, check_vocabulary
from helix_app.engine.drafts.ngram import NgramDraft
from helix_app.engine.drafts.ngram_table import NgramTable
from helix_app.engine.drafts.self_draft import SelfDraft
from helix_app.engine.kernels import low_bit
from helix_app.engine.loading.context import allocate, choose_context
from helix_app.engine.machine import measured
from helix_app.engine.machine.device import Device, check_dtype, cpu, forced_cpu, pick_device
from helix_app.engine.machine.device_errors import is_out_of_memory
from helix_app.engine.machine.memory import free_memory, return_memory
from helix_app.engine.machine.threads import choose_threads
from helix_app.engine.measuring import formats
from helix_app.engine.measuring.calibration import calibrate
from helix_app.engine.measuring.formats import pick_dtype
from helix_app.engine.models.decoder import Decoder
from helix_app.engine.models.device_layers import make_decoder
from helix_app.engine.models.runner import ModelRunner
from helix_app.engine.models.weights import open_weights
from helix_app.engine.rounds.session import Context, Session
from helix_app.engine.text.tokenizer import Tokenizer, load_tokenizer
from helix_app.modelfiles.model_path import ModelFiles, inspect
from helix_app.modelfiles.part_names import model_name
from helix_app.protocol.events import Event, Notice
from helix_app.protocol.loading import LoadProgress, ModelReady
from helix_app.protocol.requests import LoadRequest
from helix_app.runs.additive import K_MAX

log = logging.getLogger(__name__)
BLOCK_SIZE = 16
_COPY_BYTES, _COPY_SHARE = 0.7, 0.25  # of a weight in four bits, and of the free memory that a draft on auto may take
_THREADS = torch.get_num_threads()  # before any were chosen
_COPY_MOST, _COPY_ACCEPTANCE = 0.8, 0.9  # of a plain step that a copy may take; share of its tokens that stand
_INT4_MOST = 1.2  # of the dense time that four bits may take where they were asked for: they save memory too
_HEAD_BITS = 8  # of a low-bit copy that cannot share its target's head; four bits cost a fifth of the acceptance
SELF_BITS = {"self-int4": 4, "self-int8": 8}  # drafts that are the target in fewer bits
_MOST_CACHE_BYTES = 4 * 2**30  # for many sequences; one context may take more
_LOST = "it stopped working; close Helix and start it again to use it"


class LoadCancelled(Exception):
    """The person pressed Stop while a model was loading."""


@dataclass
class Loaded:
    """The result of loading."""

    session: Session
    ready: ModelReady


@dataclass(frozen=True)
class _Plan:
    """What is about to be loaded."""

    target: ModelFiles
    tokenizer: Tokenizer
    draft: ModelFiles | None
    draft_kind: str
    context: Context
    cache_tokens: int


def check(request: LoadRequest) -> None:
    """Raise the HelixError that this load would end with before it needs memory, if there is one."""
    _plan(request)


def load(
    request: LoadRequest,
    cancel: threading.Event,
    lost: Collection[str] = (),
    make_room: Callable[[], None] = lambda: None,
) -> Iterator[Event | Loaded]:
    """Load; yields progress and notices, then one Loaded as the last item.

    A GPU that fails or runs out of memory while loading is given up for the CPU, with a notice.

    Args:
        lost: kinds of devices that stopped working in this process and are not tried again.
        make_room: called once the request is known to make sense, before anything takes memory: what is loaded goes.

    Raises:
        HelixError: the model cannot be used, or nothing has the memory for it.
        LoadCancelled: ``cancel`` was set.
    """
    begin = time.perf_counter()
    measured.again()
    yield LoadProgress("read_header")
    plan, skipped = _plan(request)
    if skipped is not None:
        yield skipped
    yield LoadProgress("devices")
    device, why_not = pick_device(request.device, cancel)
    if cancel.is_set():
        raise LoadCancelled
    if device.kind in lost:
        yield Notice("fallback_cpu", (("device", device.name), ("reason", _LOST)))
        device, why_not = cpu(), ""
    if why_not:
        if forced_cpu():
            yield Notice("forced_cpu")
        else:
            name = "The graphics card" if request.device == "auto" else request.device
            yield Notice("fallback_cpu", (("device", name), ("reason", why_not)))
    check_dtype(request.dtype, device)
    _check_copy(plan.draft_kind, device.torch_device)
    make_room()
    while True:
        yield LoadProgress("cpu" if device.kind == "cpu" else "gpu", detail=device.name)
        failure: tuple[bool, str] | None = None
        try:
            yield from _load_on(device, request, plan, begin, cancel)
            return
        except (RuntimeError, MemoryError, DeviceError) as exc:
            if device.kind == "cpu":
                code = "out_of_memory" if is_out_of_memory(exc) else "internal"
                raise HelixError(code, detail=f"{type(exc).__name__}: {exc}", log=log_file()) from exc
            log.warning("loading on %s failed: %s", device.kind, exc)
            failure = is_out_of_memory(exc), str(exc)
        memory, text = failure
        return_memory()  # here, for the exception kept what it had loaded
        reason = "not enough memory on it" if memory else "it failed while loading"
        yield Notice("fallback_cpu", (("device", device.name), ("reason", reason)), text)
        device = cpu()


def _plan(request: LoadRequest) -> tuple[_Plan, Notice | None]:
    """What to load, and a notice when an optional draft model has to be left out."""
    target = inspect(Path(request.target))
    tokenizer = _tokenizer_of(target)
    kind, draft, skipped = request.draft, None, None
    if kind not in ("auto", "none", "ngram", *SELF_BITS):
        try:
            kind, draft = "model", inspect(Path(request.draft))
            check_vocabulary(tokenizer, load_tokenizer(draft))
        except HelixError as exc:
            if request.draft_required:
                raise
            kind, draft = "auto", None
            reason = error_text(exc.code, exc.fields)
            skipped = Notice("draft_skipped", (("draft", request.draft_name), ("reason", reason)), exc.detail)
    context = choose_context(request, target.config)
    return _Plan(target, tokenizer, draft, kind, context, max(context.tokens, request.cache_tokens or 0)), skipped


def _tokenizer_of(target: ModelFiles) -> Tokenizer:
    """Its tokenizer. Raises HelixError for one that cannot be read, or has more tokens than the weights."""
    tokenizer, vocabulary = load_tokenizer(target), target.config.vocab_size
    if tokenizer.size > vocabulary:
        what = f"{tokenizer.size} tokens in the tokenizer, {vocabulary} in the weights"
        raise HelixError("model_weights_mismatch", path=target.path, what=what)
    return tokenizer


def _check_copy(draft: str, device: torch.device) -> None:
    """Raise InputError for a low-bit copy of the target where no kernel runs it."""
    if draft in SELF_BITS and not low_bit.exists(SELF_BITS[draft], device):
        raise InputError("option_unavailable", option=f"draft {draft}", choices="auto, none, ngram, or a draft model")


def _load_on(
    device: Device, request: LoadRequest, plan: _Plan, begin: float, cancel: threading.Event
) -> Iterator[Event | Loaded]:
    config = plan.target.config
    bits = 4 if request.dtype == "int4" else 0
    if bits and formats.int4_share(config, device.torch_device) > _INT4_MOST:
        bits = 0
        yield Notice("int4_unavailable", (("device", device.name),))
    wanted = "auto" if request.dtype == "int4" else request.dtype
    dtype = low_bit.ACTIVATIONS if bits else pick_dtype(wanted, device, config)
    yield LoadProgress("tokenizer")
    tokenizer = plan.tokenizer
    yield from _guesses(tokenizer)
    tokenizer.prepare()
    runner = yield from _runner(
        plan.target, plan.context.tokens, plan.cache_tokens, dtype, device, "weights", cancel, bits
    )
    if runner.decoder.rounded:
        yield Notice("weights_rounded", (("tensors", str(runner.decoder.rounded)),))
    draft_kind = plan.draft_kind
    if draft_kind == "auto":
        copy = not bits and _copy_pays(runner) and _room_for_copy(runner.decoder.parameters)
        draft_kind = "self-int4" if copy else "ngram"
    tables = _tables(request, tokenizer)
    ngram = NgramDraft(tables=tables)
    draft: Draft | None = None
    draft_runner: ModelRunner | None = None
    draft_blocks = 0
    if plan.draft is not None:
        draft_context = min(runner.max_tokens, plan.draft.config.context_length)
        draft_runner = yield from _runner(
            plan.draft, draft_context, plan.cache_tokens, dtype, device, "draft_weights", cancel
        )
        model_draft = ModelDraft(draft_runner, config.vocab_size)
        # with draft auto the policy may take either; a draft asked for by name is used alone
        draft = model_draft if request.draft_required else MixedDraft(ngram, model_draft)
        draft_blocks = draft_runner.pool.num_blocks
    elif draft_kind in SELF_BITS:
        own = yield from _self_draft(plan.target, runner, SELF_BITS[draft_kind], cancel)
        # with draft auto the policy may take either; a draft asked for by name is used alone
        draft = own if plan.draft_kind == draft_kind else MixedDraft(ngram, own)
    elif draft_kind == "ngram":
        draft = ngram
    eos = frozenset(config.eos_token_ids)
    session = Session(runner, tokenizer, draft, eos, draft_runner)
    session.learned = next((table for table in tables if table.writable), None)
    session.context = plan.context.given(runner.max_tokens)
    session.costs.begin_with(runner.costs)
    ready = ModelReady(
        target_name=request.target_name or model_name(plan.target.path),
        draft=draft_kind,
        draft_name=(request.draft_name or model_name(plan.draft.path)) if plan.draft is not None else "",
        device=device.kind,
        device_name=device.name,
        dtype="int4" if bits else str(dtype).removeprefix("torch."),
        context_length=runner.max_tokens,
        block_size=BLOCK_SIZE,
        target_blocks=runner.pool.num_blocks,
        draft_blocks=draft_blocks,
        parameters=runner.decoder.parameters,
        vocab_size=config.vocab_size,
        load_seconds=time.perf_counter() - begin,
        target_block_bytes=runner.cache.block_bytes,
        draft_block_bytes=draft_runner.cache.block_bytes if draft_runner is not None else 0,
        model_context=session.context.model,
        context_limit=session.context.limit,
        target_file=str(plan.target.path),
        exact_rows=runner.decoder.can_be_exact,
    )
    yield Loaded(session, ready)


def _guesses(tokenizer: Tokenizer) -> Iterator[Notice]:
    """What had to be guessed of a tokenizer, told at every load, for the text may suffer."""
    info = tokenizer.info
    if info.guessed_cut:
        code = "cut_unknown" if info.unknown_cut not in ("", "default") else "cut_unnamed"
        yield Notice(code, (("name", info.unknown_cut), ("family", info.guessed_cut)))


def _runner(
    files: ModelFiles,
    context: int,
    cache_tokens: int,
    dtype: torch.dtype,
    device: Device,
    stage: str,
    cancel: threading.Event,
    bits: int = 0,
) -> Generator[Event, None, ModelRunner]:
    """A generator of progress that returns a ModelRunner."""
    config = files.config
    decoder = make_decoder(config, dtype=dtype, device=device.torch_device, max_positions=context, bits=bits)
    yield from _read_weights(files, decoder, None, stage, cancel)
    yield LoadProgress("allocate_cache")
    wanted = -(-max(context, cache_tokens) // BLOCK_SIZE)
    most = _MOST_CACHE_BYTES // KVCache.bytes_per_block(config, BLOCK_SIZE, dtype)
    blocks = max(-(-context // BLOCK_SIZE), min(wanted, most))
    cache = yield from allocate(config, blocks, BLOCK_SIZE, context, dtype, device)
    runner = ModelRunner(decoder, BlockPool(cache.num_blocks, BLOCK_SIZE), cache)
    yield LoadProgress("warm_up")
    if device.kind == "cpu" and stage == "weights":
        choose_threads(lambda: runner.try_rows(1), _THREADS)
    calibrate(runner)
    return runner


def _copy_pays(target: ModelRunner) -> bool:
    """Whether a copy of the target in four bits would be worth its memory as a draft: much cheaper than a plain step,
    and right as often as such copies are, it must gain something with what more rows cost the target."""
    decoder = target.decoder
    share = formats.int4_share(decoder.config, decoder.device, decoder.dtype)
    single = target.costs.expect(1, 0)
    if share > _COPY_MOST or single is None:
        return False
    tokens, gains = 1.0, []
    for k in range(1, K_MAX + 1):
        tokens += _COPY_ACCEPTANCE**k
        gains.append(tokens / ((target.costs.expect(k + 1, 0) or single) / single + k * share))
    return max(gains) > 1.0


def _room_for_copy(parameters: int) -> bool:
    """Whether a four-bit copy takes only a small part of the memory that is free."""
    free = free_memory()
    return free is None or parameters * _COPY_BYTES < free * _COPY_SHARE


def _tables(request: LoadRequest, tokenizer: Tokenizer) -> list[NgramTable]:
    """The tables that can be used; what is wrong with the others goes to the log, for they only help."""
    tables = []
    for path, writable in ((request.learned_table, True), (request.ngram_table, False)):
        if path:
            try:
                table = NgramTable(Path(path), tokenizer.size, tokenizer.fingerprint, writable=writable)
                tables.append(table)
            except (OSError, ValueError) as exc:
                log.warning("n-gram table %s not used: %s", path, exc)
    return tables


def _self_draft(
    files: ModelFiles, target: ModelRunner, bits: int, cancel: threading.Event
) -> Generator[Event, None, SelfDraft]:
    """A generator of progress that returns a low-bit copy of the target on the target's own cache.

    Raises:
        InputError: no kernel for packed weights here.
    """
    kept = target.decoder
    _check_copy(f"self-int{bits}", kept.device)  # a card may have been given up for the CPU since
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
    yield from _read_weights(files, decoder, kept, "draft_weights", cancel)
    runner = ModelRunner(decoder, target.pool, target.cache)
    yield LoadProgress("warm_up")
    calibrate(runner, ())
    return SelfDraft(runner, kept.config.vocab_size)


def _read_weights(
    files: ModelFiles, decoder: Decoder, like: Decoder | None, stage: str, cancel: threading.Event
) -> Iterator[Event]:
    with open_weights(files) as source:
        for fraction in decoder.load(source, like):
            if cancel.is_set():
                raise LoadCancelled
            yield LoadProgress(stage, fraction)
