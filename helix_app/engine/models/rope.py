"""Rotary position embeddings and the ways their frequencies are stretched.

Sources: RoFormer (arXiv 2104.09864); position interpolation (2306.15595); YaRN (2309.00071); LongRoPE (2402.13753);
the Llama 3.1 release for ``llama3``. Frequencies match ``transformers.modeling_rope_utils``, which tests compare with.
"""

from __future__ import annotations

import math

import numpy as np
import torch

from helix_app.modelfiles.config import ModelConfig, RopeScaling, Rotary


def inverse_frequencies(
    config: ModelConfig, rotary: Rotary | None = None, length: int = 0
) -> tuple[torch.Tensor, float]:
    """Frequencies ``[turned / 2]`` in float32 and the factor that cos and sin are multiplied with.

    Args:
        rotary: of some layers; the model's own unless given.
        length: positions that there may be. Where those of a ``longrope`` model go beyond its original context its long
            divisors hold from the first one on: what the cache holds was turned by them.
    """
    rotary = rotary or Rotary(config.rope_theta, config.rope, size=config.rotary_size)
    dim, scaling = rotary.size or rotary.head_dim or config.head_dim, rotary.scaling
    freqs = rotary.theta ** -(torch.arange(0, dim, 2, dtype=torch.float32) / dim)
    if scaling.type == "longrope":
        is_long = length > (scaling.original_context or config.context_length)
        divisors = scaling.long_factors if is_long else scaling.factors
        return freqs / torch.tensor(divisors, dtype=torch.float32), scaling.attention_factor or 1.0
    if scaling.factors:
        return freqs / torch.tensor(scaling.factors, dtype=torch.float32), 1.0
    if scaling.type == "linear":
        return freqs / scaling.factor, 1.0
    if scaling.type == "llama3":
        return _llama3(freqs, scaling, config.context_length), 1.0
    if scaling.type == "yarn":
        return _yarn(freqs, rotary, config)
    # "dynamic" changes frequencies only beyond the model's context, where Helix never goes
    return freqs, 1.0


def _llama3(freqs: torch.Tensor, s: RopeScaling, context: int) -> torch.Tensor:
    original = s.original_context or context
    wavelengths = 2 * math.pi / freqs
    smooth = (original / wavelengths - s.low_freq_factor) / (s.high_freq_factor - s.low_freq_factor)
    blended = (1 - smooth) * freqs / s.factor + smooth * freqs
    scaled = torch.where(wavelengths > original / s.low_freq_factor, freqs / s.factor, blended)
    return torch.where(wavelengths < original / s.high_freq_factor, freqs, scaled)


def _yarn(freqs: torch.Tensor, rotary: Rotary, config: ModelConfig) -> tuple[torch.Tensor, float]:
    s, dim = rotary.scaling, rotary.size or rotary.head_dim or config.head_dim
    original = s.original_context or config.context_length

    def correction_dim(rotations: float) -> float:
        return dim * math.log(original / (rotations * 2 * math.pi)) / (2 * math.log(rotary.theta))

    def magnitude(scale: float, mscale: float = 1.0) -> float:
        return 1.0 if scale <= 1 else 0.1 * mscale * math.log(scale) + 1.0

    low, high = correction_dim(s.beta_fast), correction_dim(s.beta_slow)
    if s.truncate:
        low, high = math.floor(low), math.ceil(high)
    low, high = max(low, 0), min(high, dim - 1)
    span = high - low or 0.001
    ramp = ((torch.arange(dim // 2, dtype=torch.float32) - low) / span).clamp(0, 1)
    factor = s.attention_factor
    if factor is None:
        if s.mscale and s.mscale_all_dim:
            factor = magnitude(s.factor, s.mscale) / magnitude(s.factor, s.mscale_all_dim)
        else:
            factor = magnitude(s.factor)
    return freqs / s.factor * ramp + freqs * (1 - ramp), factor


def rope_table(
    config: ModelConfig, length: int, dtype: torch.dtype, device: torch.device, rotary: Rotary | None = None
) -> tuple[torch.Tensor, torch.Tensor]:
    """cos and sin for positions 0..length-1, each ``[length, 1, turned]``, sin with its first half negated.

    With that sign, ``x * cos + swap_halves(x) * sin`` rotates x.

    Made by numpy in float64: the first cosine that a process asked PyTorch for, on two threads at once, was now and
    then a little coarser than the next, and the same prompt then had another answer in one start of the program of ten.
    """
    freqs, factor = inverse_frequencies(config, rotary, length)
    angles = torch.arange(length, dtype=torch.float32)[:, None] * freqs[None, :]  # [length, turned / 2]
    wide = angles.double().numpy()
    cos, sin = (torch.from_numpy(turn(wide)).float() * factor for turn in (np.cos, np.sin))
    cos = torch.cat((cos, cos), dim=-1).unsqueeze(1)
    sin = torch.cat((-sin, sin), dim=-1).unsqueeze(1)
    return cos.to(dtype).to(device), sin.to(dtype).to(device)


def growth_table(config: ModelConfig, length: int, dtype: torch.dtype, device: torch.device) -> torch.Tensor | None:
    """What queries are multiplied with at positions 0..length-1, ``[length, 1, 1]``; None for 1 everywhere."""
    one = config.temperature
    if one is None or length <= one.length:
        return None
    steps = torch.arange(length) // one.length
    return (1 + one.beta * torch.log1p(steps.double())).float().view(-1, 1, 1).to(dtype).to(device)


def rotate_(x: torch.Tensor, heads: int, cos: torch.Tensor, sin: torch.Tensor) -> None:
    """Rotate the first so many heads of ``x`` ``[rows, heads, head_dim]``, contiguous, in place.

    Args:
        cos, sin: of the angles of its rows, in halves: ``[rows, 1, 2, turned / 2]``. What a head has more is left.
    """
    rows, width, dim = x.shape
    half = cos.shape[-1]
    turned = x.as_strided((rows, heads, 2, half), (width * dim, dim, half, 1))
    swapped = turned.flip(2)
    turned.mul_(cos).addcmul_(swapped, sin)
