"""Which accelerator's PyTorch this computer gets, in the order in which they are tried, and why."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from launcher.amd import chip
from launcher.cards import Card, Machine

VARIANTS = ("rocm", "cuda", "directml", "cpu")
_PROCESSORS = {"windows": "x86_64", "linux": "x86_64", "macos": "arm64"}  # that there are lock files for
_GB = 2**30
_INTEGRATED_INTEL = re.compile(r"\b(uhd|iris|hd graphics|intel\(r\) graphics)\b|arc\(tm\) graphics|1[34]0[vt]", re.I)


@dataclass(frozen=True)
class Option:
    """One environment that may be made.

    Attributes:
        variant: of ``VARIANTS``.
        gfx: AMD's name of the card, with ``rocm`` alone.
        why: a sentence for people.
    """

    variant: str
    why: str
    gfx: str = ""

    @property
    def name(self) -> str:
        """How folders and the launcher's memory call it."""
        return f"{self.variant}-{self.gfx}" if self.gfx else self.variant


@dataclass(frozen=True)
class Choice:
    """What can be tried, best first (nothing where Helix cannot run), and what was left out and why."""

    options: tuple[Option, ...]
    notes: tuple[str, ...] = ()


def choose(machine: Machine, *, rocm_index: bool = True) -> Choice:
    """The options of a machine.

    Args:
        rocm_index: whether it is known where AMD's wheels are.
    """
    if machine.processor != _PROCESSORS[machine.system]:
        needs = "an Apple processor" if machine.system == "macos" else "a 64-bit Intel or AMD processor"
        return Choice((), (f"Helix needs {needs} on this system; this one is {machine.processor}.",))
    found: dict[str, Option] = {}
    notes: list[str] = []
    ranked = best_first(machine.cards)
    for card in ranked:
        for option in _of_card(card, machine, rocm_index, alone=card is ranked[0], notes=notes):
            found.setdefault(option.variant, option)
    reason = "no graphics card that PyTorch can use was found" if not found else "if no card passes its test"
    found.setdefault("cpu", Option("cpu", f"The processor: {reason}."))
    return Choice(tuple(found.values()), tuple(dict.fromkeys(notes)))


def best_first(cards: Sequence[Card]) -> list[Card]:
    """Cards of their own before parts of the processor, more memory before less, the system's order."""
    return sorted(cards, key=lambda card: (not card.vendor, integrated(card), -(card.memory or 0)))


def integrated(card: Card) -> bool:
    """Whether a card is a part of the processor."""
    if card.vendor == "amd":
        known = chip(card.name, card.device)
        plain = re.sub(r"\((tm|r)\)", "", card.name, flags=re.IGNORECASE)
        return known.integrated or (not known.gfx and re.search(r"radeon( r[2-7])? graphics$", plain, re.I) is not None)
    if card.vendor == "intel":
        own_memory = (card.memory or 0) > 2 * _GB
        return _INTEGRATED_INTEL.search(card.name) is not None or not own_memory
    return False


def title(card: Card) -> str:
    """A card for people."""
    if card.vendor != "amd":
        return card.name or {"nvidia": "NVIDIA card", "intel": "Intel graphics"}.get(card.vendor, "unknown card")
    gfx = chip(card.name, card.device).gfx
    return f"{card.name or 'AMD Radeon'} ({gfx})" if gfx else card.name or "AMD Radeon"


def _of_card(card: Card, machine: Machine, rocm_index: bool, *, alone: bool, notes: list[str]) -> Iterator[Option]:
    """The options that a card gives; ``alone``: it is the best one."""
    name, windows = title(card), machine.system == "windows"
    if card.vendor == "nvidia":
        if windows or machine.nvidia_driver:
            yield Option("cuda", f"{name}: CUDA, NVIDIA's own way.")
        else:
            notes.append(f"{name} has no driver of NVIDIA's here; with it, CUDA could be used.")
        if windows:
            yield Option("directml", f"{name}: DirectML, should CUDA fail.")
    elif card.vendor == "amd":
        yield from _of_amd(card, machine, rocm_index, alone=alone, notes=notes)
    elif card.vendor == "intel" and windows:
        if not integrated(card):
            yield Option("directml", f"{name}: DirectML, the way to Intel cards on Windows.")
        elif alone:
            yield Option("cpu", f"{name} shares the processor's memory, so the processor itself is faster.")
            yield Option("directml", f"{name}: DirectML.")
    elif card.vendor == "intel" and alone:
        notes.append(f"{name} is not used on Linux yet.")


def _of_amd(card: Card, machine: Machine, rocm_index: bool, *, alone: bool, notes: list[str]) -> Iterator[Option]:
    known, name, windows = chip(card.name, card.device), title(card), machine.system == "windows"
    if integrated(card) and not alone:
        return
    if known.rocm:
        if not rocm_index:
            notes.append(f"{name} could use ROCm, but HELIX_ROCM_INDEX does not say where AMD's wheels are.")
        elif windows or machine.kfd:
            yield Option("rocm", f"{name}: ROCm, AMD's own way to this card.", known.gfx)
        else:
            notes.append(f"{name} could use ROCm, but AMD's driver amdgpu is not loaded (/dev/kfd is missing).")
    else:
        notes.append(f"AMD makes no PyTorch for {name}.")
    if not windows:
        return
    if integrated(card) and not known.rocm:
        yield Option("cpu", f"{name} shares the processor's memory, so the processor itself is faster.")
    yield Option("directml", f"{name}: DirectML, which any card with DirectX 12 has.")
