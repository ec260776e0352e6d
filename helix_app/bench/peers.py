"""Other arms on the same weights: ``generate`` of transformers, plain or with its own assisted decoding.

The model is built from Helix's config and weight source, so that both run the very same weights, in the precision that
Helix computes in (``number_format``): weights that Helix has in fewer bits are unpacked. Times come from the recorder
that Helix itself uses, fed by a streamer.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

import torch

from helix_app.bench import peer_experts
from helix_app.bench.arms import Task, plain_record
from helix_app.bench.machine import peak_memory, reset_peak_memory
from helix_app.bench.records import RunRecord
from helix_app.engine.control.policy import parse_k
from helix_app.engine.models.rope import inverse_frequencies
from helix_app.engine.models.tensors.weights import WeightSource, open_weights, safetensors_name
from helix_app.engine.rounds.metrics import RunRecorder
from helix_app.engine.rounds.session import Session, prompt_tokens
from helix_app.engine.text.tokenizer import StreamDecoder
from helix_app.modelfiles.config import ModelConfig
from helix_app.modelfiles.model_path import ModelFiles

if TYPE_CHECKING:
    from transformers import PretrainedConfig, PreTrainedModel

log = logging.getLogger(__name__)
_LOOKUP_TOKENS = 10  # what transformers' documentation suggests for prompt lookup
_MLP_ROLES = ("gate", "up", "down")
_LAYER_ROLES = ("attn_norm", "q", "k", "v", "o", "mlp_norm", *_MLP_ROLES)
_KINDS = {
    "gemma3": "gemma3_text",
    "mistral3": "llama",
    **peer_experts.KINDS,
}  # architectures that transformers calls otherwise
_OFFSETS = {"gemma3": 1.0}  # what transformers adds to norm weights itself


class TransformersArm:
    """``transformers.generate`` as an arm.

    Args:
        assistant: a draft model for assisted decoding; with ``lookup`` tokens are looked up in the prompt instead.
    """

    def __init__(
        self,
        name: str,
        session: Session,
        model: PreTrainedModel,
        device: str,
        *,
        assistant: PreTrainedModel | None = None,
        lookup: int | None = None,
    ) -> None:
        self.name, self._session, self._model, self._device = name, session, model, device
        self._extra: dict[str, Any] = {}
        self._lookup: dict[str, int] = {}
        if assistant is not None:
            self._extra["assistant_model"] = assistant
        elif lookup is not None:
            self._lookup = {"prompt_lookup_num_tokens": lookup}

    @torch.no_grad()
    def run(self, task: Task, seed: int, cancel: threading.Event) -> RunRecord:
        from transformers import GenerationConfig
        from transformers.generation.stopping_criteria import StoppingCriteria, StoppingCriteriaList

        class Cancelled(StoppingCriteria):  # type: ignore[misc]
            def __call__(self, ids: Any, scores: Any, **_: Any) -> Any:
                return torch.full((ids.shape[0],), cancel.is_set(), dtype=torch.bool, device=ids.device)

        self._session.clear_caches()
        reset_peak_memory(self._device)
        torch.manual_seed(seed)
        params, eos = task.request.sampling, sorted(self._session.eos)
        recorder = RunRecorder()
        prompt = prompt_tokens(self._session, task.request)
        decoder = StreamDecoder(self._session.tokenizer, prompt if task.request.raw else ())
        streamer = _Streamer(recorder, decoder, len(prompt))
        sampling = {"do_sample": False}
        if params.temperature > 0:
            sampling = {"do_sample": True, "temperature": params.temperature, "top_k": params.top_k}  # type: ignore[dict-item]
            sampling |= {"top_p": params.top_p, "repetition_penalty": params.repetition_penalty}  # type: ignore[dict-item]
        room = self._session.runner.max_tokens - len(prompt)
        config = GenerationConfig(
            max_new_tokens=min(task.request.max_tokens, room),
            eos_token_id=eos or None,
            pad_token_id=eos[0] if eos else 0,
            use_cache=True,
            **sampling,
            **self._lookup,
        )
        ids = torch.tensor([prompt], dtype=torch.int64, device=self._model.device)
        self._model.generate(
            ids,
            attention_mask=torch.ones_like(ids),
            generation_config=config,
            streamer=streamer,
            stopping_criteria=StoppingCriteriaList([Cancelled()]),
            **self._extra,
        )
        tokens = streamer.tokens
        ended = bool(tokens) and tokens[-1] in self._session.eos
        reason = "cancelled" if cancel.is_set() else "eos" if ended else "length"
        record = plain_record(
            self.name, task, recorder.finish(seed, None), len(prompt), tokens, reason, streamer.timeline
        )
        return replace(record, peak_memory_bytes=peak_memory(self._device))


class _Streamer:
    """Times tokens as ``generate`` hands them over: first the prompt, then those of each pass."""

    def __init__(self, recorder: RunRecorder, decoder: StreamDecoder, prompt_tokens: int) -> None:
        self._recorder, self._decoder, self._prompt_tokens = recorder, decoder, prompt_tokens
        self._prompt_seen = False
        self.tokens: list[int] = []
        self.timeline: list[tuple[float, int]] = []

    def put(self, value: torch.Tensor) -> None:
        if not self._prompt_seen:
            self._prompt_seen = True
            return
        new = [int(token) for token in value.flatten().tolist()]
        self._decoder.push(new)  # Helix's times include making text of tokens too
        if self.tokens:
            self._recorder.round(0, 0, len(new), 0.0)
        else:
            self._recorder.prefilled(self._prompt_tokens, 0, len(new))
        self.tokens.extend(new)
        self.timeline.append((round(self._recorder.elapsed, 4), len(self.tokens)))

    def end(self) -> None:
        pass


def load_peers(
    names: Sequence[str], session: Session, target: ModelFiles, draft: ModelFiles | None, *, device: str, k: str
) -> Iterator[tuple[str, TransformersArm | Exception]]:
    """The arms of these names, over one copy of the target, or the reason why there is none.

    The assisted one drafts as Helix does: by the same model if Helix has one, else from the prompt; N tokens with
    ``fixed:N``, else as the library chooses.
    """
    dtype, place = session.runner.decoder.dtype, session.runner.decoder.device
    positions = session.runner.decoder.max_positions
    model: PreTrainedModel | None = None
    for name in names:
        try:
            model = model if model is not None else build_model(target, dtype, place, positions)
            if name == "transformers":
                yield name, TransformersArm(name, session, model, device)
            elif draft is not None:
                assistant = build_model(draft, dtype, place, positions)
                if fixed := parse_k(k):
                    settings = assistant.generation_config
                    settings.num_assistant_tokens, settings.num_assistant_tokens_schedule = fixed, "constant"
                    settings.assistant_confidence_threshold = 0.0  # never fewer
                yield name, TransformersArm(name, session, model, device, assistant=assistant)
            else:
                yield name, TransformersArm(name, session, model, device, lookup=parse_k(k) or _LOOKUP_TOKENS)
        except Exception as exc:  # a library that cannot run a model may raise anything; the others still run
            log.warning("%s cannot run: %s", name, exc, exc_info=True)
            yield name, exc


def number_format(session: Session) -> str:
    """What the arms compute the target's weights in: that of Helix, but for weights in fewer bits."""
    return str(session.runner.decoder.dtype).removeprefix("torch.")


