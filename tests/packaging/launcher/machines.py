"""Computers as Windows' registry and Linux' ``/sys`` tell of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from launcher.cards import DISPLAY_CLASS

GB = 2**30
VENDORS = {"amd": 0x1002, "nvidia": 0x10DE, "intel": 0x8086, "vmware": 0x15AD, "microsoft": 0x1414, "virtio": 0x1AF4}


@dataclass(frozen=True)
class Adapter:
    """A display adapter as a system lists it."""

    name: str
    vendor: str
    device: int
    memory: int = 0


class _Key:
    def __init__(self, values: dict[str, Any], children: dict[str, _Key]) -> None:
        self.values, self.children = values, children

    def __enter__(self) -> _Key:
        return self

    def __exit__(self, *_: object) -> None:
        pass


class Registry:
    """Answers as the module ``winreg`` does, for the class of display adapters."""

    HKEY_LOCAL_MACHINE = "HKLM"

    def __init__(self, adapters: Sequence[Adapter]) -> None:
        children = {f"{number:04d}": _Key(_values(each), {}) for number, each in enumerate(adapters)}
        children["Configuration"] = _Key({}, {})
        children["Properties"] = _Key({}, {})
        self._root = _Key({}, children)

    def OpenKey(self, above: Any, name: str) -> _Key:
        if above == self.HKEY_LOCAL_MACHINE and name == DISPLAY_CLASS:
            return self._root
        if name == "Properties":
            raise PermissionError(5, "Access is denied")
        return above.children[name]

    def EnumKey(self, key: _Key, number: int) -> str:
        names = list(key.children)
        if number >= len(names):
            raise OSError(259, "No more data is available")
        return names[number]

    def QueryValueEx(self, key: _Key, name: str) -> tuple[Any, int]:
        if name not in key.values:
            raise FileNotFoundError(2, name)
        return key.values[name], 1


def _values(adapter: Adapter) -> dict[str, Any]:
    values: dict[str, Any] = {"DriverDesc": adapter.name}
    if adapter.vendor == "microsoft":
        values["MatchingDeviceId"] = "ROOT\\BasicRender"
    else:
        ids = f"ven_{VENDORS[adapter.vendor]:04x}&dev_{adapter.device:04x}"
        values["MatchingDeviceId"] = f"PCI\\{ids}&SUBSYS_12345678"
    if adapter.memory >= 4 * GB:
        values["HardwareInformation.qwMemorySize"] = adapter.memory
    elif adapter.memory:
        values["HardwareInformation.MemorySize"] = adapter.memory.to_bytes(4, "little")
    return values


def linux(root: Path, adapters: Sequence[Adapter], *, kfd: bool = True, nvidia_driver: bool = True) -> Path:
    """Lay ``/sys``, ``/proc`` and ``/dev`` out under a folder; returns it. Windows allows no colons in names."""
    devices = root / "sys/bus/pci/devices"
    bridge = devices / "0000_00_00.0"
    bridge.mkdir(parents=True)
    (bridge / "class").write_text("0x060000\n")
    for number, adapter in enumerate(adapters, 1):
        folder = devices / f"0000_{number:02x}_00.0"
        folder.mkdir()
        (folder / "class").write_text("0x030000\n")
        (folder / "vendor").write_text(f"0x{VENDORS[adapter.vendor]:04x}\n")
        (folder / "device").write_text(f"0x{adapter.device:04x}\n")
        if adapter.vendor == "amd" and kfd:
            (folder / "mem_info_vram_total").write_text(f"{adapter.memory}\n")
    (root / "dev").mkdir()
    if kfd and any(adapter.vendor == "amd" for adapter in adapters):
        (root / "dev/kfd").touch()
    if nvidia_driver and any(adapter.vendor == "nvidia" for adapter in adapters):
        (root / "proc/driver/nvidia").mkdir(parents=True)
        (root / "proc/driver/nvidia/version").write_text("NVRM version: NVIDIA UNIX x86_64 Kernel Module  580.65\n")
    return root
