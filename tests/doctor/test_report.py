"""The report of ``doctor``, as text and as an object: everything is in it, and nothing of the person's."""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from helix_app.doctor import report as doctor
from helix_app.doctor.checkup import Facts, LibraryFacts, PackedFacts, Trouble
from helix_app.doctor.findings import findings
from helix_app.doctor.folders import FolderFact
from helix_app.engine.machine.devices.adapters import make_adapter
from helix_app.engine.machine.measured_file import Entry
from helix_app.hub import registry
from tests.doctor.test_findings import CASES, DISCRETE, FINE, INTEGRATED, SOFTWARE, with_test

FULL = replace(
    FINE,
    directml=LibraryFacts("directml", (INTEGRATED, DISCRETE, SOFTWARE)),
    cuda=LibraryFacts("cuda", (), Trouble("cpu_build", "this PyTorch was built without CUDA and ROCm")),
    cpu="Some CPU",
    cores=16,
    versions={"Helix": "1.0", "PySide6-Essentials": ""},
    environment={"HELIX_FORCE_CPU": "0"},
    crash=("Fatal Python error: Segmentation fault", '  File "/some/where/torch/nn/x.py", line 7 in f'),
)


def text_of(facts: Facts) -> str:
    return "\n".join(doctor.as_text(facts, findings(facts)))


def test_text() -> None:
    lines = text_of(FULL).splitlines()
    devices = lines[lines.index("Devices") + 1 : lines.index("Devices") + 6]
    assert devices == [
        "  directml:1  DirectML: AMD Radeon RX 7800 XT, 16 GB, a card of its own; auto takes this one",
        "  directml:0  DirectML: AMD Radeon(TM) Graphics, 512 MB, part of the processor; "
        "not taken by auto: directml:1 comes first",
        "  directml:2  DirectML: Microsoft Basic Render Driver, memory not known; "
        "never taken by auto: it is no graphics card",
        "  cuda        none: this PyTorch was built without CUDA and ROCm",
        "  cpu         Some CPU; not taken by auto: directml:1 comes first",
    ]
    assert "  PySide6-Essentials  not installed" in lines
    assert "  instructions    AVX512" in lines
    assert "  smollm2-135m-instruct  SmolLM2 135M Instruct, 100.0 MB, verified" in lines
    assert "  HELIX_FORCE_CPU  0" in lines
    assert any(line.startswith("  cpu  passed: logits differ by 0") for line in lines)
    assert '    File "x.py", line 7 in f' in lines
    assert lines[-2:] == ["What is wrong and what to do", "  Nothing is wrong."]


def test_forms_of_packed_products() -> None:
    def told(packed: PackedFacts) -> list[str]:
        lines = text_of(replace(FULL, packed=packed)).splitlines()
        computer = lines[lines.index("Computer") + 1 : lines.index("Devices") - 1]
        return [" ".join(line.split()) for line in computer if "packed" in line or "VNNI" in line or "_" in line]

    assert told(PackedFacts()) == []
    assert told(PackedFacts(first="avx2")) == ["packed products AVX2"]
    assert told(PackedFacts(first="generic")) == ["packed products instructions of any processor"]
    assert told(PackedFacts(Trouble("raised", "no llvmlite"))) == ["packed products none: no llvmlite"]
    assert told(PackedFacts(Trouble("crashed"))) == ["packed products none: crashed"]
    taken = (("Q8_0", "vnni512", 0.71), ("Q4_K", "avx2", 1.0))
    assert told(PackedFacts(first="avx2", others=("vnni256", "vnni512"), taken=taken)) == [
        "packed products AVX2, or VNNI in 256 bits or VNNI in 512 bits where it is found faster when a model needs it",
        "Q8_0 VNNI in 512 bits, 71 % of the time of AVX2",
        "Q4_K AVX2",
    ]


@pytest.mark.parametrize("facts", [facts for _, facts in CASES], ids=[code for code, _ in CASES])
def test_every_finding_is_told(facts: Facts) -> None:
    (found,) = findings(facts)
    assert f"  - {doctor.finding_text(found)}" in text_of(facts)
    assert "Nothing is wrong" not in text_of(facts)


def test_operators_are_told_once_they_are_counted() -> None:
    assert "operators" not in text_of(FULL)
    assert "  DirectML operators  40 DirectML, 2 CPU" in text_of(replace(FULL, operators={"DirectML": 40, "CPU": 2}))


def test_the_home_folder_is_not_told(monkeypatch: pytest.MonkeyPatch) -> None:
    home = Path("/home/somebody") if os.name != "nt" else Path(r"C:\Users\somebody")
    monkeypatch.setattr(Path, "home", lambda: home)
    other = str(home) + "-else"
    facts = replace(
        FINE,
        folders=(FolderFact("logs", str(home / "logs"), 1, False), FolderFact("data", other, 1, True)),
        settings_error=f"PermissionError: {home}",
    )
    text = text_of(facts)
    assert str(home / "logs") not in text
    assert f"in ~{os.sep}logs" in text
    assert other in text
    content = json.dumps(doctor.as_object(facts, findings(facts)))
    assert "somebody/logs" not in content.replace("\\\\", "/")
    assert "PermissionError: ~" in content


