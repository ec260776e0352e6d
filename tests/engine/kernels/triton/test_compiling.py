"""The kernels compile for cards of both makers, down to machine code, without one at hand (``-m soak``)."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

pytest.importorskip("triton", reason="Triton is not installed; PyTorch's builds for cards bring it on Linux")
CODE = """
import sys
import triton
from triton.backends.compiler import GPUTarget
from triton.compiler import ASTSource
from helix_app.engine.kernels.triton import products
from helix_app.engine.kernels.triton.formats import CUTS

maker, chip, warp, kind = sys.argv[1:]
target = GPUTarget(maker, int(chip) if chip.isdigit() else chip, int(warp))
common = {"w8": "*u8", "w16": "*fp16", "columns": "i32", "row_bytes": "i32", "out": "*" + kind}
product = {"x": "*" + kind, "bias": "*" + kind, "rows": "i32", "outs": "i32", "x_step": "i32", "out_step": "i32"}
for name, cut in CUTS.items():
    shared = {"FORMAT": name, "BYTES": cut.nbytes, "TOGETHER": cut.together, "OUTS": products.OUTS}
    for kernel, types, fixed in (
        (products.product, common | product, shared | {"BIASED": True, "ROWS": products.ROWS}),
        (products.unpack, common | {"index": "*i64", "count": "i32"}, shared),
    ):
        signature = {arg: types.get(arg, "constexpr") for arg in kernel.arg_names}
        made = triton.compile(ASTSource(kernel, signature, fixed), target=target, options={"num_warps": 4})
        assert len(made.asm["cubin" if maker == "cuda" else "hsaco"]) > 1000, name
print("compiled")
"""


@pytest.mark.soak
@pytest.mark.parametrize("kind", ["fp16", "bf16", "fp32"])
@pytest.mark.parametrize(
    ("maker", "chip", "warp"),
    [("cuda", "75", "32"), ("cuda", "90", "32"), ("hip", "gfx1100", "32"), ("hip", "gfx942", "64")],
)
def test_every_format_compiles(maker: str, chip: str, warp: str, kind: str) -> None:
    if (chip, kind) == ("75", "bf16"):
        pytest.skip("cards before Ampere compute in float16")
    plain = {name: value for name, value in os.environ.items() if name != "TRITON_INTERPRET"}
    command = [sys.executable, "-c", CODE, maker, chip, warp, kind]
    made = subprocess.run(command, env=plain, capture_output=True, text=True, timeout=600, check=False)
    assert made.stdout.strip() == "compiled", made.stderr[-3000:]
