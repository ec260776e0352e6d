"""Graphics cards as a device library lists them, and which of several is the best. Imports no torch."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

_SMALL = 2 * 2**30  # bytes of own memory up to which a card of unknown name counts as integrated

_SOFTWARE = re.compile(r"basic render|basic display|software adapter|\bwarp\b|llvmpipe|swiftshader", re.IGNORECASE)
# looked through in this order: "Radeon RX Vega 11 Graphics" is a part of a processor, "Radeon RX Vega 64" a card
_INTEGRATED = re.compile(
    r"radeon( pro)? graphics$"  # AMD Radeon(TM) Graphics
    r"|vega ([1-9]|1[01])( mobile)?( graphics)?$"
    r"|radeon r[2-7] graphics"
    r"|radeon (graphics )?[6-8]\d0m\b"  # 680M, 780M, 890M
    r"|radeon 80[56]0s\b"  # Ryzen AI Max
    r"|radeon hd [678]\d{3}[dg]\b"
    r"|intel (uhd|hd|iris|graphics)|\biris\b"
    r"|\barc (graphics$|1[34]0[vt]\b)"  # Core Ultra
    r"|adreno|mali|tegra|\borin\b|\bthor\b",
    re.IGNORECASE,
)
_DISCRETE = re.compile(
    r"\brx\b|radeon pro\b|radeon vii|instinct|firepro|firegl|radeon ai pro|radeon r9|\bmi\d{2,3}x?\b"
    r"|\barc (pro )?[ab]\d{2,3}\b|data center gpu"
    r"|geforce|\brtx\b|\bgtx\b|quadro|tesla|titan|nvidia",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Adapter:
    """One card as a library numbers it.

    Attributes:
        kind: ``directml`` or ``cuda``.
        index: the library's own number of it.
        memory_bytes: memory of its own, None where nobody says.
        discrete: a card of its own rather than a part of the processor; None where nothing tells.
        software: no hardware at all: never chosen by itself.
        problem: why it cannot be used; empty where nothing is wrong.
        rocm: CUDA is AMD's ROCm here.
    """

    kind: str
    index: int
    name: str
    memory_bytes: int | None = None
    discrete: bool | None = None
    software: bool = False
    problem: str = ""
    rocm: bool = False

    @property
    def value(self) -> str:
        """How settings and the command line name it: ``directml:1``."""
        return f"{self.kind}:{self.index}"

    @property
    def title(self) -> str:
        """Its name for people."""
        return f"{self.name} (ROCm)" if self.rocm else self.name

    @property
    def usable(self) -> bool:
        """Whether it may be chosen without being named."""
        return not self.software and not self.problem


def make_adapter(
    kind: str,
    index: int,
    name: str,
    memory_bytes: int | None = None,
    *,
    integrated: bool | None = None,
    problem: str = "",
    rocm: bool = False,
) -> Adapter:
    """An adapter with its nature filled in: what the library says of ``integrated`` goes before name and memory."""
    discrete = not integrated if integrated is not None else is_discrete(name, memory_bytes)
    return Adapter(kind, index, name, memory_bytes, discrete, is_software(name), problem, rocm)


def is_software(name: str) -> bool:
    """Whether this is a renderer in software, such as "Microsoft Basic Render Driver"."""
    return _SOFTWARE.search(name) is not None


def is_discrete(name: str, memory_bytes: int | None) -> bool | None:
    """Whether a card of this name and memory is one of its own; None where neither tells."""
    plain = " ".join(re.sub(r"\((tm|r|c)\)|[™®]", " ", name, flags=re.IGNORECASE).split())
    if is_software(plain):
        return False
    if _INTEGRATED.search(plain):
        return False
    if _DISCRETE.search(plain):
        return True
    return None if memory_bytes is None else memory_bytes > _SMALL


def best_first(adapters: Iterable[Adapter]) -> list[Adapter]:
    """Discrete before integrated, more memory before less, the library's order; what cannot be used comes last."""
    nature = {True: 0, None: 1, False: 2}
    return sorted(
        adapters,
        key=lambda a: (bool(a.problem), a.software, nature[a.discrete], -(a.memory_bytes or 0), a.index),
    )


def best(adapters: Sequence[Adapter]) -> Adapter | None:
    """The adapter to take without being told, None where none may be."""
    return next((adapter for adapter in best_first(adapters) if adapter.usable), None)
