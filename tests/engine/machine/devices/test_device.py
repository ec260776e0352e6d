"""Which device is taken: by itself, by kind, by number; and what people can choose from."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from types import SimpleNamespace

import pytest
import torch

from helix_app.base.errors import DeviceError, InputError
from helix_app.engine.machine.devices import device, directml as probe, torch_facts
from helix_app.engine.machine.devices.adapters import Adapter, make_adapter
from helix_app.engine.machine.devices.device import DevicesFound, found_devices, parse_device, pick_device

GB = 2**30
INTEGRATED = make_adapter("directml", 0, "AMD Radeon(TM) Graphics", GB // 2)
DISCRETE = make_adapter("directml", 1, "AMD Radeon RX 7800 XT", 16 * GB)
SOFTWARE = make_adapter("directml", 2, "Microsoft Basic Render Driver")
CARD = make_adapter("cuda", 0, "NVIDIA GeForce RTX 3060", 12 * GB)

Put = Callable[..., None]


@pytest.fixture
def put(monkeypatch: pytest.MonkeyPatch) -> Put:
    """Puts cards into this computer: adapters, or a reason for none, of DirectML and of CUDA."""
    monkeypatch.delenv("HELIX_FORCE_CPU", raising=False)

    def set_up(directml: tuple[Adapter, ...] | str = "missing", cuda: tuple[Adapter, ...] | str = "none") -> None:
        def answer(kind: str, found: tuple[Adapter, ...] | str) -> tuple[Adapter, ...]:
            if isinstance(found, str):
                raise DeviceError(device=kind, reason=f"it is {found}", problem=found)
            return found

        monkeypatch.setattr(device, "directml_adapters", lambda cancel=None: answer("directml", directml))
        monkeypatch.setattr(device, "cuda_adapters", lambda: answer("cuda", cuda))
        library = SimpleNamespace(device=lambda index: torch.device("cpu", index))
        monkeypatch.setitem(sys.modules, "torch_directml", library)

    return set_up


def picked(wanted: str) -> tuple[str, str, int | None]:
    found, why_not = pick_device(wanted)
    assert why_not == ""
    return found.kind, found.name, found.torch_device.index


def test_auto_takes_directml_then_cuda_then_the_cpu(put: Put) -> None:
    put((INTEGRATED, DISCRETE), (CARD,))
    assert picked("auto") == ("directml", DISCRETE.name, 1)
    put("missing", (CARD,))
    assert picked("auto") == ("cuda", CARD.name, 0)
    put()
    assert picked("auto")[0] == "cpu"


def test_auto_never_takes_a_renderer_in_software(put: Put) -> None:
    put((SOFTWARE,), (CARD,))
    assert picked("auto")[0] == "cuda"
    found, why_not = pick_device("directml")
    assert found.kind == "cpu"
    assert why_not == "Microsoft Basic Render Driver renders in software"
    assert picked("directml:2") == ("directml", SOFTWARE.name, 2)


def test_a_kind_takes_its_best_and_a_number_takes_that_one(put: Put) -> None:
    put((INTEGRATED, DISCRETE, SOFTWARE), (CARD,))
    assert picked("directml") == ("directml", DISCRETE.name, 1)
    assert picked("directml:0") == ("directml", INTEGRATED.name, 0)
    assert picked("cuda:0") == ("cuda", CARD.name, 0)
    assert picked("cpu")[0] == "cpu"


def test_a_number_nobody_has_names_those_that_there_are(put: Put) -> None:
    put((INTEGRATED, DISCRETE))
    with pytest.raises(InputError) as caught:
        pick_device("directml:7")
    fields = caught.value.fields
    assert fields["value"] == "directml:7"
    assert "directml:0 (AMD Radeon(TM) Graphics), directml:1 (AMD Radeon RX 7800 XT)" in fields["hint"]


def test_a_number_of_a_kind_that_is_not_there_falls_back(put: Put) -> None:
    put()
    found, why_not = pick_device("directml:1")
    assert (found.kind, why_not) == ("cpu", "it is missing")


@pytest.mark.parametrize("problem", ["crashed", "hung", "raised", "garbled", "not_started", "none"])
def test_auto_says_why_a_library_that_is_there_does_not_work(put: Put, problem: str) -> None:
    put(problem)
    found, why_not = pick_device("auto")
    assert (found.kind, why_not) == ("cpu", f"it is {problem}")
    put(problem, (CARD,))
    assert picked("auto")[0] == "cuda"


def test_auto_says_nothing_where_nothing_is_wrong(put: Put) -> None:
    for directml, cuda in (("missing", "cpu_build"), ("missing", "none"), ("cancelled", "none")):
        put(directml, cuda)
        assert pick_device("auto")[1] == ""
    put("missing", "raised")
    assert pick_device("auto")[1] == "it is raised"


def test_an_adapter_with_a_problem_is_passed_over(put: Put) -> None:
    broken = make_adapter("directml", 1, "AMD Radeon RX 7800 XT", 16 * GB, problem="RuntimeError: suspended")
    put((INTEGRATED, broken))
    assert picked("directml")[2] == 0
    put((broken,))
    assert "RuntimeError: suspended" in pick_device("directml")[1]


def test_a_library_that_refuses_its_device(put: Put, monkeypatch: pytest.MonkeyPatch) -> None:
    put((DISCRETE,), (CARD,))

    def refuse(_index: int) -> None:
        raise RuntimeError("The GPU device instance has been suspended")

    monkeypatch.setitem(sys.modules, "torch_directml", SimpleNamespace(device=refuse))
    assert picked("auto")[0] == "cuda"
    found, why_not = pick_device("directml:1")
    assert found.kind == "cpu"
    assert "suspended" in why_not


def test_the_cpu_can_be_forced(put: Put, monkeypatch: pytest.MonkeyPatch) -> None:
    put((DISCRETE,), (CARD,))
    monkeypatch.setenv("HELIX_FORCE_CPU", "1")
    for wanted in ("auto", "directml", "directml:9", "cuda:0"):
        found, why_not = pick_device(wanted)
        assert (found.kind, why_not) == ("cpu", "HELIX_FORCE_CPU is set")
    assert [item.value for item in found_devices().devices] == ["cpu"]
    monkeypatch.setenv("HELIX_FORCE_CPU", "0")
    assert picked("auto")[0] == "directml"


@pytest.mark.parametrize(
    "wanted", ["abacus", "", "directml:", "directml:x", "directml:-1", "cpu:0", "auto:1", "cuda:²"]
)
def test_what_is_no_device(put: Put, wanted: str) -> None:
    put()
    with pytest.raises(InputError) as caught:
        pick_device(wanted)
    assert caught.value.code == "option_invalid"


def test_parse() -> None:
    assert [parse_device(text) for text in ("auto", "cpu", "cuda", "directml:12")] == [
        ("auto", None),
        ("cpu", None),
        ("cuda", None),
        ("directml", 12),
    ]


# ------------------------------------------------------------------------------- choices


def test_found_devices_are_best_first_without_renderers_and_end_with_the_cpu(put: Put) -> None:
    put((INTEGRATED, DISCRETE, SOFTWARE), (CARD,))
    found = found_devices().devices
    assert [item.value for item in found] == ["directml:1", "directml:0", "cuda:0", "cpu"]
    assert (found[0].kind, found[0].name, found[0].memory_bytes, found[0].discrete) == (
        "directml",
        "AMD Radeon RX 7800 XT",
        16 * GB,
        True,
    )
    put()
    assert [item.value for item in found_devices().devices] == ["cpu"]


def test_a_cancelled_search_says_nothing(put: Put) -> None:
    put((DISCRETE,))
    cancel = threading.Event()
    cancel.set()
    assert found_devices(cancel) == DevicesFound(())


# ------------------------------------------------------------------------------------ CUDA


def cuda(monkeypatch: pytest.MonkeyPatch, *cards: SimpleNamespace, hip: str | None = None) -> None:
    monkeypatch.setattr(torch.version, "cuda", None if hip else "12.4")
    monkeypatch.setattr(torch.version, "hip", hip)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: bool(cards))
    monkeypatch.setattr(torch.cuda, "device_count", lambda: len(cards))
    monkeypatch.setattr(torch.cuda, "get_device_properties", lambda index: cards[index])


def test_cuda_lists_every_card(monkeypatch: pytest.MonkeyPatch) -> None:
    cuda(
        monkeypatch,
        SimpleNamespace(name="NVIDIA Orin", total_memory=30 * GB, is_integrated=1),
        SimpleNamespace(name="NVIDIA GeForce RTX 3060", total_memory=12 * GB),
    )
    assert [(a.value, a.memory_bytes, a.discrete, a.title) for a in torch_facts.cuda_adapters()] == [
        ("cuda:0", 30 * GB, False, "NVIDIA Orin"),
        ("cuda:1", 12 * GB, True, "NVIDIA GeForce RTX 3060"),
    ]


def test_rocm_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    card = SimpleNamespace(name="AMD Radeon Graphics", total_memory=16 * GB, is_integrated=0)
    cuda(monkeypatch, card, hip="6.2")
    (adapter,) = torch_facts.cuda_adapters()
    assert (adapter.title, adapter.discrete) == ("AMD Radeon Graphics (ROCm)", True)
    assert device.device_of(adapter).name == "AMD Radeon Graphics (ROCm)"


def why_no_cuda() -> tuple[str, str]:
    with pytest.raises(DeviceError) as caught:
        torch_facts.cuda_adapters()
    return caught.value.fields["problem"], caught.value.fields["reason"]


def test_why_there_is_no_cuda(monkeypatch: pytest.MonkeyPatch) -> None:
    cuda(monkeypatch)
    assert why_no_cuda() == ("none", "PyTorch finds no CUDA device")
    cuda(monkeypatch, hip="6.2")
    assert why_no_cuda() == ("none", "PyTorch finds no ROCm device")
    cuda(monkeypatch, SimpleNamespace())

    def fail(_index: int) -> None:
        raise RuntimeError("CUDA driver initialization failed")

    monkeypatch.setattr(torch.cuda, "get_device_properties", fail)
    assert why_no_cuda() == ("raised", "the CUDA driver does not answer")
    monkeypatch.setattr(torch.version, "cuda", None)
    assert why_no_cuda()[0] == "cpu_build"


def test_the_whole_way_from_the_library_to_a_device(monkeypatch: pytest.MonkeyPatch) -> None:
    """Over the stand-in: the integrated card is listed first, and the discrete one wins."""
    from tests.engine.machine.devices.test_directml import STAND_INS

    probe.forget()
    monkeypatch.delenv("HELIX_FORCE_CPU", raising=False)
    monkeypatch.setenv("PYTHONPATH", str(STAND_INS))
    monkeypatch.syspath_prepend(str(STAND_INS))
    monkeypatch.setenv("HELIX_STAND_IN", "two")
    monkeypatch.delitem(sys.modules, "torch_directml", raising=False)
    try:
        found, why_not = pick_device("auto")
    finally:
        probe.forget()
        sys.modules.pop("torch_directml", None)
    assert (found.kind, found.name, found.torch_device.index, why_not) == ("directml", "AMD Radeon RX 7800 XT", 1, "")
