"""What the system itself says of processor and graphics cards, without any device library. Imports no torch."""

from __future__ import annotations

import importlib
import platform
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_DISPLAY_CLASS = r"SYSTEM\CurrentControlSet\Control\Class\{4d36e968-e325-11ce-bfc1-08002be10318}"
_PROCESSOR = r"HARDWARE\DESCRIPTION\System\CentralProcessor\0"
_MEMORY_VALUES = ("HardwareInformation.qwMemorySize", "HardwareInformation.MemorySize")
_VENDORS = {"0x1002": "amd", "0x10de": "nvidia", "0x8086": "intel"}  # PCI ids
_MAX = 64  # subkeys of the display class that are looked at


@dataclass(frozen=True)
class Card:
    """A graphics card the system knows: name and memory may be unknown.

    ``vendor`` is ``amd``, ``nvidia``, ``intel`` or empty.
    """

    name: str
    vendor: str
    memory_bytes: int | None = None


def cpu_name(root: Path = Path("/"), winreg: Any = None) -> str:
    """What the processor is called."""
    try:
        for line in (root / "proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass  # not Linux
    winreg = winreg or _winreg()
    if winreg is not None:
        try:
            with winreg.OpenKey(winreg.HKEY_LOCAL_MACHINE, _PROCESSOR) as key:
                return str(winreg.QueryValueEx(key, "ProcessorNameString")[0]).strip()
        except OSError:
            pass
    return platform.processor() or platform.machine() or "CPU"


def vendor_of(name: str) -> str:
    """``amd``, ``nvidia`` or ``intel`` by a card's name, empty for others."""
    words = name.lower()
    if "amd" in words or "radeon" in words:
        return "amd"
    if any(word in words for word in ("nvidia", "geforce", "quadro", "tesla")):
        return "nvidia"
    return "intel" if "intel" in words else ""


def system_cards(root: Path = Path("/"), winreg: Any = None) -> tuple[Card, ...]:
    """The cards that the system lists; none where it does not say.

    Args:
        root: where ``/proc`` and ``/sys`` are.
        winreg: the registry of Windows, as the standard library's module; None takes that module where there is one.
    """
    winreg = winreg or _winreg()
    if winreg is not None:
        return tuple(_registry_cards(winreg))
    return (*_nvidia_cards(root), *_drm_cards(root))


def memory_by_name(names: Iterable[str], cards: Iterable[Card]) -> list[int | None]:
    """Memory of each name in turn; of several cards with one name each is taken once, then the last one again."""
    left: dict[str, list[int]] = {}
    for card in cards:
        if card.memory_bytes:
            left.setdefault(card.name.strip().casefold(), []).append(card.memory_bytes)
    found: list[int | None] = []
    for name in names:
        sizes = left.get(name.strip().casefold(), [])
        found.append((sizes.pop(0) if len(sizes) > 1 else sizes[0]) if sizes else None)
    return found


def _winreg() -> Any:
    try:
        return importlib.import_module("winreg")
    except ImportError:
        return None  # not Windows


def _registry_cards(winreg: Any) -> Iterator[Card]:
    """Display adapters with an installed driver. Subkeys that cannot be read are passed over."""
    try:
        root = winreg.OpenKey(winreg.HKEY_LOCAL_MACHINE, _DISPLAY_CLASS)
    except OSError:
        return
    with root:
        for number in range(_MAX):
            try:
                with winreg.OpenKey(root, winreg.EnumKey(root, number)) as key:
                    name = str(winreg.QueryValueEx(key, "DriverDesc")[0]).strip()
                    yield Card(name, vendor_of(name), _registry_memory(winreg, key))
            except OSError:
                continue  # "Configuration" and "Properties", or past the last one


def _registry_memory(winreg: Any, key: Any) -> int | None:
    for value_name in _MEMORY_VALUES:
        try:
            value = winreg.QueryValueEx(key, value_name)[0]
        except OSError:
            continue
        size = int.from_bytes(value, "little") if isinstance(value, bytes) else value
        if isinstance(size, int) and size > 0:
            return size
    return None


def _nvidia_cards(root: Path) -> Iterator[Card]:
    """Cards of NVIDIA's own driver on Linux."""
    for file in sorted(root.glob("proc/driver/nvidia/gpus/*/information")):
        try:
            lines = file.read_text(encoding="utf-8", errors="replace").splitlines()
        except OSError:
            continue
        model = next((line.partition(":")[2].strip() for line in lines if line.startswith("Model:")), "")
        yield Card(model, "nvidia")


def _drm_cards(root: Path) -> Iterator[Card]:
    """Cards that Linux draws with, but for those of NVIDIA's own driver; AMD's driver says their memory."""
    own_driver = (root / "proc/driver/nvidia/gpus").is_dir()
    for device in sorted(root.glob("sys/class/drm/card[0-9]*/device")):
        if "-" in device.parent.name:  # card0-HDMI-A-1: a connector
            continue
        vendor = _VENDORS.get(_first_line(device / "vendor"), "")
        if vendor and not (vendor == "nvidia" and own_driver):
            size = _first_line(device / "mem_info_vram_total")
            yield Card(_first_line(device / "product_name"), vendor, int(size) if size.isdigit() else None)


def _first_line(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8", errors="replace").strip().partition("\n")[0]
    except OSError:
        return ""