def build_model(files: ModelFiles, dtype: torch.dtype, device: torch.device, positions: int = 0) -> PreTrainedModel:
    """The transformers model with Helix's weights in ``dtype`` on ``device``.

    Args:
        positions: that Helix's own decoder was made for.
    """
    from transformers import AutoModelForCausalLM

    config = files.config
    if not config.is_even:
        raise RuntimeError(f"a {config.architecture} model is not made from its description")
    with torch.device("meta"):
        model: Any = AutoModelForCausalLM.from_config(_their_config(config))
    with open_weights(files) as source:
        state = _state(config, source, dtype, device)
    theirs = {name for name, _ in model.named_parameters()}
    for name in theirs - state.keys():  # its attention has one switch for all four biases
        if name.endswith(".bias"):
            state[name] = torch.zeros(model.get_parameter(name).shape, dtype=dtype, device=device)
    model.load_state_dict(state, strict=True, assign=True)
    model.tie_weights()
    _set_rope(model, config, device, positions)
    embed = model.model.embed_tokens
    if hasattr(embed, "embed_scale"):  # a number that no file holds
        embed.embed_scale = torch.tensor(config.embedding_scale, device=device)
    return cast("PreTrainedModel", model.eval())


def _their_config(config: ModelConfig) -> PretrainedConfig:
    """The same shape as transformers describes it."""
    from transformers import AutoConfig

    shape: dict[str, Any] = {
        "vocab_size": config.vocab_size,
        "hidden_size": config.hidden_size,
        "intermediate_size": config.intermediate_size,
        "num_hidden_layers": config.num_layers,
        "num_attention_heads": config.num_heads,
        "num_key_value_heads": config.num_kv_heads,
        "head_dim": config.head_dim,
        "max_position_embeddings": config.context_length,
        "rms_norm_eps": config.norm_eps,
        "tie_word_embeddings": config.tied_embeddings,
        "rope_parameters": {"rope_type": "default", "rope_theta": config.rope_theta},
        "attention_bias": config.qkv_bias,
        "mlp_bias": config.mlp_bias,
        "bos_token_id": None,
        "eos_token_id": None,
        "pad_token_id": None,
    }
    if config.windows:
        kinds = ["sliding_attention" if window else "full_attention" for window in config.windows]
        shape |= {"layer_types": kinds, "sliding_window": max(config.windows), "use_sliding_window": True}
    if config.architecture == "gemma3":
        plain = {"rope_type": "default", "rope_theta": config.rope_theta}
        shape |= {"rope_parameters": {"full_attention": plain, "sliding_attention": plain}}
        shape |= {
            "query_pre_attn_scalar": round(config.score_scale**-2),
            "final_logit_softcapping": config.logit_softcap or None,
        }
    if config.architecture == "smollm3":
        shape["no_rope_layers"] = [int(config.layer(i).turned) for i in range(config.num_layers)]
    if config.architecture == "granite":
        shape |= {"embedding_multiplier": config.embedding_scale, "attention_multiplier": config.score_scale}
        shape |= {"residual_multiplier": config.residual_scale, "logits_scaling": 1 / config.logit_scale}
    shape |= peer_experts.described(config)
    kind = _KINDS.get(config.architecture, config.architecture)
    if config.temperature is not None:
        steps = {"llama_4_scaling_beta": config.temperature.beta}
        steps["original_max_position_embeddings"] = config.temperature.length
        kind, shape["rope_parameters"] = "ministral3", {**shape["rope_parameters"], **steps}
    if kind == "llama" and config.windows:
        kind = "mistral"
    return AutoConfig.for_model(kind, **shape)


