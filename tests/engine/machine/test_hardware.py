"""What systems say of their cards: a registry and a /sys made for it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from helix_app.engine.machine.hardware import Card, cpu_name, memory_by_name, system_cards, vendor_of

GB = 2**30
CLASS = r"SYSTEM\CurrentControlSet\Control\Class\{4d36e968-e325-11ce-bfc1-08002be10318}"
QWORD, OLD = "HardwareInformation.qwMemorySize", "HardwareInformation.MemorySize"


class Key(dict):
    """An open key."""

    def __enter__(self) -> Key:
        return self

    def __exit__(self, *_: object) -> None:
        self.clear()


class Registry:
    """As much of ``winreg`` as is used, over nested dicts; a key that is a string may not be opened."""

    HKEY_LOCAL_MACHINE = "HKLM"

    def __init__(self, display: dict[str, Any], processor: str = "") -> None:
        self._roots = {CLASS: display}
        if processor:
            self._roots[r"HARDWARE\DESCRIPTION\System\CentralProcessor\0"] = {"ProcessorNameString": processor}

    def OpenKey(self, key: Any, name: str) -> Key:
        found = self._roots.get(name) if key == "HKLM" else key.get(name)
        if found is None:
            raise FileNotFoundError(2, name)
        if isinstance(found, str):
            raise PermissionError(5, found)
        return Key(found)

    @staticmethod
    def EnumKey(key: dict[str, Any], number: int) -> str:
        names = list(key)
        if number >= len(names):
            raise OSError(259, "No more data is available")
        return names[number]

    @staticmethod
    def QueryValueEx(key: dict[str, Any], name: str) -> tuple[Any, int]:
        if name not in key:
            raise FileNotFoundError(2, name)
        return key[name], 11


def test_cards_of_the_registry() -> None:
    registry = Registry(
        {
            "0000": {"DriverDesc": "AMD Radeon(TM) Graphics", QWORD: 512 * 2**20, OLD: 1},
            "0001": {"DriverDesc": "AMD Radeon RX 7800 XT ", QWORD: 16 * GB},
            "Configuration": {},
            "0002": {"DriverDesc": "Intel(R) UHD Graphics", OLD: (128 * 2**20).to_bytes(4, "little")},
            "Properties": "locked",
            "0003": {"DriverDesc": "NVIDIA Something", OLD: "a text"},
        }
    )
    assert system_cards(Path("/nowhere"), registry) == (
        Card("AMD Radeon(TM) Graphics", "amd", 512 * 2**20),
        Card("AMD Radeon RX 7800 XT", "amd", 16 * GB),
        Card("Intel(R) UHD Graphics", "intel", 128 * 2**20),
        Card("NVIDIA Something", "nvidia", None),
    )


def test_a_registry_without_display_adapters(tmp_path: Path) -> None:
    registry = Registry({})
    assert system_cards(tmp_path, registry) == ()
    registry.OpenKey = lambda *_: (_ for _ in ()).throw(FileNotFoundError(2, "no key"))  # type: ignore[method-assign]
    assert system_cards(tmp_path, registry) == ()


def test_processor_of_the_registry(tmp_path: Path) -> None:
    assert (
        cpu_name(tmp_path, Registry({}, "AMD Ryzen 7 7700X 8-Core Processor  ")) == "AMD Ryzen 7 7700X 8-Core Processor"
    )
    assert cpu_name(tmp_path, Registry({}))


def test_processor_of_linux(tmp_path: Path) -> None:
    (tmp_path / "proc").mkdir()
    (tmp_path / "proc/cpuinfo").write_text("processor: 0\nmodel name\t: AMD EPYC: 7\n")
    assert cpu_name(tmp_path) == "AMD EPYC: 7"


def test_memory_by_name() -> None:
    cards = [
        Card("Twin", "amd", 8 * GB),
        Card("Twin", "amd", 4 * GB),
        Card("Other", "amd", 2 * GB),
        Card("Silent", "amd", None),
    ]
    names = ["twin ", "Other", "Twin", "Twin", "Silent", "Unknown"]
    assert memory_by_name(names, cards) == [8 * GB, 2 * GB, 4 * GB, 4 * GB, None, None]


def test_cards_of_linux(tmp_path: Path) -> None:
    drm = tmp_path / "sys/class/drm"
    for card, files in {
        "card0": {"vendor": "0x1002\n", "mem_info_vram_total": f"{16 * GB}\n", "product_name": "Some Radeon\n"},
        "card0-HDMI-A-1": {"vendor": "0x1002\n"},
        "card1": {"vendor": "0x10de\n"},
        "card2": {"vendor": "0x1234\n"},
        "card3": {"vendor": "0x8086\n"},
    }.items():
        (drm / card / "device").mkdir(parents=True)
        for name, text in files.items():
            (drm / card / "device" / name).write_text(text)
    amd, nvidia, intel = Card("Some Radeon", "amd", 16 * GB), Card("", "nvidia"), Card("", "intel")
    assert system_cards(tmp_path) == (amd, nvidia, intel)
    information = tmp_path / "proc/driver/nvidia/gpus/0000:01:00.0/information"
    information.parent.mkdir(parents=True)
    information.write_text("Model: \t\t NVIDIA GeForce RTX 3060\nIRQ: 93\n")
    assert system_cards(tmp_path) == (Card("NVIDIA GeForce RTX 3060", "nvidia"), amd, intel)


def test_vendors() -> None:
    names = ["Radeon RX 580 Series", "NVIDIA T400", "Intel(R) Iris(R) Plus", "Parsec Virtual Display Adapter"]
    assert [vendor_of(name) for name in names] == ["amd", "nvidia", "intel", ""]
