"""Tiny random models on disk: the same weights as a safetensors folder and as a GGUF file.

A ``Zoo`` makes each one once per session. Names say what is special about a model; ``seed`` gives another one of the
same shape. Everything is small enough that a forward pass takes well under a millisecond of arithmetic.
"""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import filelock
import gguf
import numpy as np
import tokenizers
import torch
from tokenizers import decoders, models, pre_tokenizers, trainers

from helix_app.engine.engine import Engine
from helix_app.engine.rounds.session import Session
from helix_app.protocol.events import Event, Failed, Finished
from helix_app.protocol.requests import ChatMessage, GenerateRequest, LoadRequest, SamplingParams
from tests.engine.made import tiny_families, tiny_gemma4, tiny_recurrent
from tests.engine.made.gguf_names import as_stored, gguf_name, permuted
from tests.engine.made.tiny_ropes import ROPES, rope_parameters, write_rope

END, START, STOP, PAD = "<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|pad|>"
EOS_ID = 2  # of STOP
VOCAB = 300
TEMPLATE = (
    "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>\n' }}"
    "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)
_CORPUS = ["the cat sat on the mat and the dog lay in the sun, then the rain came and the cat ran into the house"] * 4
_GEMMA_LAYERS = {
    "layer_types": ["sliding_attention", "full_attention", "sliding_attention"],
    "final_logit_softcapping": 30.0,
    "rope_parameters": {
        "full_attention": {"rope_type": "linear", "factor": 8.0, "rope_theta": 5000.0},
        "sliding_attention": {"rope_type": "default", "rope_theta": 300.0},
    },
}
_PHI3_LONG = {
    "original_max_position_embeddings": 64,
    "rope_parameters": {
        "rope_type": "longrope",
        "rope_theta": 500.0,
        "short_factor": [1.0 + 0.1 * i for i in range(8)],
        "long_factor": [2.0 + 0.7 * i for i in range(8)],
    },
}
_OF_FAMILY = {
    "gemma3": {"tie_word_embeddings": True, "sliding_window": 24},
    tiny_recurrent.FAMILY: tiny_recurrent.BASIC,
    "granite": {
        "embedding_multiplier": 3.0,
        "attention_multiplier": 0.2,
        "residual_multiplier": 0.3,
        "logits_scaling": 1.5,
    },
    **tiny_families.OF_FAMILY,
}
_AS_THEY_ARE = ("conv1d", "ssm_alpha", "ssm_beta", "ssm_ba.", "ffn_gate_inp")  # matrices that are not quantised
# name -> (family, differences from the basic shape)
SHAPES: dict[str, tuple[str, dict[str, Any]]] = {
    "llama": ("llama", {}),
    "llama-tied": ("llama", {"tie_word_embeddings": True}),
    "llama-mha": ("llama", {"num_key_value_heads": 4}),
    "llama-mqa": ("llama", {"num_key_value_heads": 1}),
    "llama-gqa3": ("llama", {"num_attention_heads": 6, "num_key_value_heads": 2, "hidden_size": 48, "head_dim": 8}),
    "llama-wide-heads": ("llama", {"head_dim": 20}),
    "llama-biases": ("llama", {"attention_bias": True, "mlp_bias": True}),
    "qwen2": ("qwen2", {}),
    "qwen2-tied": ("qwen2", {"tie_word_embeddings": True}),
    **{f"llama-{kind}": ("llama", {"rope_parameters": {**p, "rope_theta": 500.0}}) for kind, p in ROPES.items()},
    "qwen2-window": ("qwen2", {"use_sliding_window": True, "sliding_window": 24, "max_window_layers": 1}),
    "qwen3-window": ("qwen3", {"use_sliding_window": True, "sliding_window": 24, "max_window_layers": 1}),
    "qwen3": ("qwen3", {"head_dim": 24}),
    "qwen3-loopy": ("qwen3", {"head_dim": 32}),
    "qwen3-tied": ("qwen3", {"head_dim": 32, "tie_word_embeddings": True, "attention_bias": True}),
    "gemma3": (
        "gemma3",
        {"head_dim": 24, "num_hidden_layers": 7, "num_key_value_heads": 1, "query_pre_attn_scalar": 24},
    ),
    "gemma3-loopy": ("gemma3", {"head_dim": 32, "num_hidden_layers": 3, "query_pre_attn_scalar": 32, **_GEMMA_LAYERS}),
    "smollm3": ("smollm3", {"num_hidden_layers": 4, "attention_bias": True}),
    "smollm3-loopy": ("smollm3", {"num_hidden_layers": 4}),
    "smollm3-window": ("smollm3", {"no_rope_layers": [1, 0], "use_sliding_window": True, "sliding_window": 24}),
    "phi3": ("phi3", {}),
    "phi3-loopy": ("phi3", {"sliding_window": 24}),
    "phi3-long": ("phi3", _PHI3_LONG),
    "phi3-partial": ("phi3", {"partial_rotary_factor": 0.75, "head_dim": 16}),
    "granite": ("granite", {"attention_bias": True, "mlp_bias": True}),
    "granite-loopy": ("granite", {}),
    "mistral-window": ("mistral", {"sliding_window": 24}),
    "llama-small": ("llama", {"hidden_size": 32, "num_attention_heads": 2, "num_hidden_layers": 1, "head_dim": 16}),
    "llama-short": ("llama", {"max_position_embeddings": 96}),
    "llama-long": ("llama", {"max_position_embeddings": 32768, "hidden_size": 32, "num_hidden_layers": 1}),
    "llama-padded": ("llama", {"vocab_size": VOCAB + 12}),
    "llama-loopy": ("llama", {}),  # hardly looks back, so that its greedy text soon goes in circles
    "llama-q4": ("llama", {"hidden_size": 64, "intermediate_size": 96}),  # rows of whole 32-weight blocks
    **tiny_recurrent.SHAPES,
    **tiny_gemma4.SHAPES,
    **tiny_families.SHAPES,
}


@functools.cache
def tokenizer() -> tokenizers.Tokenizer:
    """A byte-level BPE tokenizer of 300 tokens that cuts digits one by one, as SmolLM's does."""
    made = tokenizers.Tokenizer(models.BPE())
    made.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)]
    )
    made.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=VOCAB,
        special_tokens=[END, START, STOP, PAD],
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    made.train_from_iterator(_CORPUS, trainer)
    assert made.get_vocab_size() == VOCAB
    return made


