"""Forms with VNNI on a processor that may have none.

Three things stand for running them here: the same products with plain IR in place of what AVX2 lacks, whose bits must
be the reference's; assembly for processors that have VNNI, which must use it; and that assembly with an AVX2 sequence
in place of each VNNI instruction, run and compared.
"""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from helix_app.engine.kernels.packed import library as libraries, products
from helix_app.engine.kernels.packed.formats import FORMATS
from helix_app.engine.kernels.packed.library import Library
from helix_app.engine.kernels.packed.processor import NoKernelsError, Processor, binding, this_processor
from helix_app.engine.kernels.packed.trials import check

llvm = pytest.importorskip("llvmlite.binding")
VNNI = ("vnni256", "vnni512")
SLIM = [name for name, form in FORMATS.items() if form.columns == 32 and name != "Q8_0"]
WIDE = [name for name, form in FORMATS.items() if form.columns == 256]
TARGETS = {"alderlake": ("vnni256",), "znver4": VNNI, "sapphirerapids": VNNI, "icelake-client": VNNI}


@pytest.fixture(scope="module")
def processor() -> Processor:
    try:
        found = this_processor()
    except NoKernelsError as exc:
        pytest.skip(str(exc))
    if found.form != "avx2":
        pytest.skip("this processor has no AVX2")
    return found


def in_plain_ir(processor: Processor, form: str, folder: Path, name: str) -> Library:
    made = Library(replace(processor, form=form, others=(), plain=True), folder)
    made.load_trial((name,))
    return made


# --------------------------------------------------------------------------- plain IR


@pytest.mark.soak
@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("form", VNNI)
def test_every_format_has_the_bits_of_the_reference(processor: Processor, tmp_path: Path, form: str, name: str) -> None:
    """With 1 to 8 rows, and more."""
    made = in_plain_ir(processor, form, tmp_path, name)
    assert list(check.wrong_in(made, name)) == []


def skip_where_it_runs(processor: Processor, form: str) -> None:
    """There each format is tried as it is, below."""
    if form in processor.others:
        pytest.skip("this processor runs the instructions themselves")


@pytest.mark.parametrize(("form", "name"), [("vnni256", "Q4_0"), ("vnni512", "Q8_0")])
def test_formats_whose_rows_share_a_register(processor: Processor, tmp_path: Path, form: str, name: str) -> None:
    skip_where_it_runs(processor, form)
    made = in_plain_ir(processor, form, tmp_path, name)
    assert list(check.wrong_in(made, name)) == []


