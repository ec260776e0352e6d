"""The weights of what layers are given beside the stream: names and shapes, as ``weights.py`` has those of the others.

Names of GGUF files: ``gguf`` 0.19, ``MODEL_TENSOR.PER_LAYER_*`` and ``LAYER_OUT_SCALE``.
"""

from __future__ import annotations

from helix_app.modelfiles.config import ModelConfig

# role -> (name in GGUF, name in safetensors); {i} is the layer
TOKEN_INPUTS = {
    "layer_scale": ("blk.{i}.layer_output_scale", "model.layers.{i}.layer_scalar"),
    "inputs_embed": ("per_layer_token_embd", "model.embed_tokens_per_layer"),
    "inputs_project": ("per_layer_model_proj", "model.per_layer_model_projection"),
    "inputs_norm": ("per_layer_proj_norm", "model.per_layer_projection_norm"),
    "input_gate": ("blk.{i}.inp_gate", "model.layers.{i}.per_layer_input_gate"),
    "input_out": ("blk.{i}.proj", "model.layers.{i}.per_layer_projection"),
    "input_post_norm": ("blk.{i}.post_norm", "model.layers.{i}.post_per_layer_input_norm"),
}


def token_input_shape(config: ModelConfig, role: str) -> tuple[int, ...] | None:
    """The shape that one of them must have; None for other tensors."""
    if role == "layer_scale":
        return (1,)
    inputs, hidden = config.token_inputs, config.hidden_size
    if inputs is None or role not in TOKEN_INPUTS:
        return None
    all_layers = config.num_layers * inputs.size
    return {
        "inputs_embed": (inputs.vocab_size, all_layers),
        "inputs_project": (all_layers, hidden),
        "inputs_norm": (inputs.size,),
        "input_gate": (inputs.size, hidden),
        "input_out": (hidden, inputs.size),
    }.get(role, (hidden,))
