"""Whether a planned load fits where it goes, and the smallest changes that make it fit."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import torch

from helix_app.base.errors import HelixError
from helix_app.base.settings import LEAST_CONTEXT
from helix_app.engine.kernels import low_bit
from helix_app.engine.loading.fitting.needs import (
    ModelNeed,
    copy_weights,
    head_weights,
    need_of,
    next_token_blocks,
    next_token_weights,
)
from helix_app.engine.loading.formats.on_card import activations, stays_packed
from helix_app.engine.loading.formats.packed import may_run_packed, unpacks_for_layer
from helix_app.engine.loading.next_token import takes_next_token
from helix_app.engine.loading.plan import NEXT_TOKEN, SELF_BITS, Plan
from helix_app.engine.machine.devices.device import PACKED, Device
from helix_app.engine.machine.memory import free_memory, resident_memory, total_memory
from helix_app.engine.measuring import formats
from helix_app.engine.models.packed.decoder import packed_formats
from helix_app.modelfiles.draft_head import HeadFiles
from helix_app.modelfiles.model_path import ModelFiles, inspect
from helix_app.protocol.models.fit import Fit, Level, MemoryNeed, Way

ROOMY = 0.85  # of what is free that a load may take and still leave room
_CPU = torch.device("cpu")  # or any that tells its memory
_STEP = 256  # tokens that a shorter context is a multiple of


@dataclass(frozen=True)
class Memory:
    """What there is: bytes, None where nobody says."""

    free: int | None
    total: int | None


def fit_of(plan: Plan, device: Device, *, given_back: int = 0, memory: Memory | None = None) -> Fit:
    """What a planned load takes, and whether that is there.

    Args:
        given_back: bytes of what is loaded now and goes first.
        memory: of the device; asked of it unless given.
    """
    memory = memory or memory_of(device)
    free = None if memory.free is None else memory.free + given_back
    number_format = format_of(plan, device)
    lies = _Lies(number_format, device)
    need = _need(plan, lies, plan.context.tokens, plan.cache_tokens)
    if plan.draft_kind == "auto" and level_of(need.total, free) == "short":  # then it does without the target's layer
        lies = replace(lies, layer=False)
        need = _need(plan, lies, plan.context.tokens, plan.cache_tokens)
    level = level_of(need.total, free)
    fit = Fit(
        level=level,
        target_name=plan.target_name,
        draft_name=plan.draft_name or (plan.draft_kind if plan.draft_kind in (*SELF_BITS, NEXT_TOKEN) else ""),
        format=number_format,
        device=device.kind,
        device_name=device.name,
        context=plan.context.tokens,
        pool=plan.cache_tokens,
        need=need,
        free=free,
        total=memory.total,
        held=max(0, (resident_memory() or 0) - (given_back if device.kind == "cpu" else 0)),
    )
    if level not in ("tight", "short") or free is None:
        return fit
    return replace(fit, ways=tuple(_ways(plan, lies, fit, int(free * ROOMY))))


def has_room_for_layer(plan: Plan, device: Device, number_format: str) -> bool:
    """Whether the layer that drafts fits beside its target; not asked where it was chosen by name."""
    free = memory_of(device).free
    if plan.draft_kind != "auto" or free is None:
        return True
    lies = _Lies(number_format, device)
    need = _need(replace(plan, measured=None), lies, plan.context.tokens, plan.cache_tokens)
    return level_of(need.total, free) != "short"


def level_of(need: int, free: int | None) -> Level:
    """How ``need`` bytes stand to those that are free."""
    if free is None:
        return "unknown"
    return "fits" if need <= free * ROOMY else "tight" if need <= free else "short"


def memory_of(device: Device) -> Memory:
    """What a device has, and how much of it is free. DirectML tells neither."""
    if device.kind == "cpu":
        return Memory(free_memory(), total_memory())
    if device.kind == "cuda":
        try:
            free, total = torch.cuda.mem_get_info(device.torch_device)
            return Memory(int(free), int(total))
        except RuntimeError:
            pass
    return Memory(None, None)


def format_of(plan: Plan, device: Device) -> str:
    """The number format that the load will take; where that will only be measured then, the larger one."""
    wanted, config = plan.request.dtype, plan.target.config
    if may_run_packed(plan, device):
        return PACKED
    if wanted == "int4" and low_bit.exists(4, device.torch_device):
        return "int4"
    if wanted in ("auto", PACKED, "int4"):
        if device.kind == "cpu":
            return formats.known_format(config) or "float32"
        return str(formats.pick_dtype("auto", device, config)).removeprefix("torch.")
    return wanted


@dataclass(frozen=True)
class _Lies:
    """How weights lie in memory, and where.

    Attributes:
        layer: that of the target which drafts is among them, where it can run.
    """

    format: str
    device: Device
    layer: bool = True

    def need_of(
        self,
        files: ModelFiles,
        number_format: str,
        context: int,
        pool: int,
        next_token: bool = False,
        head: HeadFiles | None = None,
    ) -> ModelNeed:
        copied = self.format != PACKED  # on a CPU; a card shares the table, and is a little over-estimated
        on_card = self.device.kind != "cpu"
        own = {"head_copied": copied, "on_card": on_card, "next_token": next_token}
        return need_of(files, number_format, context, pool, head=head, **own)


def _need(plan: Plan, lies: _Lies, context: int, pool: int) -> MemoryNeed:
    layer = lies.layer and takes_next_token(plan, _CPU, packed=lies.format == PACKED and unpacks_for_layer(lies.device))
    if plan.measured is not None and plan.draft_kind == "auto":  # where the layer is of no use, which the load tells
        pair = _need(replace(plan, draft=plan.measured, draft_kind="reencoded", measured=None), lies, context, pool)
        alone = _need(replace(plan, measured=None), lies, context, pool)
        return max(pair, alone, key=lambda need: need.total) if layer else pair
    target = lies.need_of(plan.target, lies.format, context, pool, layer, plan.head)
    need = MemoryNeed(weights=target.weights, cache=target.cache, workspace=target.workspace)
    if layer:
        packed = lies.format == PACKED
        own = next_token_blocks(plan.target) if packed else next_token_weights(plan.target.config, lies.format)
        return replace(need, draft_weights=own)
    if plan.head is not None:
        return replace(need, draft_weights=head_weights(plan.head, lies.format, lies.device.kind != "cpu"))
    if plan.draft_kind in SELF_BITS:
        return replace(need, draft_weights=copy_weights(plan.target, SELF_BITS[plan.draft_kind], lies.format))
    if plan.draft is None:
        return need
    shorter = min(context, plan.draft.config.context_length)
    draft = lies.need_of(plan.draft, _draft_format(plan.draft, lies), shorter, pool)
    workspace = need.workspace + draft.workspace
    return replace(need, draft_weights=draft.weights, draft_cache=draft.cache, workspace=workspace)


def _draft_format(draft: ModelFiles, lies: _Lies) -> str:
    """A draft model has its target's format, but for one whose file cannot run packed."""
    if lies.format != PACKED:
        return lies.format
    if lies.device.kind == "cpu":
        return PACKED if packed_formats(draft) else "float32"
    kept = stays_packed(draft, PACKED, lies.device)
    return PACKED if kept else str(activations(draft, lies.device)).removeprefix("torch.")