def test_object() -> None:
    facts = replace(FULL, models=())
    content = json.loads(json.dumps(doctor.as_object(facts, findings(facts))))
    assert content["auto"] == "directml:1"
    assert content["can_run"] is True
    assert content["directml"]["adapters"][1]["memory_bytes"] == 16 * 2**30
    assert [found["code"] for found in content["findings"]] == ["no_model"]
    assert content["findings"][0]["text"].startswith("No model is on this computer yet.")


def test_memory_of_rocm_cards() -> None:
    card = make_adapter("cuda", 0, "AMD Radeon RX 7900 XTX", 24 * 2**30, rocm=True)
    assert doctor.describe(card) == "AMD Radeon RX 7900 XTX (ROCm), 24 GB, a card of its own"


def test_a_failed_self_test_is_told() -> None:
    failed = replace(FINE, self_tests=with_test(whole=False, tokens_equal=False, difference=0.25))
    assert "  cpu  FAILED: logits differ by 0.2, other tokens" in text_of(failed)


MEASURED = (
    Entry(
        "seconds a step: llama, 30 layers", "Some CPU | 2 threads", {"float32": 0.0771, "bfloat16": 0.0357}, 0.0, 1.1
    ),
    Entry("rows over one: llama, 30 layers", "Some CPU | 2 threads", {"5": 3.18, "2": 1.6}, 0.0, 1.25),
    Entry("linear torch.float32 8 x 8", "Some CPU | 2 threads", {"plain": 1.0}, 0.0, 1.0),
    Entry("reference product", "Some CPU | 2 threads", 2e-5, 0.0, 1.0),
)


def test_what_is_kept_of_measurements_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "time", lambda: 3.0 * 86400)
    lines = text_of(replace(FULL, measured=MEASURED)).splitlines()
    at = lines.index("Measured on this computer (`doctor --forget-measured` measures again)")
    assert lines[at + 1 : at + 4] == [
        "  a plain step  bfloat16 35.7 ms, float32 77.1 ms (llama, 30 layers; 3 days old, other programs took 10 %)",
        "  more rows     2 cost 1.6 times one, 5 cost 3.2 times one "
        "(llama, 30 layers; 3 days old, other programs took 25 %)",
        "  kernels       1 comparison, kept for 30 days",
    ]
    assert "Measured on this computer" not in text_of(FULL)


# --------------------------------------------------------------------------- sizes, and looking


@pytest.mark.parametrize(
    ("count", "text"),
    [(2**30 * 16, "16 GB"), (2**30, "1 GB"), (2**30 - 2**20, "1023 MB"), (2**29, "512 MB")],
)
def test_memory_of_cards_is_told_in_powers_of_two(count: int, text: str) -> None:
    assert doctor.memory_size(count) == text


def test_what_is_not_known_is_a_dash() -> None:
    assert doctor.size(None) == "–"
    assert doctor.size(0) != "–"


def test_models_of_the_hub_and_files_of_ones_own_are_models_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HELIX_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("HELIX_MODELS", str(tmp_path / "models"))
    monkeypatch.setattr(doctor, "gather", lambda models, needs, **_: replace(FULL, models=models))
    name = registry.take("owner/repo", (registry.HubFile("small.gguf", 4),))
    for file in (tmp_path / "models" / name / "small.gguf", tmp_path / "models" / "copied.gguf", tmp_path / "own.gguf"):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(b"GGUF")
    registry.add([tmp_path / "own.gguf", tmp_path / "gone.gguf"])
    facts, found = doctor.examine(threading.Event(), lambda _: None)
    assert [(model.id, model.bytes, model.verified) for model in facts.models] == [
        (name, 4, False),
        ("own.gguf", 4, None),
        ("copied.gguf", 4, None),
    ]
    assert "no_model" not in [finding.code for finding in found]
    assert "  copied.gguf  4 bytes, of your own" in text_of(facts)


def test_looking_goes_on_where_nobody_can_say_which_models_there_are(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> None:
        raise OSError("no catalog")

    asked: list[object] = []
    told: list[str] = []

    def gather(models: object, needs: int, *, on_progress: Callable[[str], None], **_: object) -> Facts:
        asked.extend((models, needs))
        for what in ("torch", "directml", "cuda:0"):
            on_progress(what)
        return replace(FULL, models=())

    monkeypatch.setattr("helix_app.hub.registry.load_catalog", broken)
    monkeypatch.setattr(doctor, "gather", gather)
    facts, found = doctor.examine(threading.Event(), told.append)
    assert asked == [(), 0]
    assert told == ["Looking at PyTorch…", "Looking for graphics cards…", "Testing cuda:0…"]
    assert (facts.cpu, [finding.code for finding in found]) == ("Some CPU", ["no_model"])