def _state(
    config: ModelConfig, source: WeightSource, dtype: torch.dtype, device: torch.device
) -> dict[str, torch.Tensor]:
    """Weights under the names of transformers."""

    def put(role: str, kind: str = "weight", layer: int = 0) -> None:
        tensor = source.get(role, kind, layer)
        if offset and role.endswith("norm"):
            tensor = tensor.float() - offset
        state[safetensors_name(config, role, layer, kind)] = tensor.to(dtype).to(device).contiguous()

    offset = _OFFSETS.get(config.architecture, 0.0)
    state: dict[str, torch.Tensor] = {}
    put("embed")
    put("norm")
    if config.tied_embeddings:
        state[safetensors_name(config, "head")] = state[safetensors_name(config, "embed")]
    else:
        put("head")
    biased = {"q": config.qkv_bias, "k": config.qkv_bias, "v": config.qkv_bias, "o": config.out_bias}
    biased |= dict.fromkeys(_MLP_ROLES, config.mlp_bias)
    roles: list[str] = [*_LAYER_ROLES, *(("q_norm", "k_norm") if config.qk_norm else ())]
    roles += ["attn_post_norm", "mlp_post_norm"] if config.post_norms else []
    for i in range(config.num_layers):
        for name, tensor in peer_experts.tensors_of(config, source, i):
            state[name] = tensor.to(dtype).to(device).contiguous()
        for role in roles if config.experts_of(i) is None else [r for r in roles if r not in _MLP_ROLES]:
            put(role, layer=i)
            if biased.get(role):
                put(role, "bias", i)
        for whole, parts in (("qkv", ("q", "k", "v")), ("gate_up", ("gate", "up"))) if config.fused else ():
            names = [safetensors_name(config, part, i) for part in parts]
            state[safetensors_name(config, whole, i)] = torch.cat([state.pop(name) for name in names])
    return state


def _set_rope(model: Any, config: ModelConfig, device: torch.device, positions: int) -> None:
    """Helix's frequencies, whichever way the file stretches them."""
    rotary = model.model.rotary_emb
    if hasattr(rotary, "inv_freq"):
        freqs, factor = inverse_frequencies(config, None, positions)
        rotary.inv_freq = rotary.original_inv_freq = freqs.to(device)
        rotary.attention_scaling = factor
        return
    for layer in range(config.num_layers):  # one for each kind of layer
        kind = "sliding_attention" if config.layer(layer).window else "full_attention"
        freqs, factor = inverse_frequencies(config, config.rotary(layer))
        for name in ("inv_freq", "original_inv_freq"):
            setattr(rotary, f"{kind}_{name}", freqs.to(device))
        setattr(rotary, f"{kind}_attention_scaling", factor)
