"""What is wrong, from the facts of ``checkup.py``: codes and numbers whose sentences are in ``messages.py``. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from helix_app.base.sizes import size_text
from helix_app.doctor.checkup import Facts, SelfTest
from helix_app.engine.machine.devices.adapters import Adapter

DIRECTML_PYTHONS = ((3, 10), (3, 11), (3, 12))  # that torch-directml has wheels for
_MB, _GB = 10**6, 10**9
_LOW_DISK = 2 * _GB
_SLOW_FIRST = 10.0  # times a second pass, and more than _SLOW_FIRST_MS
_SLOW_FIRST_MS = 1000.0
_SLOW_IMPORT = 20.0  # seconds


@dataclass(frozen=True)
class Finding:
    """Something that is wrong or in the way: a key of ``messages.FINDINGS`` and what its sentence names."""

    code: str
    fields: tuple[tuple[str, str], ...] = ()


def finding(code: str, **fields: object) -> Finding:
    """A finding with these fields."""
    return Finding(code, tuple((name, str(value)) for name, value in fields.items()))


def findings(facts: Facts) -> tuple[Finding, ...]:
    """Everything that is wrong, what stops Helix first."""
    return (
        *_libraries(facts),
        *_devices(facts),
        *_self_tests(facts),
        *_memory(facts),
        *_files(facts),
    )


def state_of(adapter: Adapter, facts: Facts) -> tuple[str, dict[str, str]]:
    """Why ``auto`` takes this adapter or does not: a key of ``messages.DEVICE_STATES`` and its fields."""
    if adapter.value == facts.auto:
        return "taken", {}
    if facts.forced_cpu:
        return "forced", {}
    if adapter.problem:
        return "problem", {"reason": adapter.problem}
    if adapter.software:
        return "software", {}
    return "behind", {"other": facts.auto}


def _libraries(facts: Facts) -> Iterator[Finding]:
    trouble = facts.torch.trouble
    if trouble.problem == "missing":
        yield finding("torch_missing")
    elif trouble.problem == "hung":
        yield finding("torch_hung")
    elif trouble.problem and trouble.problem != "cancelled":
        windows = facts.system == "windows"
        yield finding("torch_broken_windows" if windows else "torch_broken", reason=trouble.reason)
    others = [name for name in facts.missing if name != "torch"]
    if others:
        yield finding("package_missing", packages=", ".join(others))


def _devices(facts: Facts) -> Iterator[Finding]:
    if facts.forced_cpu:
        yield finding("forced_cpu")
    vendors = {card.vendor for card in facts.cards}
    nvidia = "nvidia" in vendors or facts.nvidia_driver
    works = any(adapter.usable for adapter in facts.adapters)
    trouble = facts.directml.trouble
    if facts.directml_installed:
        if trouble.problem in ("crashed", "hung", "none"):
            yield finding(f"directml_{trouble.problem}", reason=trouble.reason)
        elif trouble.problem and trouble.problem != "cancelled":
            yield finding("directml_unusable", reason=trouble.reason)
        for adapter in facts.directml.adapters:
            if adapter.problem:
                yield finding("directml_adapter", name=adapter.name, reason=adapter.problem)
        if facts.directml.adapters and all(adapter.software for adapter in facts.directml.adapters):
            yield finding("directml_software", name=facts.directml.adapters[0].name)
    if works:
        return
    if facts.system == "windows" and not facts.directml_installed and not nvidia and vendors & {"amd", "intel"}:
        card = next(card.name for card in facts.cards if card.vendor in ("amd", "intel"))
        if facts.python in DIRECTML_PYTHONS:
            yield finding("directml_missing", card=card)
        else:
            yield finding("directml_python", card=card, python="{}.{}".format(*facts.python))
    yield from _cuda(facts, nvidia)


def _cuda(facts: Facts, nvidia: bool) -> Iterator[Finding]:
    """CUDA and ROCm, where no card works."""
    problem = facts.cuda.trouble.problem
    if problem == "cpu_build" and nvidia:
        yield finding("cpu_torch_nvidia", version=facts.torch.version)
    elif problem == "cpu_build" and facts.kfd:
        yield finding("cpu_torch_amd", version=facts.torch.version)
    elif problem == "none" and facts.torch.hip and facts.kfd and not facts.kfd_open:
        yield finding("kfd_closed")
    elif problem == "none" and facts.torch.hip:
        yield finding("rocm_finds_none")
    elif problem == "none" and nvidia:
        yield finding("cuda_finds_none", cuda=facts.torch.cuda or "")
    elif problem == "raised":
        detail = facts.cuda.trouble.detail.partition("\n")[0]
        yield finding("cuda_driver", reason=detail or facts.cuda.trouble.reason)


def _self_tests(facts: Facts) -> Iterator[Finding]:
    names = {adapter.value: adapter.title for adapter in facts.adapters} | {"cpu": "CPU"}
    for test in facts.self_tests:
        name, trouble = names.get(test.device, test.device), test.trouble
        if trouble.problem == "cancelled":
            continue
        if trouble.problem == "hung":
            yield finding("self_test_hung", device=name)
        elif trouble.problem:
            code = "self_test_crashed" if trouble.problem == "crashed" else "self_test_failed"
            yield finding(code, device=name, reason=trouble.reason.partition("\n")[0])
        elif not test.whole:
            yield finding("self_test_wrong", device=name, difference=_difference(test))
        elif _slow_first(test):
            first, second = test.first_ms or 0.0, test.second_ms or 0.0
            yield finding("slow_first", device=name, first=f"{first / 1000:.1f} s", second=f"{second:.0f} ms")
    seconds = facts.torch.import_seconds
    if seconds is not None and seconds > _SLOW_IMPORT:
        yield finding("slow_import", seconds=f"{seconds:.0f}")


def _difference(test: SelfTest) -> str:
    if test.difference is None:
        return "numbers that are not numbers"
    return f"logits differ by {test.difference:.2g}" if test.tokens_equal else "other tokens"


def _slow_first(test: SelfTest) -> bool:
    if test.first_ms is None or test.second_ms is None:
        return False
    return test.first_ms > _SLOW_FIRST_MS and test.first_ms > _SLOW_FIRST * test.second_ms


def _memory(facts: Facts) -> Iterator[Finding]:
    needs = facts.model_needs
    if facts.memory_total is not None and facts.memory_total < needs:
        yield finding("memory_short", total=_size(facts.memory_total), needs=_size(needs))
    elif facts.memory_free is not None and facts.memory_free < needs:
        yield finding("memory_low", free=_size(facts.memory_free), needs=_size(needs))


def _files(facts: Facts) -> Iterator[Finding]:
    for folder in facts.folders:
        if not folder.writable:
            yield finding("folder_read_only", folder=folder.path)
        elif folder.bytes is None:
            yield finding("folder_unreadable", folder=folder.path)
    if facts.models_disk_free is not None and facts.models_disk_free < _LOW_DISK:
        where = next((folder.path for folder in facts.folders if folder.name == "models"), "")
        yield finding("disk_low", free=_size(facts.models_disk_free), folder=where)
    if facts.settings_error:
        yield finding("settings_damaged", reason=facts.settings_error)
    if not facts.models:
        yield finding("no_model")


def _size(count: int) -> str:
    return size_text(count)
