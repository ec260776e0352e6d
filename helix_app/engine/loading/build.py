"""A planned model on its device: number format, target, draft, and the session that holds them."""

from __future__ import annotations

import threading
from collections.abc import Generator
from dataclasses import replace

import torch

from helix_app.engine.kernels import low_bit
from helix_app.engine.loading.drafts import MadeDraft, make_draft
from helix_app.engine.loading.fitting.fit import has_room_for_layer
from helix_app.engine.loading.formats import on_card
from helix_app.engine.loading.formats.packed import takes_packed, unpacks_for_layer
from helix_app.engine.loading.next_token import takes_next_token
from helix_app.engine.loading.plan import Plan
from helix_app.engine.loading.runners import BLOCK_SIZE, LoadOptions, load_target
from helix_app.engine.machine.devices.device import PACKED, Device
from helix_app.engine.measuring import formats
from helix_app.engine.rounds.session import LoadedModel, Session
from helix_app.protocol.events import Event, Notice
from helix_app.protocol.models.loading import LoadProgress, ModelReady

_INT4_MAX = 1.2  # of the dense time that four bits may take where they were asked for: they save memory too


def build(plan: Plan, device: Device, cancel: threading.Event) -> Generator[Event, None, LoadedModel]:
    """A generator of progress and notices that returns what can write replies; seconds of loading are still 0.

    Raises:
        HelixError: the model cannot be used.
        LoadCancelled: ``cancel`` was set.
        RuntimeError, MemoryError: the device's own.
    """
    options = yield from _options(plan, device)
    yield LoadProgress("tokenizer")
    yield from plan.guesses()
    plan.tokenizer.prepare()
    runner = yield from load_target(plan.target, options, cancel)
    try:
        if runner.decoder.rounded:
            yield Notice("weights_rounded", (("tensors", str(runner.decoder.rounded)),))
        made = yield from make_draft(plan, runner, options, cancel)
    except BaseException:
        runner.release()
        raise
    session = Session(
        runner,
        plan.tokenizer,
        made.draft,
        frozenset(plan.target.config.eos_token_ids),
        made.runner,
        learned=made.learned,
        context=plan.context.given(runner.max_tokens),
    )
    session.costs.begin_with(runner.costs)
    return LoadedModel(session, _ready(replace(plan, draft=made.files), options, session, made))


def _options(plan: Plan, device: Device) -> Generator[Event, None, LoadOptions]:
    """The number format and size, with a notice where what was asked for is no use or cannot be had."""
    wanted, config = plan.request.dtype, plan.target.config
    tokens = plan.context.tokens, plan.cache_tokens
    if (yield from takes_packed(plan, device)):
        dtype = torch.float32 if device.kind == "cpu" else on_card.activations(plan.target, device)
        layer = _with_layer(plan, device, PACKED)
        return LoadOptions(device, dtype, *tokens, packed=True, next_token=layer, head=plan.head)
    wanted = "auto" if wanted == PACKED else wanted
    if wanted == "int4":
        if formats.int4_share(config, device.torch_device) <= _INT4_MAX:
            layer = _with_layer(plan, device, wanted)
            return LoadOptions(device, low_bit.ACTIVATIONS, *tokens, bits=4, next_token=layer, head=plan.head)
        yield Notice("int4_unavailable", (("device", device.name),))
        wanted = "auto"
    dtype = formats.pick_dtype(wanted, device, config)
    layer = _with_layer(plan, device, str(dtype).removeprefix("torch."))
    return LoadOptions(device, dtype, *tokens, next_token=layer, head=plan.head)


def _with_layer(plan: Plan, device: Device, number_format: str) -> bool:
    """Whether the layer of the target that drafts is loaded with it."""
    packed = number_format == PACKED and unpacks_for_layer(device)
    taken = takes_next_token(plan, device.torch_device, packed=packed)
    return taken and has_room_for_layer(plan, device, number_format)


def _ready(plan: Plan, options: LoadOptions, session: Session, made: MadeDraft) -> ModelReady:
    runner, draft, context = session.runner, made.runner, session.context
    assert context is not None
    thinking, tools = plan.tokenizer.thinking, plan.tokenizer.tools
    return ModelReady(
        target_name=plan.target_name,
        draft=made.kind,
        draft_name=plan.draft_name,
        device=options.device.kind,
        device_name=options.device.name,
        dtype=runner.decoder.format,
        context_length=runner.max_tokens,
        block_size=BLOCK_SIZE,
        target_blocks=runner.pool.num_blocks,
        draft_blocks=draft.pool.num_blocks if draft is not None else 0,
        parameters=runner.decoder.parameters,
        vocab_size=plan.target.config.vocab_size,
        load_seconds=0.0,
        target_block_bytes=runner.cache.block_bytes,
        draft_block_bytes=draft.cache.block_bytes if draft is not None else 0,
        target_state_bytes=runner.decoder.config.state_bytes,
        draft_state_bytes=draft.decoder.config.state_bytes if draft is not None else 0,
        model_context=context.model,
        context_limit=context.limit,
        target_file=str(plan.target.path),
        draft_file=plan.draft_file,
        exact_rows=runner.decoder.can_be_exact,
        thinking=thinking.marks,
        thinking_switch=thinking.switch,
        thinking_opens=thinking.opens,
        thinking_opens_when=thinking.opens_when,
        tools=tools.given,
        tool_style=tools.style,
        next_token=plan.target.config.next_token is not None,
        chat_template=bool(plan.tokenizer.info.chat_template),
    )
