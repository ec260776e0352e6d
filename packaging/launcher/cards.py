"""The graphics cards of this computer as the system lists them: no driver is asked, no library is needed."""

from __future__ import annotations

import importlib
import platform
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

DISPLAY_CLASS = r"SYSTEM\CurrentControlSet\Control\Class\{4d36e968-e325-11ce-bfc1-08002be10318}"
_VENDORS = {0x1002: "amd", 0x10DE: "nvidia", 0x8086: "intel"}
_DISPLAY = ("0x0300", "0x0302", "0x0380")  # PCI classes: VGA, 3D controller, other display
_MEMORY_VALUES = ("HardwareInformation.qwMemorySize", "HardwareInformation.MemorySize")
_IDS = re.compile(r"VEN_([0-9A-F]{4})&DEV_([0-9A-F]{4})", re.IGNORECASE)
_MAX = 64  # subkeys of the display class that are looked at


@dataclass(frozen=True)
class Card:
    """One graphics card.

    Attributes:
        vendor: ``amd``, ``nvidia``, ``intel``; empty for others: drawn in software, or of a virtual machine.
        device: its PCI device id, 0 where the system does not say.
        memory: bytes of its own, None where the system does not say.
    """

    name: str
    vendor: str
    device: int = 0
    memory: int | None = None


@dataclass(frozen=True)
class Machine:
    """What the launcher decides by; ``system`` is ``windows``, ``linux`` or ``macos``."""

    system: str
    cards: tuple[Card, ...] = ()
    processor: str = "x86_64"
    nvidia_driver: bool = True
    kfd: bool = True


def this_machine() -> Machine:
    """Look at this computer."""
    system = {"windows": "windows", "darwin": "macos"}.get(platform.system().lower(), "linux")
    processor = platform.machine().lower().replace("amd64", "x86_64").replace("aarch64", "arm64")
    if system == "windows":
        return Machine(system, windows_cards(importlib.import_module("winreg")), processor)
    if system == "macos":
        return Machine(system, (), processor)
    return linux_machine(Path("/"), processor)


def linux_machine(root: Path, processor: str = "x86_64") -> Machine:
    """Look at a Linux computer whose ``/sys``, ``/proc`` and ``/dev`` lie under ``root``."""
    return Machine(
        "linux",
        tuple(_pci_cards(root)),
        processor,
        nvidia_driver=(root / "proc/driver/nvidia/version").exists(),
        kfd=(root / "dev/kfd").exists(),
    )


def windows_cards(winreg: Any) -> tuple[Card, ...]:
    """Display adapters with an installed driver; each once, though Windows keeps one entry a place it was plugged in.

    Args:
        winreg: the standard library's module, or something that answers as it does.
    """
    found: dict[tuple[str, int], Card] = {}
    for card in _registry_cards(winreg):
        found.setdefault((card.name.casefold(), card.device), card)
    return tuple(found.values())


def _registry_cards(winreg: Any) -> Iterator[Card]:
    try:
        root = winreg.OpenKey(winreg.HKEY_LOCAL_MACHINE, DISPLAY_CLASS)
    except OSError:
        return
    with root:
        for number in range(_MAX):
            try:
                with winreg.OpenKey(root, winreg.EnumKey(root, number)) as key:
                    name = str(winreg.QueryValueEx(key, "DriverDesc")[0]).strip()
                    yield _registry_card(winreg, key, name)
            except OSError:
                continue  # "Configuration" and "Properties", or past the last one


def _registry_card(winreg: Any, key: Any, name: str) -> Card:
    try:
        ids = _IDS.search(str(winreg.QueryValueEx(key, "MatchingDeviceId")[0]))
    except OSError:
        ids = None
    if ids is not None:
        vendor = _VENDORS.get(int(ids[1], 16), "")
    else:
        vendor = vendor_of(name)
    return Card(name, vendor, int(ids[2], 16) if ids else 0, _registry_memory(winreg, key))


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


def vendor_of(name: str) -> str:
    """``amd``, ``nvidia`` or ``intel`` by a card's name, empty for others."""
    words = name.lower()
    if "amd" in words or "radeon" in words:
        return "amd"
    if any(word in words for word in ("nvidia", "geforce", "quadro", "tesla")):
        return "nvidia"
    return "intel" if "intel" in words else ""


def _pci_cards(root: Path) -> Iterator[Card]:
    """Display devices on the PCI bus, drivers or not; AMD's driver says their memory."""
    for folder in sorted(root.glob("sys/bus/pci/devices/*")):
        if not _line(folder / "class").startswith(_DISPLAY):
            continue
        vendor = _number(_line(folder / "vendor"))
        device = _number(_line(folder / "device"))
        size = _line(folder / "mem_info_vram_total")
        name = _line(folder / "product_name") or _line(folder / "label")
        yield Card(name, _VENDORS.get(vendor, ""), device, int(size) if size.isdigit() else None)


def _number(text: str) -> int:
    try:
        return int(text, 16)
    except ValueError:
        return 0


def _line(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8", errors="replace").strip().partition("\n")[0]
    except OSError:
        return ""