def hf_config(name: str) -> Any:
    """The transformers config of a shape."""
    from transformers import AutoConfig

    family, changes = SHAPES[name]
    shape: dict[str, Any] = {
        "vocab_size": VOCAB,
        "hidden_size": 64,
        "intermediate_size": 96,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "max_position_embeddings": 256,
        "rms_norm_eps": 1e-5,
        "tie_word_embeddings": False,
        "bos_token_id": 1,
        "eos_token_id": EOS_ID,
        "pad_token_id": 3,
    }
    kinds = {"gemma3": "gemma3_text", **tiny_gemma4.KINDS, **tiny_recurrent.KINDS}
    kind = kinds.get(family, family)
    return AutoConfig.for_model(kind, **{**shape, **_OF_FAMILY.get(family, {}), **changes})


@functools.cache
def hf_model(name: str, seed: int = 0) -> Any:
    """A transformers model with random weights, larger than usual so that its choices are clear, in eval mode."""
    from transformers import AutoModelForCausalLM

    config = hf_config(name)
    model = AutoModelForCausalLM.from_config(config, dtype=torch.float32, attn_implementation="eager").eval()
    generator = torch.Generator().manual_seed(1000 + seed)
    with torch.no_grad():
        for key, weight in model.named_parameters():
            noise = torch.randn(weight.shape, generator=generator)
            own = tiny_recurrent.initial(key, noise)
            if own is not None:
                weight.copy_(own)
            elif "norm" in key:
                weight.copy_(0.2 * noise + 1.0 - _norm_offset(config))
                if "loopy" in name and config.model_type in ("gemma3_text", "gemma4_text") and "post_" in key:
                    weight.sub_(0.85)
            elif key.endswith("bias"):
                weight.copy_(0.3 * noise)
            elif "embed" in key or "lm_head" in key:
                weight.copy_(0.35 * noise)
            else:
                mixes = key.endswith(("o_proj.weight", "down_proj.weight", "out_proj.weight", "down_proj"))
                mixing = 0.1 if "loopy" in name and mixes else 1.3
                weight.copy_(noise * mixing / tiny_families.inputs(weight) ** 0.5)
        if config.model_type == "gemma4_text":
            tiny_gemma4.scale_layers(model, generator)
    return model