# ------------------------------------------------------------------------ ways to fit


def _ways(plan: Plan, lies: _Lies, fit: Fit, room: int) -> Iterator[Way]:
    """Changes that bring the load under ``room`` bytes, each by itself."""
    context, pool = fit.context, fit.pool
    smaller = _smaller_pool(plan, lies, fit, room)
    if smaller is not None:
        yield smaller
    shorter = _shorter(plan, lies, context, room)
    if shorter is not None:
        yield shorter
    if fit.need.draft_weights:
        total = _need(replace(plan, draft=None, head=None, draft_kind="none"), lies, context, pool).total
        if total <= room:
            yield Way("draft", "none", total)
    yield from _others(plan, lies, room)


def _smaller_pool(plan: Plan, lies: _Lies, fit: Fit, room: int) -> Way | None:
    """The largest pool that leaves room and still holds a context; None where not even that does."""

    def total(tokens: int) -> int:
        return _need(plan, lies, fit.context, tokens).total

    if fit.pool <= fit.context or total(fit.context) > room:
        return None
    low, high = 0, (fit.pool - fit.context) // _STEP  # more than a context, in steps
    while low < high:
        middle = (low + high + 1) // 2
        if total(fit.context + middle * _STEP) <= room:
            low = middle
        else:
            high = middle - 1
    tokens = fit.context + low * _STEP
    return Way("pool", str(tokens), total(tokens)) if tokens < fit.pool else None


def _shorter(plan: Plan, lies: _Lies, context: int, room: int) -> Way | None:
    """The longest context that leaves room; None where not even a short one does."""
    low, high = 0, context // _STEP
    while low < high:
        middle = (low + high + 1) // 2
        if _need(plan, lies, middle * _STEP, middle * _STEP).total <= room:
            low = middle
        else:
            high = middle - 1
    tokens = low * _STEP
    if tokens < LEAST_CONTEXT or tokens >= context:
        return None
    return Way("context", str(tokens), _need(plan, lies, tokens, tokens).total)


def _others(plan: Plan, lies: _Lies, room: int) -> Iterator[Way]:
    """The same model in other files on this computer that take less, the largest first."""
    found: list[Way] = []
    for path in plan.request.installed:
        other = _same_model(plan.target, Path(path))
        if other is None:
            continue
        changed = replace(plan, target=other)
        there = replace(lies, format=format_of(changed, lies.device))
        total = _need(changed, there, plan.context.tokens, plan.cache_tokens).total
        if total <= room:
            found.append(Way("quantisation", path, total))
    yield from sorted(found, key=lambda way: -way.total)


def _same_model(target: ModelFiles, path: Path) -> ModelFiles | None:
    """Another file with the same shape of model, None for anything else."""
    if path == target.path:
        return None
    try:
        other = inspect(path)
    except (HelixError, OSError):
        return None
    return other if _shape(other) == _shape(target) and other.path != target.path else None


def _shape(files: ModelFiles) -> tuple[object, ...]:
    c = files.config
    return c.architecture, c.num_layers, c.hidden_size, c.intermediate_size, c.vocab_size, _family(files)


def _family(files: ModelFiles) -> str:
    """What a model's header calls it, whatever its quantisation."""
    return str(files.gguf.metadata.get("general.name", "")) if files.gguf is not None else ""
