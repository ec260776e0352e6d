"""Which forms of products a processor has, by its features as LLVM names them."""

from __future__ import annotations

import platform
import sys
from types import SimpleNamespace

import pytest

from helix_app.engine.kernels.packed import processor as processors
from helix_app.engine.kernels.packed.processor import NoKernelsError, processor_of, this_processor

_AVX2 = "sse3 ssse3 sse4.1 sse4.2 popcnt avx avx2 fma f16c bmi bmi2 lzcnt movbe "
_AVX512 = _AVX2 + "avx512f avx512cd avx512bw avx512dq avx512vl "
_ICE_LAKE = _AVX512 + "avx512ifma avx512vbmi avx512vbmi2 avx512vnni avx512bitalg avx512vpopcntdq gfni vaes vpclmulqdq "
VNNI256, BOTH = ("vnni256",), ("vnni256", "vnni512")

RECORDED = [
    ("Zen 2", "x86_64", _AVX2 + "sse4a clwb rdpid", "avx2", ()),
    ("Zen 3", "AMD64", _AVX2 + "sse4a vaes vpclmulqdq invpcid pku", "avx2", ()),
    ("Zen 4", "AMD64", _ICE_LAKE + "sse4a avx512bf16", "avx2", BOTH),
    ("Zen 5", "x86_64", _ICE_LAKE + "sse4a avx512bf16 avx512vp2intersect avxvnni movdiri", "avx2", BOTH),
    ("Zen 4, whose AVX-512 the system does not save", "x86_64", _AVX2 + "sse4a gfni vaes", "avx2", ()),
    ("Sandy Bridge", "x86_64", "sse3 ssse3 sse4.1 sse4.2 popcnt avx", "generic", ()),
    ("Haswell", "x86_64", _AVX2, "avx2", ()),
    ("Skylake-X", "x86_64", _AVX512 + "clwb pku", "avx2", ()),
    ("Cascade Lake", "x86_64", _AVX512 + "clwb pku avx512vnni", "avx2", BOTH),
    ("Knights Mill", "x86_64", _AVX2 + "avx512f avx512cd avx512er avx512pf avx5124vnniw", "avx2", ()),
    ("Ice Lake", "x86_64", _ICE_LAKE + "sha", "avx2", BOTH),
    ("Alder Lake", "AMD64", _AVX2 + "sha gfni vaes vpclmulqdq avxvnni serialize waitpkg hreset", "avx2", VNNI256),
    ("Alder Lake-N", "x86_64", _AVX2 + "sha gfni vaes vpclmulqdq avxvnni", "avx2", VNNI256),
    ("Arrow Lake", "x86_64", _AVX2 + "sha gfni avxvnni avxvnniint8 avxifma", "avx2", VNNI256),
    ("Sapphire Rapids", "x86_64", _ICE_LAKE + "avx512bf16 avx512fp16 avxvnni amx-tile amx-int8", "avx2", BOTH),
    ("Atom (Goldmont)", "x86_64", "sse3 ssse3 sse4.1 sse4.2 popcnt movbe sha", "generic", ()),
    ("Neoverse", "aarch64", "neon fullfp16 dotprod i8mm sve bf16", "generic", ()),
    ("Apple M1", "arm64", "neon fullfp16 dotprod", "generic", ()),
    ("Via with AVX2 but no FMA", "x86_64", "sse4.2 avx avx2 f16c", "generic", ()),
]


class Features(dict[str, bool]):
    """Of LLVM, which can tell them as one text."""

    def flatten(self) -> str:
        return ",".join(f"{'+' if there else '-'}{name}" for name, there in self.items())


@pytest.mark.parametrize(
    ("machine", "features", "form", "others"), [rest for _, *rest in RECORDED], ids=[name for name, *_ in RECORDED]
)
def test_forms_of_recorded_processors(machine: str, features: str, form: str, others: tuple[str, ...]) -> None:
    found = processor_of(machine, "triple", "name", Features(dict.fromkeys(features.split(), True)))
    assert (found.form, found.others) == (form, others)
    assert found.fused == (machine in ("aarch64", "arm64") or "fma" in features.split())
    assert found.yielding == ("arm64" if machine in ("aarch64", "arm64") else "x86")
    assert not found.plain


def test_features_that_are_named_but_lacking() -> None:
    features = Features({"avx2": True, "fma": True, "f16c": True, "avx512vnni": False, "avxvnni": False})
    assert processor_of("x86_64", "t", "n", features).others == ()
    assert processor_of("x86_64", "t", "n", Features({**features, "fma": False})).form == "generic"


def test_without_llvmlite(monkeypatch: pytest.MonkeyPatch) -> None:
    processors.binding.cache_clear()
    monkeypatch.setitem(sys.modules, "llvmlite.binding", None)
    try:
        with pytest.raises(NoKernelsError, match="llvmlite"):
            this_processor()
    finally:
        processors.binding.cache_clear()


@pytest.mark.parametrize(
    ("triple", "yielding"),
    [
        ("x86_64-pc-windows-msvc", "x86"),  # a process for x64, wherever it runs
        ("x86_64-apple-darwin24.1.0", "x86"),
        ("aarch64-pc-windows-msvc", "arm64"),
        ("arm64-apple-darwin24.1.0", "arm64"),
        ("aarch64-unknown-linux-gnu", "arm64"),
        ("riscv64-unknown-linux-gnu", ""),
    ],
)
@pytest.mark.parametrize("machine", ["ARM64", "AMD64"])
def test_code_is_made_for_the_process_and_not_for_the_system(
    monkeypatch: pytest.MonkeyPatch, triple: str, yielding: str, machine: str
) -> None:
    llvm = SimpleNamespace(
        get_host_cpu_features=lambda: Features(dict.fromkeys(_AVX2.split(), yielding == "x86")),
        get_process_triple=lambda: triple,
        get_host_cpu_name=lambda: "generic",
    )
    monkeypatch.setattr(processors, "binding", lambda: llvm)
    monkeypatch.setattr(platform, "machine", lambda: machine)
    found = this_processor()
    assert (found.triple, found.yielding, found.fused) == (triple, yielding, yielding != "")
    assert found.form == ("avx2" if yielding == "x86" else "generic")


@pytest.mark.parametrize(("limit", "others"), [("", BOTH), ("avx2", ()), ("avx512", BOTH)])
def test_limited_as_torch_is(monkeypatch: pytest.MonkeyPatch, limit: str, others: tuple[str, ...]) -> None:
    names = (_ICE_LAKE + "avx512bf16 avxvnni amx-tile").split()
    llvm = SimpleNamespace(
        get_host_cpu_features=lambda: Features(dict.fromkeys(names, True)),
        get_process_triple=lambda: "x86_64-unknown-linux-gnu",
        get_host_cpu_name=lambda: "icelake-server",
    )
    monkeypatch.setattr(processors, "binding", lambda: llvm)
    monkeypatch.setenv(processors.LIMIT, limit)
    found = this_processor()
    wide = {name for name in found.features.split(",") if name.startswith(("+avx512", "+avxvnni", "+amx"))}
    assert (found.form, found.others) == ("avx2", others)
    assert bool(wide) == (limit != "avx2")
    assert ("-avx512f" in found.features.split(",")) == (limit == "avx2")