def _norm_offset(config: Any) -> float:
    """What the model adds to its norm weights, and converters to those of a file."""
    return 1.0 if config.model_type in ("gemma3_text", *tiny_recurrent.ARCHITECTURES) else 0.0


def save_folder(name: str, seed: int, folder: Path) -> Path:
    """A Hugging Face folder: config.json, model.safetensors and the tokenizer's files."""
    from transformers import PreTrainedTokenizerFast

    hf_model(name, seed).save_pretrained(folder)
    fast = PreTrainedTokenizerFast(tokenizer_object=tokenizer(), eos_token=STOP, bos_token=START, pad_token=PAD)
    fast.chat_template = TEMPLATE
    fast.save_pretrained(folder)
    return folder


def architecture_of(config: Any) -> str:
    """What llama.cpp calls a kind of model."""
    known = {**tiny_families.ARCHITECTURES, **tiny_recurrent.ARCHITECTURES}
    return str(known.get(config.model_type, config.model_type.removesuffix("_text")))


def write_gguf(name: str, seed: int, path: Path, quant: str = "F32", **changes: Any) -> Path:
    """The same model as llama.cpp's converter writes it.

    Args:
        quant: type of the weight matrices; vectors stay F32.
        changes: metadata to add or replace; None leaves an entry of the tokenizer out. ``blocks`` is how many there
            are in all, ``tensors`` what is written beside, by its name in the file.
    """
    more: dict[str, np.ndarray] = changes.pop("tensors", {})
    config, model = hf_config(name), hf_model(name, seed)
    arch = architecture_of(config)
    head_dim = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
    head_dim = getattr(config, "global_head_dim", None) or head_dim
    writer = gguf.GGUFWriter(str(path), arch)
    writer.add_block_count(changes.pop("blocks", config.num_hidden_layers))
    writer.add_context_length(config.max_position_embeddings)
    writer.add_embedding_length(config.hidden_size)
    writer.add_head_count(config.num_attention_heads)
    if arch not in ("gemma4", "qwen35moe"):
        writer.add_feed_forward_length(config.intermediate_size)
    if arch != "gemma4":
        writer.add_head_count_kv(config.num_key_value_heads)
    writer.add_layer_norm_rms_eps(config.rms_norm_eps)
    writer.add_rope_freq_base(rope_parameters(config)["rope_theta"])
    share = 1.0 if arch == "gemma4" else rope_parameters(config).get("partial_rotary_factor", 1.0)
    writer.add_rope_dimension_count(int(head_dim * share))
    if head_dim != config.hidden_size // config.num_attention_heads:
        writer.add_key_length(head_dim)
        writer.add_value_length(head_dim)
    write_rope(writer, config, head_dim)
    _write_own(writer, config)
    tiny_families.write_own(writer, config)
    write_tokenizer(writer, changes)
    for key, value in changes.items():
        if isinstance(value, (bool, int, str)):
            {bool: writer.add_bool, int: writer.add_uint32, str: writer.add_string}[type(value)](key, value)
    kind = gguf.GGMLQuantizationType[quant]
    for key, weight in model.state_dict().items():
        if key == "lm_head.weight" and config.tie_word_embeddings:
            continue
        own = list(tiny_families.own_tensors(key, weight, arch))
        for name_there, numbers, quantised in own:
            writer.add_tensor(name_there, **as_stored(numbers, kind if quantised else None))
        if own:
            continue
        if config.model_type in tiny_recurrent.ARCHITECTURES:
            more |= tiny_recurrent.tensors_of(key, weight.numpy(), config)
            continue
        array = weight.numpy() + _norm_offset(config) if "norm" in key else weight.numpy()
        if arch in ("llama", "smollm3", "granite", "mistral3") and ("q_proj" in key or "k_proj" in key):
            heads = config.num_attention_heads if "q_proj" in key else config.num_key_value_heads
            array = permuted(array, heads)
        more[gguf_name(tiny_gemma4.tensor_name(key), arch)] = array
    for name_in_file, array in more.items():
        matrix = array.ndim > 1 and not any(part in name_in_file for part in _AS_THEY_ARE)
        writer.add_tensor(name_in_file, **as_stored(array, kind if matrix else None))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def _write_own(writer: gguf.GGUFWriter, config: Any) -> None:
    """What the converter of its family writes beside."""
    if config.model_type in tiny_recurrent.ARCHITECTURES:
        tiny_recurrent.write_own(writer, config)
    if config.model_type == "phi3":
        writer.add_sliding_window(config.sliding_window or 0)
    if config.model_type == "granite":
        writer.add_attention_scale(config.attention_multiplier)
        writer.add_embedding_scale(config.embedding_multiplier)
        writer.add_residual_scale(config.residual_multiplier)
        writer.add_logit_scale(config.logits_scaling)
    if config.model_type == "gemma4_text":
        tiny_gemma4.write_own(writer, config)
    if config.model_type == "gemma3_text":
        writer.add_sliding_window(config.sliding_window)
        if config.final_logit_softcapping:
            writer.add_final_logit_softcapping(config.final_logit_softcapping)
        if config.num_hidden_layers < 6:  # otherwise than every sixth
            writer.add_sliding_window_pattern([kind == "sliding_attention" for kind in config.layer_types])
            local = config.rope_parameters["sliding_attention"]["rope_theta"]
            writer.add_float32("gemma3.rope.freq_base_swa", local)


