"""Which of several cards is the best, by name and memory."""

from __future__ import annotations

import pytest

from helix_app.engine.machine.devices.adapters import best, best_first, is_discrete, is_software, make_adapter

GB = 2**30


@pytest.mark.parametrize(
    "name",
    [
        "AMD Radeon(TM) Graphics",
        "AMD Radeon Graphics",
        "AMD Radeon(TM) Vega 8 Graphics",
        "AMD Radeon(TM) RX Vega 11 Graphics",
        "AMD Radeon(TM) R5 Graphics",
        "AMD Radeon 780M Graphics",
        "AMD Radeon(TM) 680M",
        "AMD Radeon(TM) 8060S Graphics",
        "Intel(R) UHD Graphics 770",
        "Intel(R) HD Graphics 4600",
        "Intel(R) Iris(R) Xe Graphics",
        "Intel(R) Graphics",
        "Intel(R) Arc(TM) Graphics",
        "Intel(R) Arc(TM) 140V GPU (16GB)",
        "Qualcomm(R) Adreno(TM) X1-85 GPU",
        "Orin (nvgpu)",
    ],
)
def test_integrated_by_name_however_much_memory_it_borrows(name: str) -> None:
    assert is_discrete(name, 16 * GB) is False


@pytest.mark.parametrize(
    "name",
    [
        "AMD Radeon RX 7800 XT",
        "Radeon RX Vega 64",
        "AMD Radeon RX 6600M",
        "AMD Radeon Pro W7900",
        "AMD Radeon VII",
        "AMD Instinct MI300X",
        "NVIDIA GeForce GTX 1050",
        "NVIDIA GeForce RTX 4070 Laptop GPU",
        "NVIDIA H100 80GB HBM3",
        "Quadro P600",
        "Intel(R) Arc(TM) A770 Graphics",
        "Intel(R) Arc(TM) B580 Graphics",
        "Intel(R) Arc(TM) Pro A60 Graphics",
    ],
)
def test_discrete_by_name_however_little_memory_it_has(name: str) -> None:
    assert is_discrete(name, GB) is True


@pytest.mark.parametrize(("memory", "discrete"), [(None, None), (2 * GB, False), (2 * GB + 1, True)])
def test_a_name_that_says_nothing_leaves_it_to_the_memory(memory: int | None, discrete: bool | None) -> None:
    assert is_discrete("Graphics Adapter 3000", memory) is discrete


@pytest.mark.parametrize("name", ["Microsoft Basic Render Driver", "llvmpipe (LLVM 15)", "Microsoft Basic Display"])
def test_renderers_in_software(name: str) -> None:
    assert is_software(name)
    assert is_discrete(name, 32 * GB) is False


def test_the_library_knows_better_than_the_name() -> None:
    assert make_adapter("cuda", 0, "AMD Radeon Graphics", 16 * GB, integrated=False).discrete is True
    assert make_adapter("cuda", 0, "NVIDIA GB10", 120 * GB, integrated=True).discrete is False


def test_best_first() -> None:
    listed = [
        make_adapter("directml", 0, "Microsoft Basic Render Driver"),
        make_adapter("directml", 1, "AMD Radeon(TM) Graphics", 4 * GB),
        make_adapter("directml", 2, "NVIDIA GeForce RTX 4090", 24 * GB, problem="RuntimeError"),
        make_adapter("directml", 3, "AMD Radeon RX 6400", 4 * GB),
        make_adapter("directml", 4, "AMD Radeon RX 7800 XT", 16 * GB),
        make_adapter("directml", 5, "Something", None),
    ]
    assert [adapter.index for adapter in best_first(listed)] == [4, 3, 5, 1, 0, 2]
    assert best(listed) is listed[4]
    assert best([listed[0], listed[2]]) is None
    twins = [make_adapter("cuda", 0, "NVIDIA A100", 40 * GB), make_adapter("cuda", 1, "NVIDIA A100", 40 * GB)]
    assert best(twins) is twins[0]


def test_names_for_people_and_for_settings() -> None:
    adapter = make_adapter("cuda", 1, "AMD Radeon RX 7900 XTX", 24 * GB, rocm=True)
    assert (adapter.value, adapter.title) == ("cuda:1", "AMD Radeon RX 7900 XTX (ROCm)")
