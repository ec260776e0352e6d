"""A random model of any size in Q4_K, with Q6_K where Q4_K_M files have it: for measurements, not for reading.

    python packaging/random_model.py OUT.gguf [--layers 16 --hidden 2048 --inner 8192 --heads 32 --kv-heads 8]

A Llama with the tokenizer of the default model (``python -m helix_app models pull smollm2-135m-instruct``), about 1B
with these sizes. All blocks hold random integers, with scales that keep the stream of numbers in bounds.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import gguf
import numpy as np
from gguf import GGMLQuantizationType as Quant

from helix_app.hub.resolve import resolve_target

COLUMNS = 256  # of a block
_SCALE = 10  # of a group, in the middle
_Q4_CENTRE, _Q4_SPREAD, _Q6_SPREAD = 7.5, 4.6, 18.5  # of uniform integers of four and of six bits


def q4_k(random: np.random.Generator, rows: int, columns: int) -> np.ndarray:
    """A matrix as bytes ``[rows, columns / 256 * 144]``, of mean 0 and a spread of 0.7 / sqrt(columns)."""
    blocks = np.zeros((rows * columns // COLUMNS, 144), np.uint8)
    d = np.float16(0.7 / columns**0.5 / (_SCALE * _Q4_SPREAD))
    blocks[:, :4] = np.frombuffer(np.array([d, _Q4_CENTRE * d], np.float16).tobytes(), np.uint8)
    scales = random.integers(6, 15, (len(blocks), 8), dtype=np.uint8)  # the minima are the same numbers
    blocks[:, 4:8] = blocks[:, 8:12] = scales[:, :4]
    blocks[:, 12:16] = scales[:, 4:] * 17
    blocks[:, 16:] = random.integers(0, 256, (len(blocks), 128), dtype=np.uint8)
    return blocks.reshape(rows, -1)


def q6_k(random: np.random.Generator, rows: int, columns: int) -> np.ndarray:
    """The same as bytes ``[rows, columns / 256 * 210]``."""
    blocks = random.integers(0, 256, (rows * columns // COLUMNS, 210), dtype=np.uint8)
    blocks[:, 192:208] = random.integers(6, 15, (len(blocks), 16), dtype=np.uint8)
    d = np.float16(0.7 / columns**0.5 / (_SCALE * _Q6_SPREAD))
    blocks[:, 208:] = np.frombuffer(d.tobytes(), np.uint8)
    return blocks.reshape(rows, -1)


def write(out: Path, tokenizer: Path, layers: int, hidden: int, inner: int, heads: int, kv_heads: int) -> None:
    """Write the model; ``tokenizer`` is a GGUF file whose tokens it has."""
    random, reader = np.random.default_rng(0), gguf.GGUFReader(tokenizer)
    writer, size = gguf.GGUFWriter(str(out), "llama"), hidden // heads
    writer.add_name(out.stem)
    writer.add_context_length(8192)
    writer.add_embedding_length(hidden)
    writer.add_block_count(layers)
    writer.add_feed_forward_length(inner)
    writer.add_head_count(heads)
    writer.add_head_count_kv(kv_heads)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_rope_freq_base(100_000.0)
    writer.add_rope_dimension_count(size)
    writer.add_file_type(gguf.LlamaFileType.MOSTLY_Q4_K_M)
    for name, field in reader.fields.items():
        if name.startswith("tokenizer."):
            sub = field.types[-1] if field.types[0] == gguf.GGUFValueType.ARRAY else None
            writer.add_key_value(name, field.contents(), field.types[0], sub_type=sub)
    vocabulary = len(reader.fields["tokenizer.ggml.tokens"].contents())

    def matrix(name: str, rows: int, columns: int, six: bool = False) -> None:
        made, kind = (q6_k, Quant.Q6_K) if six else (q4_k, Quant.Q4_K)
        writer.add_tensor(f"{name}.weight", made(random, rows, columns), raw_dtype=kind)

    matrix("token_embd", vocabulary, hidden)
    matrix("output", vocabulary, hidden, six=True)
    writer.add_tensor("output_norm.weight", np.ones(hidden, np.float32))
    for i in range(layers):
        for norm in ("attn_norm", "ffn_norm"):
            writer.add_tensor(f"blk.{i}.{norm}.weight", np.ones(hidden, np.float32))
        matrix(f"blk.{i}.attn_q", hidden, hidden)
        matrix(f"blk.{i}.attn_k", kv_heads * size, hidden)
        matrix(f"blk.{i}.attn_v", kv_heads * size, hidden, six=i % 2 == 0)
        matrix(f"blk.{i}.attn_output", hidden, hidden)
        matrix(f"blk.{i}.ffn_gate", inner, hidden)
        matrix(f"blk.{i}.ffn_up", inner, hidden)
        matrix(f"blk.{i}.ffn_down", hidden, inner, six=i % 2 == 0)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def main() -> int:
    """Write what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    for name, usual in (("layers", 16), ("hidden", 2048), ("inner", 8192), ("heads", 32), ("kv-heads", 8)):
        parser.add_argument(f"--{name}", type=int, default=usual)
    args = parser.parse_args()
    if args.hidden % COLUMNS or args.inner % COLUMNS or args.hidden % args.heads:
        parser.exit(2, "Hidden and inner size must be multiples of 256, and the hidden size one of the heads.\n")
    tokenizer = resolve_target("smollm2-135m-instruct").path
    write(args.out, tokenizer, args.layers, args.hidden, args.inner, args.heads, args.kv_heads)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