def write_tokenizer(writer: gguf.GGUFWriter, changes: dict[str, Any]) -> None:
    import json

    model = json.loads(tokenizer().to_str())["model"]
    tokens = changes.get("tokens") or sorted(model["vocab"], key=model["vocab"].get)
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre(changes.get("pre", "smollm"))
    writer.add_token_list(tokens)
    writer.add_token_types([3 if i < 4 else 1 for i in range(len(tokens))])
    writer.add_token_merges([m if isinstance(m, str) else " ".join(m) for m in model["merges"]])
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(EOS_ID)
    writer.add_add_bos_token(False)
    if changes.get("template", TEMPLATE):
        writer.add_chat_template(changes.get("template", TEMPLATE))
    for name in ("tokens", "pre", "template"):
        changes.pop(name, None)


class Zoo:
    """Makes models below a folder, each once, whichever test process is the first to want it."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def folder(self, name: str, seed: int = 0) -> Path:
        """A safetensors folder."""
        return self._made(f"{name}-{seed}", functools.partial(save_folder, name, seed))

    def gguf(self, name: str, seed: int = 0, quant: str = "F32") -> Path:
        """A GGUF file."""
        return self._made(f"{name}-{seed}-{quant}.gguf", functools.partial(write_gguf, name, seed, quant=quant))

    def _made(self, name: str, make: Callable[[Path], Path]) -> Path:
        path = self._root / name
        if not path.exists():
            aside = self._root / "unfinished"
            aside.mkdir(exist_ok=True)
            with filelock.FileLock(aside / f"{name}.lock"):
                if not path.exists():
                    make(aside / name).rename(path)
        return path


# --------------------------------------------------------------------------- running


def events(engine: Engine, request: Any, cancel: threading.Event | None = None) -> list[Event]:
    """All events of a request."""
    return list(engine.stream(request, cancel or threading.Event()))


def loaded(target: Path, draft: Path | str = "none", **options: Any) -> Engine:
    """An engine in float32 on the CPU with these models."""
    engine = Engine()
    request = LoadRequest(str(target), draft=str(draft), **{"device": "cpu", "dtype": "float32", **options})
    last = events(engine, request)[-1]
    assert not isinstance(last, Failed), last
    return engine


def session_of(engine: Engine) -> Session:
    """The engine's session, which must be there."""
    assert engine.session is not None
    return engine.session


GREEDY = SamplingParams(temperature=0.0)


def ask(text: str = "the cat", **options: Any) -> GenerateRequest:
    """A greedy request."""
    options = {"request_id": "r", "sampling": GREEDY, "max_tokens": 24, **options}
    return GenerateRequest(messages=(ChatMessage("user", text),), **options)


def finish(engine: Engine, request: GenerateRequest) -> Finished:
    """The result of a request, which must succeed, with the pools checked after it."""
    last = events(engine, request)[-1]
    assert isinstance(last, Finished), last
    check_idle(engine)
    return last


def check_idle(engine: Engine) -> None:
    """No sequence is left and the books balance."""
    for runner in runners(session_of(engine)):
        runner.pool.check_integrity()
        assert runner.pool.used_blocks == 0
        assert not runner.pool.tables()


def runners(session: Session) -> Iterator[Any]:
    """The target's runner, then the draft's if it has one."""
    yield session.runner
    if session.draft is not None and session.draft.runner is not None:
        yield session.draft.runner
