"""What native code is made for: a processor, and the forms of products that it can run."""

from __future__ import annotations

import functools
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

LIMIT = "ATEN_CPU_CAPABILITY"  # PyTorch's own variable: with the value "avx2" this code uses nothing wider either
_WIDER = ("amx", "avx10", "avx512", "avxifma", "avxneconvert", "avxvnni", "evex512")


class NoKernelsError(RuntimeError):
    """Packed kernels cannot be used here; the message says why."""


@dataclass(frozen=True)
class Processor:
    """What code is made for.

    Attributes:
        form: see ``emitter.py``; of products the one that others are compared with.
        fused: multiplication and addition are rounded once.
        yielding: see ``pool_code.py``.
        others: further forms that products can have here, narrow registers first.
        plain: see ``emitter.py``.
    """

    triple: str
    name: str
    features: str
    form: str
    fused: bool
    yielding: str
    others: tuple[str, ...] = ()
    plain: bool = False


def this_processor() -> Processor:
    """What this machine can do, or is to do (``LIMIT``). Raises NoKernelsError without llvmlite."""
    llvm = binding()
    features = llvm.get_host_cpu_features()
    if os.environ.get(LIMIT) == "avx2":
        features.update({name: False for name in features if name.startswith(_WIDER)})
    triple = llvm.get_process_triple()  # of this process: Windows on ARM runs those for x64, too, and names itself
    return processor_of(triple.partition("-")[0], triple, llvm.get_host_cpu_name(), features)


def processor_of(machine: str, triple: str, name: str, features: Any) -> Processor:
    """What a machine with these features (of LLVM) can do; ``machine`` is its architecture, as a triple names it."""
    x86 = machine.lower() in ("x86_64", "amd64")
    arm = machine.lower() in ("arm64", "aarch64")
    fused = arm or (x86 and bool(features.get("fma")))
    avx2 = x86 and fused and bool(features.get("avx2")) and bool(features.get("f16c"))
    return Processor(
        triple=triple,
        name=name,
        features=features.flatten(),
        form="avx2" if avx2 else "generic",
        fused=fused,
        yielding="x86" if x86 else "arm64" if arm else "",
        others=_with_vnni(features) if avx2 else (),
    )


def _with_vnni(features: Mapping[str, bool]) -> tuple[str, ...]:
    """The forms with VNNI; features are those that the system saves the registers of, too."""
    evex = bool(features.get("avx512vnni") and features.get("avx512vl") and features.get("avx512bw"))
    narrow = ("vnni256",) if evex or features.get("avxvnni") else ()
    return (*narrow, "vnni512") if evex else narrow


@functools.cache
def binding() -> Any:
    """llvmlite, ready for this machine. Raises NoKernelsError."""
    try:
        import llvmlite.binding as llvm

        llvm.initialize_native_target()
        llvm.initialize_native_asmprinter()
    except (ImportError, OSError, RuntimeError) as exc:
        raise NoKernelsError(f"llvmlite cannot be used ({exc})") from exc
    return llvm