@pytest.mark.parametrize("name", WIDE)
def test_formats_whose_groups_share_a_register(
    processor: Processor, tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each row is on its own there, so that two at a time show all."""
    skip_where_it_runs(processor, "vnni512")
    monkeypatch.setattr(products, "ROWS", 2)
    made = in_plain_ir(processor, "vnni512", tmp_path, name)
    assert list(check.wrong_in(made, name)) == []


# --------------------------------------------------------------------------- a processor that has it


def check_forms(processor: Processor, folder: Path, name: str) -> None:
    if not processor.others:
        pytest.skip("this processor has no VNNI")
    for form in processor.others:
        made = Library(replace(processor, form=form, others=()), folder)
        made.load_trial((name,))
        assert list(check.wrong_in(made, name)) == [], form


@pytest.mark.parametrize("name", FORMATS)
def test_where_there_is_vnni_its_forms_have_the_bits_of_the_reference(
    processor: Processor, tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if name in WIDE:
        monkeypatch.setattr(products, "ROWS", 2)
    check_forms(processor, tmp_path, name)


@pytest.mark.soak
@pytest.mark.parametrize("name", WIDE)
def test_so_they_have_for_all_numbers_of_rows(processor: Processor, tmp_path: Path, name: str) -> None:
    check_forms(processor, tmp_path, name)


# --------------------------------------------------------------------------- assembly for other processors


def assembly(cpu: str, form: str, name: str, features: str = "") -> str:
    binding()
    processor = Processor(llvm.get_process_triple(), cpu, features, form, fused=True, yielding="x86")
    machine = libraries._target_machine(processor)
    module = llvm.parse_assembly(libraries._assembly(name, processor))
    module.verify()
    builder = llvm.create_pass_builder(machine, llvm.create_pipeline_tuning_options(speed_level=3))
    builder.getModulePassManager().run(module, builder)
    return str(machine.emit_assembly(module))


def instructions(text: str) -> set[str]:
    return set(re.findall(r"^\s+(?:\{\w+\}\s+)?([a-z]\w+)", text, re.MULTILINE))


@pytest.fixture
def one_row(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(products, "ROWS", 1)


@pytest.mark.parametrize(("cpu", "form"), [(cpu, form) for cpu, forms in TARGETS.items() for form in forms])
def test_bytes_are_multiplied_by_vnni(one_row: None, cpu: str, form: str) -> None:
    """Of four columns at once, where a group's scale is no integer or fits into a byte with the values."""
    for name in ("Q4_0", "IQ4_NL", "Q2_K"):
        text = assembly(cpu, form, name)
        assert "vpdpbusd" in instructions(text), name
        assert "vpmaddubsw" not in instructions(text), name
        assert ("%zmm" in text) == (form == "vnni512" and name == "Q2_K"), name
        assert not re.search(r"\bcall\w*\s+(?!product_)", text), name


@pytest.mark.parametrize("name", [name for name in WIDE if name != "Q2_K"])
def test_groups_with_integer_scales_fill_wide_registers(one_row: None, name: str) -> None:
    text = assembly("sapphirerapids", "vnni512", name)
    assert re.search(r"vpmaddubsw\s.*%zmm", text)
    assert not re.search(r"\bcall\w*\s+(?!product_)", text)
    assert assembly("alderlake", "vnni256", name) == assembly("alderlake", "avx2", name)


def test_rows_share_wide_registers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(products, "ROWS", 3)
    text = assembly("znver4", "vnni512", "Q8_0")
    assert re.search(r"vpdpbusd\s.*%zmm", text)
    assert re.search(r"vpdpbusd\s.*%ymm", text)  # of the third row


# --------------------------------------------------------------------------- the same assembly, run

# sums of four neighbouring products of the unsigned bytes of the second operand and the signed ones of the first, added
# to the third; below the stack's red zone
_AVX2_SEQUENCE = """
    vmovdqu %ymm12, -288(%rsp)
    vmovdqu %ymm13, -320(%rsp)
    vmovdqu %ymm14, -352(%rsp)
    vmovdqu %ymm15, -384(%rsp)
    vmovdqu {unsigned}, -416(%rsp)
    vmovdqu {total}, -448(%rsp)
    vmovdqu {signed}, %ymm15
    vmovdqu %ymm15, -480(%rsp)
    vpcmpeqw %ymm12, %ymm12, %ymm12
    vpsrlw $15, %ymm12, %ymm12
    vpmovsxbw -480(%rsp), %ymm15
    vpmovzxbw -416(%rsp), %ymm14
    vpmullw %ymm14, %ymm15, %ymm15
    vpmaddwd %ymm12, %ymm15, %ymm15
    vpmovsxbw -464(%rsp), %ymm14
    vpmovzxbw -400(%rsp), %ymm13
    vpmullw %ymm13, %ymm14, %ymm14
    vpmaddwd %ymm12, %ymm14, %ymm14
    vphaddd %ymm14, %ymm15, %ymm15
    vpermq $216, %ymm15, %ymm15
    vpaddd -448(%rsp), %ymm15, %ymm15
    vmovdqu %ymm15, -448(%rsp)
    vmovdqu -288(%rsp), %ymm12
    vmovdqu -320(%rsp), %ymm13
    vmovdqu -352(%rsp), %ymm14
    vmovdqu -384(%rsp), %ymm15
    vmovdqu -448(%rsp), {total}
"""


def without_vnni(text: str) -> tuple[str, int]:
    def sequence(match: re.Match[str]) -> str:
        return _AVX2_SEQUENCE.format(signed=match[1], unsigned=match[2], total=match[3])

    pattern = r"^\s*(?:\{vex\}\s*)?vpdpbusd\s+(.+), (%ymm\d+), (%ymm\d+).*$"
    return re.subn(pattern, sequence, text, flags=re.MULTILINE)


@pytest.mark.parametrize("name", ["Q8_0", "Q2_K", *(pytest.param(name, marks=pytest.mark.soak) for name in SLIM)])
def test_assembly_of_avx_vnni_computes_what_the_reference_does(
    processor: Processor, tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if "linux" not in processor.triple:
        pytest.skip("the assembly of this system's object files is another one")
    if name == "Q2_K":
        monkeypatch.setattr(products, "ROWS", 2)
    text, count = without_vnni(assembly("haswell", "vnni256", name, "+avxvnni"))
    assert count > 10
    assert "vpdpbusd" not in text
    lines = "\n".join(
        'module asm "{}"'.format(line.replace("\\", "\\5C").replace('"', "\\22")) for line in text.splitlines()
    )
    llvm.initialize_native_asmparser()
    module = llvm.parse_assembly(f'target triple = "{processor.triple}"\n{lines}\n')
    made = Library(replace(processor, others=()), tmp_path)
    made._load(bytes(libraries._target_machine(processor).emit_object(module)))
    assert list(check.wrong_in(made, name)) == []
