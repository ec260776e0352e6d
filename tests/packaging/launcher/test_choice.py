"""Which accelerator recorded computers get: of each the order in which environments are tried."""

from __future__ import annotations

from pathlib import Path

import pytest
from launcher.amd import ROCM, chip
from launcher.cards import Card, Machine, linux_machine, windows_cards
from launcher.choice import choose, integrated, title

from tests.packaging.launcher.machines import GB, Adapter, Registry, linux

RX_9070_XT = Adapter("AMD Radeon RX 9070 XT", "amd", 0x7550, 16 * GB)
RX_9060_XT = Adapter("AMD Radeon RX 9060 XT", "amd", 0x7590, 16 * GB)
RX_7900_XTX = Adapter("AMD Radeon RX 7900 XTX", "amd", 0x744C, 24 * GB)
RX_7800_XT = Adapter("AMD Radeon RX 7800 XT", "amd", 0x747E, 16 * GB)
RX_7700S = Adapter("AMD Radeon(TM) RX 7700S", "amd", 0x7480, 8 * GB)
RX_7600 = Adapter("AMD Radeon RX 7600", "amd", 0x7480, 8 * GB)
RX_6900_XT = Adapter("AMD Radeon RX 6900 XT", "amd", 0x73BF, 16 * GB)
RX_6700_XT = Adapter("AMD Radeon RX 6700 XT", "amd", 0x73DF, 12 * GB)
RX_6600 = Adapter("AMD Radeon RX 6600", "amd", 0x73FF, 8 * GB)
RX_6500_XT = Adapter("AMD Radeon RX 6500 XT", "amd", 0x743F, 4 * GB)
RX_5700_XT = Adapter("AMD Radeon RX 5700 XT", "amd", 0x731F, 8 * GB)
RX_5500_XT = Adapter("AMD Radeon RX 5500 XT", "amd", 0x7340, 8 * GB)
VEGA_64 = Adapter("Radeon RX Vega", "amd", 0x687F, 8 * GB)
RX_580 = Adapter("Radeon RX 580 Series", "amd", 0x67DF, 8 * GB)
STRIX_HALO = Adapter("AMD Radeon(TM) 8060S Graphics", "amd", 0x1586, 64 * GB)
R890M = Adapter("AMD Radeon(TM) 890M Graphics", "amd", 0x150E, 4 * GB)
R780M = Adapter("AMD Radeon 780M Graphics", "amd", 0x15BF, 4 * GB)
R680M = Adapter("AMD Radeon(TM) 680M", "amd", 0x1681, 2 * GB)
RAPHAEL = Adapter("AMD Radeon(TM) Graphics", "amd", 0x164E, GB // 2)
VEGA_8 = Adapter("AMD Radeon(TM) Graphics", "amd", 0x1638, GB // 2)
DECK = Adapter("AMD Custom GPU 0405", "amd", 0x163F, GB)
RTX_4090 = Adapter("NVIDIA GeForce RTX 4090", "nvidia", 0x2684, 24 * GB)
GTX_1060 = Adapter("NVIDIA GeForce GTX 1060 6GB", "nvidia", 0x1C03, 6 * GB)
UHD_770 = Adapter("Intel(R) UHD Graphics 770", "intel", 0x4680, GB)
ARC_140V = Adapter("Intel(R) Arc(TM) 140V GPU (16GB)", "intel", 0x64A0, GB)
ARC_B580 = Adapter("Intel(R) Arc(TM) B580 Graphics", "intel", 0xE20B, 12 * GB)
VMWARE = Adapter("VMware SVGA 3D", "vmware", 0x0405, GB)
BASIC = Adapter("Microsoft Basic Display Adapter", "microsoft", 0)
VIRTIO = Adapter("Red Hat VirtIO GPU", "virtio", 0x1050)

WINDOWS = [
    ("RX 9070 XT", (RX_9070_XT,), "rocm-gfx1201 directml cpu"),
    ("RX 9060 XT", (RX_9060_XT,), "rocm-gfx1200 directml cpu"),
    ("RX 7900 XTX", (RX_7900_XTX,), "rocm-gfx1100 directml cpu"),
    ("RX 7800 XT", (RX_7800_XT,), "rocm-gfx1101 directml cpu"),
    ("RX 7700S", (RX_7700S,), "rocm-gfx1102 directml cpu"),
    ("RX 7600", (RX_7600,), "rocm-gfx1102 directml cpu"),
    ("RX 6900 XT", (RX_6900_XT,), "rocm-gfx1030 directml cpu"),
    ("RX 6700 XT", (RX_6700_XT,), "rocm-gfx1031 directml cpu"),
    ("RX 6600", (RX_6600,), "rocm-gfx1032 directml cpu"),
    ("RX 6500 XT", (RX_6500_XT,), "rocm-gfx1034 directml cpu"),
    ("RX 5700 XT", (RX_5700_XT,), "rocm-gfx1010 directml cpu"),
    ("RX 5500 XT, which ROCm leaves out", (RX_5500_XT,), "directml cpu"),
    ("Vega 64", (VEGA_64,), "directml cpu"),
    ("RX 580", (RX_580,), "directml cpu"),
    ("Strix Halo", (STRIX_HALO,), "rocm-gfx1151 directml cpu"),
    ("890M", (R890M,), "rocm-gfx1150 directml cpu"),
    ("780M", (R780M,), "rocm-gfx1103 directml cpu"),
    ("680M", (R680M,), "rocm-gfx1035 directml cpu"),
    ("an old integrated Radeon", (VEGA_8,), "cpu directml"),
    ("a card beside the processor's Radeon", (RAPHAEL, RX_7900_XTX), "rocm-gfx1100 directml cpu"),
    ("a card beside a 780M", (R780M, RX_7600), "rocm-gfx1102 directml cpu"),
    ("an old card beside a 780M", (R780M, RX_580), "directml cpu"),
    ("two cards, the larger first", (RX_6600, RX_9070_XT), "rocm-gfx1201 directml cpu"),
    ("one card listed twice", (RX_6600, RX_6600), "rocm-gfx1032 directml cpu"),
    ("RTX 4090", (RTX_4090,), "cuda directml cpu"),
    ("NVIDIA beside Intel's graphics", (UHD_770, GTX_1060), "cuda directml cpu"),
    ("NVIDIA and AMD", (RX_6600, RTX_4090), "cuda directml rocm-gfx1032 cpu"),
    ("Intel's graphics", (UHD_770,), "cpu directml"),
    ("Core Ultra", (ARC_140V,), "cpu directml"),
    ("Intel's card", (UHD_770, ARC_B580), "directml cpu"),
    ("a virtual machine", (VMWARE,), "cpu"),
    ("no driver", (BASIC,), "cpu"),
    ("nothing", (), "cpu"),
]
LINUX = [
    ("RX 9070 XT", (RX_9070_XT,), {}, "rocm-gfx1201 cpu"),
    ("RX 7900 XTX beside the processor's", (RAPHAEL, RX_7900_XTX), {}, "rocm-gfx1100 cpu"),
    ("RX 6700 XT without amdgpu", (RX_6700_XT,), {"kfd": False}, "cpu"),
    ("Strix Halo", (STRIX_HALO,), {}, "rocm-gfx1151 cpu"),
    ("Steam Deck", (DECK,), {}, "cpu"),
    ("RTX 4090", (UHD_770, RTX_4090), {}, "cuda cpu"),
    ("RTX 4090 with nouveau", (RTX_4090,), {"nvidia_driver": False}, "cpu"),
    ("Intel", (UHD_770,), {}, "cpu"),
    ("a virtual machine", (VIRTIO,), {}, "cpu"),
    ("nothing", (), {}, "cpu"),
]


@pytest.mark.parametrize(("adapters", "expected"), [case[1:] for case in WINDOWS], ids=[case[0] for case in WINDOWS])
def test_windows(adapters: tuple[Adapter, ...], expected: str) -> None:
    choice = choose(Machine("windows", windows_cards(Registry(adapters))))
    assert " ".join(option.name for option in choice.options) == expected
    assert all(option.why for option in choice.options)


@pytest.mark.parametrize(("adapters", "kept", "expected"), [c[1:] for c in LINUX], ids=[c[0] for c in LINUX])
def test_linux(adapters: tuple[Adapter, ...], kept: dict[str, bool], expected: str, tmp_path: Path) -> None:
    choice = choose(linux_machine(linux(tmp_path, adapters, **kept)))
    assert " ".join(option.name for option in choice.options) == expected


@pytest.mark.parametrize(
    "adapter", [case[1][0] for case in WINDOWS if len(case[1]) == 1 and case[1][0].vendor == "amd"]
)
def test_a_card_is_known_by_its_name_where_windows_tells_no_id(adapter: Adapter) -> None:
    if adapter in (VEGA_64, VEGA_8):
        assert chip(adapter.name, 0).gfx == ""  # what they are called tells nothing
    else:
        assert chip(adapter.name, 0) == chip("", adapter.device)


def test_a_name_that_says_less_than_the_id_is_not_believed() -> None:
    assert chip("AMD Radeon RX 7900 XTX", 0x73FF).gfx == "gfx1032"
    assert chip("AMD Radeon Something New", 0xFFFF).gfx == ""
    assert not chip("AMD Radeon RX 5500 XT", 0x7340).rocm
    assert "gfx1012" not in ROCM


def test_the_reason_names_the_card() -> None:
    choice = choose(Machine("windows", windows_cards(Registry([RX_7900_XTX]))))
    assert "RX 7900 XTX (gfx1100)" in choice.options[0].why
    assert (
        "AMD makes no PyTorch for Radeon RX 580" in choose(Machine("windows", (Card("Radeon RX 580", "amd"),))).notes[0]
    )


def test_without_amds_wheels_the_next_way_is_taken_and_said() -> None:
    choice = choose(Machine("windows", windows_cards(Registry([RX_7900_XTX]))), rocm_index=False)
    assert [option.name for option in choice.options] == ["directml", "cpu"]
    assert "HELIX_ROCM_INDEX" in choice.notes[0]


@pytest.mark.parametrize(("system", "processor"), [("windows", "arm64"), ("linux", "arm64"), ("macos", "x86_64")])
def test_what_there_are_no_wheels_for_is_refused(system: str, processor: str) -> None:
    choice = choose(Machine(system, processor=processor))
    assert choice.options == ()
    assert processor in choice.notes[0]


def test_apple() -> None:
    assert [option.name for option in choose(Machine("macos", processor="arm64")).options] == ["cpu"]


def test_what_is_a_part_of_the_processor() -> None:
    cards = windows_cards(Registry([RX_7900_XTX, R780M, VEGA_8, UHD_770, ARC_B580, RTX_4090]))
    assert [integrated(card) for card in cards] == [False, True, True, True, False, False]
    assert title(Card("", "nvidia")) == "NVIDIA card"


def test_memory_and_ids_of_windows() -> None:
    cards = windows_cards(Registry([RX_7900_XTX, R680M]))
    assert [(card.device, card.memory) for card in cards] == [(0x744C, 24 * GB), (0x1681, 2 * GB)]
    assert windows_cards(Registry([])) == ()
