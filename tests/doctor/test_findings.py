"""Each finding of the doctor on facts that are made up."""

from __future__ import annotations

from dataclasses import replace

import pytest

from helix_app.base import messages
from helix_app.doctor import findings as module
from helix_app.doctor.checkup import Facts, LibraryFacts, ModelFact, SelfTest, TorchFacts, Trouble
from helix_app.doctor.findings import finding, findings, state_of
from helix_app.doctor.folders import FolderFact
from helix_app.engine.machine.devices.adapters import make_adapter
from helix_app.engine.machine.hardware import Card

GB = 2**30
RADEON, GEFORCE, UHD = (
    Card("AMD Radeon RX 7800 XT", "amd", 16 * GB),
    Card("NVIDIA GeForce RTX 3060", "nvidia", 12 * GB),
    Card("Intel(R) UHD Graphics 770", "intel", GB // 8),
)
INTEGRATED = make_adapter("directml", 0, "AMD Radeon(TM) Graphics", GB // 2)
DISCRETE = make_adapter("directml", 1, "AMD Radeon RX 7800 XT", 16 * GB)
SOFTWARE = make_adapter("directml", 2, "Microsoft Basic Render Driver")
NO_DIRECTML = LibraryFacts("directml", (), Trouble("missing", "torch-directml is not installed"))
CPU_BUILD = LibraryFacts("cuda", (), Trouble("cpu_build", "this PyTorch was built without CUDA and ROCm"))
FINE = Facts(
    system="linux",
    torch=TorchFacts(version="2.13.0+cpu", capability="AVX512", threads=8, import_seconds=2.0),
    directml=NO_DIRECTML,
    cuda=CPU_BUILD,
    memory_total=32 * GB,
    memory_free=16 * GB,
    models_disk_free=100 * GB,
    models=(ModelFact("smollm2-135m-instruct", 10**8, True, "SmolLM2 135M Instruct"),),
    model_needs=GB,
    folders=(FolderFact("models", "/data/models", 0, True),),
    self_tests=(SelfTest("cpu", whole=True, difference=0.0, tokens_equal=True, first_ms=3.0, second_ms=2.0),),
)
WINDOWS = replace(FINE, system="windows")


def library(problem: str, reason: str = "it says so", kind: str = "directml", detail: str = "") -> LibraryFacts:
    return LibraryFacts(kind, (), Trouble(problem, reason, detail))


def torch_trouble(problem: str) -> TorchFacts:
    return TorchFacts(Trouble(problem, "ImportError: no DLL"))


def with_test(**values: object) -> tuple[SelfTest, ...]:
    return (replace(FINE.self_tests[0], **values),)


CASES = [
    ("torch_missing", replace(FINE, torch=torch_trouble("missing"))),
    ("torch_broken", replace(FINE, torch=torch_trouble("raised"))),
    ("torch_broken", replace(FINE, torch=torch_trouble("crashed"))),
    ("torch_broken_windows", replace(WINDOWS, torch=torch_trouble("raised"))),
    ("torch_hung", replace(FINE, torch=torch_trouble("hung"))),
    ("package_missing", replace(FINE, missing=("gguf", "numpy"))),
    ("forced_cpu", replace(FINE, forced_cpu=True)),
    ("directml_missing", replace(WINDOWS, cards=(RADEON,))),
    ("directml_missing", replace(WINDOWS, cards=(UHD,))),
    ("directml_python", replace(WINDOWS, cards=(RADEON,), python=(3, 13))),
    *(
        (f"directml_{problem}", replace(WINDOWS, cards=(RADEON,), directml_installed=True, directml=library(problem)))
        for problem in ("crashed", "hung", "none")
    ),
    *(
        ("directml_unusable", replace(WINDOWS, cards=(RADEON,), directml_installed=True, directml=library(problem)))
        for problem in ("raised", "garbled", "not_started")
    ),
    (
        "directml_adapter",
        replace(
            WINDOWS,
            directml_installed=True,
            directml=LibraryFacts("directml", (INTEGRATED, replace(DISCRETE, problem="RuntimeError"))),
        ),
    ),
    ("directml_software", replace(WINDOWS, directml_installed=True, directml=LibraryFacts("directml", (SOFTWARE,)))),
    ("cpu_torch_nvidia", replace(FINE, nvidia_driver=True)),
    ("cpu_torch_nvidia", replace(WINDOWS, cards=(UHD, GEFORCE))),
    ("cpu_torch_amd", replace(FINE, cards=(RADEON,), kfd=True)),
    ("cuda_finds_none", replace(FINE, cards=(GEFORCE,), cuda=library("none", kind="cuda"))),
    (
        "kfd_closed",
        replace(FINE, kfd=True, torch=replace(FINE.torch, hip="6.2"), cuda=library("none", kind="cuda")),
    ),
    (
        "rocm_finds_none",
        replace(FINE, kfd=True, kfd_open=True, torch=replace(FINE.torch, hip="6.2"), cuda=library("none", kind="cuda")),
    ),
    ("cuda_driver", replace(FINE, cards=(GEFORCE,), cuda=library("raised", kind="cuda", detail="RuntimeError: 804"))),
    ("self_test_failed", replace(FINE, self_tests=with_test(trouble=Trouble("raised", "RuntimeError: no kernel")))),
    ("self_test_crashed", replace(FINE, self_tests=with_test(trouble=Trouble("crashed", "signal 11")))),
    ("self_test_hung", replace(FINE, self_tests=with_test(trouble=Trouble("hung")))),
    ("self_test_wrong", replace(FINE, self_tests=with_test(whole=False, difference=0.5))),
    ("self_test_wrong", replace(FINE, self_tests=with_test(whole=False, difference=None))),
    ("self_test_wrong", replace(FINE, self_tests=with_test(whole=False, tokens_equal=False))),
    ("slow_first", replace(FINE, self_tests=with_test(first_ms=9000.0, second_ms=20.0))),
    ("slow_import", replace(FINE, torch=replace(FINE.torch, import_seconds=41.0))),
    ("memory_short", replace(FINE, memory_total=GB // 2)),
    ("memory_low", replace(FINE, memory_free=GB // 2)),
    ("folder_read_only", replace(FINE, folders=(FolderFact("logs", "/logs", 0, False),))),
    ("folder_unreadable", replace(FINE, folders=(FolderFact("logs", "/logs", None, True),))),
    ("disk_low", replace(FINE, models_disk_free=10**9)),
    ("settings_damaged", replace(FINE, settings_error="JSONDecodeError: line 1")),
    ("no_model", replace(FINE, models=())),
]


@pytest.mark.parametrize(("code", "facts"), CASES, ids=[code for code, _ in CASES])
def test_finding(code: str, facts: Facts) -> None:
    assert [found.code for found in findings(facts)] == [code]
    found = findings(facts)[0]
    text = messages.finding_text(found.code, found.fields)
    assert "–" not in text  # every field is there
    assert text != code


def test_every_finding_has_a_case() -> None:
    assert {code for code, _ in CASES} == set(messages.FINDINGS)


USES_DIRECTML = replace(
    WINDOWS, cards=(RADEON,), directml_installed=True, directml=LibraryFacts("directml", (INTEGRATED, DISCRETE))
)
NOTHING_WRONG = [
    FINE,
    replace(FINE, cards=(UHD,)),  # Linux has no DirectML for it
    replace(FINE, cards=(RADEON,)),  # no compute driver: nothing that a package would change
    replace(WINDOWS, cards=(RADEON,), cuda=LibraryFacts("cuda", (make_adapter("cuda", 0, "AMD Radeon", rocm=True),))),
    USES_DIRECTML,
    replace(USES_DIRECTML, cards=(RADEON, GEFORCE)),
    replace(FINE, memory_total=None, memory_free=None, models_disk_free=None),
    replace(FINE, self_tests=()),
    replace(FINE, self_tests=with_test(first_ms=900.0, second_ms=1.0)),
    replace(FINE, self_tests=with_test(first_ms=9000.0, second_ms=8000.0)),
    replace(FINE, self_tests=with_test(trouble=Trouble("cancelled"))),
    replace(FINE, directml_installed=True, directml=library("cancelled")),
]


@pytest.mark.parametrize("facts", NOTHING_WRONG, ids=range(len(NOTHING_WRONG)))
def test_nothing_is_wrong(facts: Facts) -> None:
    assert findings(facts) == ()


def test_what_is_named_in_a_finding() -> None:
    (found,) = findings(replace(WINDOWS, cards=(GEFORCE, RADEON), nvidia_driver=False))
    assert found == finding("cpu_torch_nvidia", version="2.13.0+cpu")
    (found,) = findings(replace(WINDOWS, cards=(UHD, RADEON), python=(3, 13)))
    assert found == finding("directml_python", card=UHD.name, python="3.13")
    (found,) = findings(replace(FINE, memory_free=512 * 10**6))
    assert dict(found.fields) == {"free": "512 MB", "needs": "1.1 GB"}


# ------------------------------------------------------------- auto, and what it passes over


def test_auto() -> None:
    both = replace(USES_DIRECTML, cuda=LibraryFacts("cuda", (make_adapter("cuda", 0, "NVIDIA T400"),)))
    assert both.auto == "directml:1"
    assert [state_of(adapter, both) for adapter in both.adapters] == [
        ("behind", {"other": "directml:1"}),
        ("taken", {}),
        ("behind", {"other": "directml:1"}),
    ]
    forced = replace(both, forced_cpu=True)
    assert (forced.auto, state_of(DISCRETE, forced)) == ("cpu", ("forced", {}))
    assert replace(both, directml=LibraryFacts("directml", (SOFTWARE,))).auto == "cuda:0"
    assert state_of(SOFTWARE, FINE) == ("software", {})
    assert state_of(replace(DISCRETE, problem="gone"), FINE) == ("problem", {"reason": "gone"})
    assert FINE.auto == "cpu"


def test_every_state_has_words() -> None:
    assert {"taken", "behind", "forced", "software", "problem"} == set(messages.DEVICE_STATES)


def test_where_the_engine_can_run() -> None:
    wrong = with_test(whole=False)
    assert FINE.can_run
    assert replace(FINE, self_tests=()).can_run
    assert not replace(FINE, torch=torch_trouble("missing")).can_run
    assert not replace(FINE, missing=("numpy",)).can_run
    assert not replace(FINE, self_tests=wrong).can_run
    assert replace(FINE, self_tests=(*wrong, SelfTest("cuda:0", whole=True))).can_run
    assert replace(FINE, self_tests=(*FINE.self_tests, SelfTest("cuda:0", whole=False))).can_run


def test_pythons_are_those_of_the_project() -> None:
    """The extra ``directml`` of pyproject.toml ends where the wheels end."""
    assert module.DIRECTML_PYTHONS[-1] == (3, 12)
