"""Draft heads as they are published: EAGLE-3 (arXiv 2503.01840), one layer that drafts from a target's hidden states.

Sources: SafeAILab/EAGLE, ``eagle/model/cnets.py``, for names and the order of operators; vLLM, ``llama_eagle3.py``, for
``norm_before_residual`` and heads with their own embeddings.

Which hidden states: EAGLE takes the stream where layers 2, n // 2 and n - 3 of n begin (``modeling_llama_kv.py``, just
before ``decoder_layer`` is called), and so does vLLM (``get_eagle3_aux_hidden_state_layers``), which reads
``eagle_aux_hidden_state_layer_ids`` of a config in the same sense. Inside ``eagle_config`` the same key, written by
SpecForge, names layers whose *output* is taken: SGLang adds one (``set_eagle3_layers_to_capture``).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from helix_app.base import texts
from helix_app.base.errors import DraftMismatchError, ModelFileError
from helix_app.base.message_texts.reasons import reason_of
from helix_app.base.process.paths import expanded
from helix_app.modelfiles.config import Layer, ModelConfig
from helix_app.modelfiles.config_check import NONSENSE
from helix_app.modelfiles.folder import read_json, tensor_names, weight_files
from helix_app.modelfiles.gguf.gguf_file import short_name
from helix_app.modelfiles.hf_config import config_from_hf

_NAMES = re.compile(r"Eagle[123]?$|^Eagle[123]?\w*ForCausalLM$|^Eagle3")
_PADDING = 1024  # tokens that vocabularies of one tokenizer are padded by, at most
_LAYER = "midlayer."
_NEEDED = ("fc.weight", "norm.weight", "lm_head.weight")
_KNOWN = re.compile(
    r"(fc|norm|lm_head|embed_tokens)\.weight|d2t|t2d"
    r"|midlayer\.(hidden_norm|input_layernorm|post_attention_layernorm)\.weight"
    r"|midlayer\.self_attn\.([qkvo]_proj\.(weight|bias)|[qk]_norm\.weight)"
    r"|midlayer\.mlp\.(gate|up|down)_proj\.(weight|bias)"
)
_UNUSED = re.compile(r"verifier_|.*rotary_emb\.inv_freq$")  # what only training wants, and what is made anyway


@dataclass(frozen=True)
class HeadFiles:
    """A readable draft head.

    Attributes:
        config: sizes of its layer; the vocabulary is that of its target.
        draft_vocab: tokens that it can draft.
        target_hidden: numbers of a hidden state of its target.
        layers: where they begin the target's stream is taken; () for the usual ones.
        norm_before_residual: its own stream begins with the normed hidden state, not with the state itself.
        tensors: what is called otherwise in its files than in EAGLE's own: name there by name in EAGLE's.
        weights: its safetensors files.
        key: a short name that changes whenever the files do.
    """

    path: Path
    config: ModelConfig
    draft_vocab: int
    target_hidden: int
    layers: tuple[int, ...]
    norm_before_residual: bool
    tensors: Mapping[str, str]
    weights: tuple[Path, ...]
    key: str

    @property
    def own_embeddings(self) -> bool:
        """Whether it has embeddings; otherwise it uses its target's."""
        return "embed_tokens.weight" in self.tensors

    @property
    def reduced(self) -> bool:
        """Whether it drafts from a part of the vocabulary."""
        return "d2t" in self.tensors

    def taken(self, layers: int) -> tuple[int, ...]:
        """Where it takes the stream of a target of so many layers: where these begin, the last one past the end."""
        return self.layers or tuple(sorted((2, layers // 2, layers - 3)))

    def layer_in(self, target: ModelConfig) -> Layer:
        """Its layer as one more of a target's cache: where its keys and values have another size than the target's,
        apart, if there is a layer that sees all tokens, as it does."""
        own, layers = self.config, target.layers or (Layer(),)
        layer = Layer(
            head_dim=0 if own.head_dim == target.head_dim else own.head_dim,
            kv_heads=0 if own.num_kv_heads == target.num_kv_heads else own.num_kv_heads,
        )
        differs = layer != Layer() or not target.is_even
        return replace(layer, apart=differs and any(not (one.window or one.recurrent) for one in layers))

    def fits_cache(self, target: ModelConfig) -> bool:
        """Whether the target's own part of the cache stays as it is beside its keys and values."""
        layer = self.layer_in(target)
        return layer.apart or (target.is_even and layer == Layer())

    @property
    def parameters(self) -> int:
        """Numbers in its matrices and tables."""
        own, hidden = self.config, self.config.hidden_size
        q, kv = own.num_heads * own.head_dim, own.num_kv_heads * own.head_dim
        layer = 2 * hidden * (q + 2 * kv) + q * hidden + 3 * hidden * own.intermediate_size
        taken = len(self.layers) or 3
        tables = (self.draft_vocab + own.vocab_size * self.own_embeddings) * hidden
        return layer + taken * self.target_hidden * hidden + tables


def is_head(path: Path | str) -> bool:
    """Whether a folder is a draft head, of whatever kind; never raises."""
    config = expanded(path) / "config.json"
    try:
        return config.is_file() and bool(head_kind(read_json(config, config.parent)))
    except (ModelFileError, OSError):
        return False


def head_kind(raw: Mapping[str, Any]) -> str:
    """What kind of draft head a ``config.json`` describes, as it says itself; empty for a whole model."""
    if raw.get("speculators_model_type"):
        return str(raw["speculators_model_type"])
    names = raw.get("architectures")
    name = str(names[0]) if isinstance(names, list) and names else ""
    if _NAMES.search(name):
        return name
    return "eagle3" if "draft_vocab_size" in raw else ""  # EAGLE's own call themselves LlamaForCausalLM


def inspect_head(path: Path | str) -> HeadFiles:
    """Read what a draft head is without loading its weights.

    Raises:
        ModelFileError: not a head, of a kind that does not run, incomplete or damaged.
    """
    path = expanded(path)
    try:
        return _inspect(path)
    except OSError as exc:
        raise ModelFileError("model_unreadable", path=path, reason=texts.why(exc), detail=repr(exc)) from exc
    except NONSENSE as exc:  # wherever nobody thought of it: a folder of strangers may say anything
        raise ModelFileError("model_corrupt", path=path, reason=reason_of("header_nonsense"), detail=repr(exc)) from exc


def _inspect(path: Path) -> HeadFiles:
    raw = read_json(path / "config.json", path)
    kind = head_kind(raw)
    if "eagle3" not in kind.lower() and "draft_vocab_size" not in raw:
        raise ModelFileError("head_kind", path=path, kind=kind or "unknown")
    layer = raw.get("transformer_layer_config")
    raw = {**raw, **(layer if isinstance(layer, Mapping) else {})}
    _check_layer(raw, path)
    config = config_from_hf({**raw, "model_type": "llama", "use_sliding_window": False}, str(path))
    weights = weight_files(path)
    tensors = _named(tensor_names(weights), path)
    config = replace(
        config,
        qkv_bias=f"{_LAYER}self_attn.q_proj.bias" in tensors,
        out_bias=f"{_LAYER}self_attn.o_proj.bias" in tensors,
        mlp_bias=f"{_LAYER}mlp.gate_proj.bias" in tensors,
        qk_norm=f"{_LAYER}self_attn.q_norm.weight" in tensors,
        tied_embeddings=False,
    )
    stats = [(p.name, p.stat().st_size, p.stat().st_mtime_ns) for p in weights]
    try:
        return HeadFiles(
            path=path,
            config=config,
            draft_vocab=int(raw.get("draft_vocab_size") or config.vocab_size),
            target_hidden=int(raw.get("target_hidden_size") or config.hidden_size),
            layers=_layers(raw),
            norm_before_residual=bool(raw.get("norm_before_residual", "speculators_model_type" in raw)),
            tensors=tensors,
            weights=weights,
            key=short_name(repr((str(path.resolve()), stats))),
        )
    except NONSENSE as exc:
        reason = reason_of("file_nonsense", file="config.json", said=exc)
        raise ModelFileError("model_corrupt", path=path, reason=reason, detail=repr(exc)) from exc


def _check_layer(raw: Mapping[str, Any], path: Path) -> None:
    """Refuse what would draft otherwise than it was trained to."""
    types = raw.get("layer_types")
    slides = raw.get("use_sliding_window") or (isinstance(types, list) and "sliding_attention" in types)
    own = raw.get("sliding_window") and raw.get("use_sliding_window") is None
    if slides or own:
        raise ModelFileError("head_kind", path=path, kind=reason_of("head_window"))
    if raw.get("num_hidden_layers", 1) != 1:
        raise ModelFileError("head_kind", path=path, kind=reason_of("head_of_layers", count=raw["num_hidden_layers"]))
    config = raw.get("eagle_config")
    if isinstance(config, Mapping) and config.get("use_aux_hidden_state") is False:
        raise ModelFileError("head_kind", path=path, kind=reason_of("head_last_state"))
    if raw.get("parallel_drafting") or raw.get("is_causal") is False:
        raise ModelFileError("head_kind", path=path, kind=reason_of("head_parallel"))


def _layers(raw: Mapping[str, Any]) -> tuple[int, ...]:
    """Where the layers begin that it takes the stream of; () where its config does not say."""
    own, config = raw.get("eagle_aux_hidden_state_layer_ids"), raw.get("eagle_config")
    inside = config.get("eagle_aux_hidden_state_layer_ids") if isinstance(config, Mapping) else None
    found = [int(i) for i in own] if own else [int(i) + 1 for i in inside or ()]
    if any(not 0 <= i < 4096 for i in found):
        raise ValueError(f"hidden states of layers {found}")
    return tuple(sorted(found))


def _named(names: frozenset[str], path: Path) -> dict[str, str]:
    """Names in the files by those that EAGLE gives.

    Raises:
        ModelFileError: some are missing, or are of a head that does something else.
    """
    found: dict[str, str] = {}
    for name in sorted(names):
        plain = name.removeprefix("model.").replace("layers.0.", _LAYER, 1)
        if _UNUSED.match(plain):
            continue
        if not _KNOWN.fullmatch(plain):
            raise ModelFileError("model_feature_unsupported", feature=reason_of("feature_head_tensor", name=name))
        found[plain] = name
    missing = next((name for name in _NEEDED if name not in found), None)
    if missing is not None:
        raise ModelFileError("model_weights_mismatch", path=path, what=reason_of("tensor_missing", name=missing))
    return found


def check_head(head: HeadFiles, target: ModelConfig, tokens: int, name: str) -> None:
    """Whether a head can draft for a target.

    Args:
        tokens: of the target's tokenizer.
        name: of the target.

    Raises:
        DraftMismatchError: it was trained for another model.
    """
    given: dict[str, Any] = {"path": head.path, "target": name}
    if head.target_hidden != target.hidden_size:
        sizes = {"head_size": f"{head.target_hidden:,}", "target_size": f"{target.hidden_size:,}"}
        raise DraftMismatchError("head_hidden_size", **given, **sizes)
    theirs, own = head.config.vocab_size, target.vocab_size
    if theirs != own and (min(theirs, own) < tokens or abs(theirs - own) > _PADDING):
        sizes = {"head_size": f"{theirs:,}", "target_size": f"{own:,}"}
        raise DraftMismatchError("head_vocabulary", **given, **sizes)
    layers = head.taken(target.num_layers)
    if min(layers) < 0 or max(layers) > target.num_layers:
        raise DraftMismatchError("head_layers", **given, needed=max(*layers, 3), layers=target.num_layers)
    if not head.own_embeddings and head.config.hidden_size != target.hidden_size:
        raise DraftMismatchError("head_embeddings", **given)
    if target.recurrent is not None and not head.fits_cache(target):
        raise DraftMismatchError("head_recurrent", **given)
    if not head.reduced and head.draft_vocab > own:
        raise DraftMismatchError("head_vocabulary", **given, head_size=f"{head.draft_vocab:,}", target_size=f"{own:,}")
