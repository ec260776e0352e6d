"""Machine code on disk: kept, damaged, unwritable, of another processor, written by two at once, wrong."""

from __future__ import annotations

import os
import platform
import struct
import sys
import threading
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from helix_app.engine.kernels.packed import library as libraries, products
from helix_app.engine.kernels.packed.formats import FORMATS
from helix_app.engine.kernels.packed.library import CORE, Library
from helix_app.engine.kernels.packed.processor import NoKernelsError, Processor, this_processor
from helix_app.engine.kernels.packed.trials import check
from helix_app.engine.machine import jobs

PART = "Q2_K"
ROWS = products.ROWS


@pytest.fixture(autouse=True)
def one_form(monkeypatch: pytest.MonkeyPatch) -> None:
    """This processor has the first of its forms alone; ``test_forms.py`` is about the others.

    Products of one row at a time, as there, which take little to make: what is looked at is where they are kept.
    """
    monkeypatch.setattr(libraries, "this_processor", lambda: replace(this_processor(), others=()))
    monkeypatch.setattr(products, "ROWS", 1)


@pytest.fixture
def tried(monkeypatch: pytest.MonkeyPatch, library: Library) -> list[str]:
    """Parts that were tried in a process of their own; here they are believed."""
    seen: list[str] = []

    def run(name: str, folder: str, *parts: str, seconds: float) -> dict:
        assert name == "packed-kernels"
        seen.extend(parts)
        return {"wrong": []}

    monkeypatch.setattr(jobs, "run", run)
    return seen


def files(folder: Path) -> list[str]:
    return sorted(file.suffix for file in folder.iterdir())


def test_what_was_made_is_tried_once_and_kept(tmp_path: Path, library: Library) -> None:
    Library(folder=tmp_path).add((PART,))
    assert files(tmp_path) == [".o"]
    before = next(tmp_path.iterdir()).stat().st_mtime_ns
    made = Library(folder=tmp_path)
    made.add((PART, PART))
    assert next(tmp_path.iterdir()).stat().st_mtime_ns == before
    assert list(check.wrong_in(made, PART)) == []


@pytest.mark.parametrize("damage", ["cut", "flipped", "empty", "text"])
def test_what_is_damaged_is_made_anew(tmp_path: Path, tried: list[str], damage: str) -> None:
    Library(folder=tmp_path).add((PART,))
    (file,) = tmp_path.iterdir()
    whole = file.read_bytes()
    middle = len(whole) // 2
    file.write_bytes(
        {
            "cut": whole[:middle],
            "flipped": whole[:middle] + bytes([whole[middle] ^ 1]) + whole[middle + 1 :],
            "empty": b"",
            "text": b"no machine code",
        }[damage]
    )
    made = Library(folder=tmp_path)
    made.add((PART,))
    assert tried == [PART, PART]
    assert list(check.wrong_in(made, PART)) == []
    assert libraries._read(file) is not None


def test_another_processor_or_version_takes_nothing_of_this_one(
    tmp_path: Path, tried: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    Library(folder=tmp_path).add((PART,))
    generic = replace(this_processor(), form="generic", others=())
    made = Library(generic, tmp_path)
    made.add((PART,))
    assert len(list(tmp_path.iterdir())) == 2
    assert list(check.wrong_in(made, PART)) == []
    monkeypatch.setattr(libraries, "_versions", lambda: "another")
    Library(folder=tmp_path).add((PART,))
    assert len(list(tmp_path.iterdir())) == 3


@pytest.mark.covering(strength=1)
@pytest.mark.parametrize("fused", [False, True])
@pytest.mark.parametrize("part", [CORE, "attention_16_2", "Q4_K", "Q2_K", "Q3_K", "Q5_0", "Q8_0", "MXFP4"])
def test_the_form_for_any_processor_computes_the_same(
    tmp_path: Path, tried: list[str], part: str, fused: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two rows together of formats with 256 columns, whose rows are each on their own; all that ship of one of them."""
    wide = part in FORMATS and FORMATS[part].columns == 256
    monkeypatch.setattr(products, "ROWS", 2 if wide and part != "Q4_K" else ROWS)
    processor = this_processor()
    made = Library(replace(processor, form="generic", others=(), fused=fused and processor.fused), tmp_path)
    made.add((part,))
    assert list(check.wrong_in(made, part)) == []


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() == 0, reason="nothing is read-only to this user")
def test_a_folder_that_cannot_be_written(tmp_path: Path, tried: list[str]) -> None:
    tmp_path.chmod(0o500)
    made = Library(folder=tmp_path)
    made.add((PART,))
    assert list(check.wrong_in(made, PART)) == []


def test_a_folder_that_is_none(tmp_path: Path, tried: list[str]) -> None:
    file = tmp_path / "file"
    file.write_text("x")
    made = Library(folder=file / "kernels")
    made.add((PART,))
    assert list(check.wrong_in(made, PART)) == []


def test_two_at_once(tmp_path: Path, tried: list[str]) -> None:
    made = [Library(folder=tmp_path) for _ in range(4)]
    threads = [threading.Thread(target=one.add, args=((PART,),)) for one in made]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(list(check.wrong_in(one, PART)) == [] for one in made)
    assert ".o" in files(tmp_path)


@pytest.mark.parametrize(
    ("answer", "words"), [({"wrong": ["product_Q4_1 of 3 rows"]}, "something else"), (None, "crashed")]
)
def test_kernels_that_are_wrong_or_crash_are_not_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, library: Library, answer: dict | None, words: str
) -> None:
    def run(*_: object, **__: object) -> dict:
        if answer is None:
            raise jobs.JobError("crashed", "illegal instruction")
        return answer

    monkeypatch.setattr(jobs, "run", run)
    made = Library(folder=tmp_path)
    with pytest.raises(NoKernelsError, match=words):
        made.add((PART,))
    with pytest.raises(NoKernelsError):
        made.address(f"product_{PART}")
    assert ".o" not in files(tmp_path)


def sections(code: bytes, kind: int) -> list[tuple[bytes, int]]:
    """Contents of an ELF file's sections of a kind, each with the number of the section that it refers to."""
    (start,), (size, count) = struct.unpack_from("<Q", code, 0x28), struct.unpack_from("<HH", code, 0x3A)
    heads = [struct.unpack_from("<IIQQQQII", code, start + size * i) for i in range(count)]
    return [(code[head[4] : head[4] + head[5]], head[6]) for head in heads if head[1] == kind]


def foreign_names(code: bytes) -> set[str]:
    """What an ELF file wants from elsewhere."""
    ((symbols, names),) = sections(code, 2)
    (start,) = struct.unpack_from("<Q", code, 0x28)
    (texts,) = struct.unpack_from("<Q", code, start + 64 * names + 24)
    wanted = [entry[0] for entry in struct.iter_unpack("<IBBHQQ", symbols) if entry[3] == 0 and entry[0]]
    return {code[texts + at : code.index(0, texts + at)].decode() for at in wanted}


@pytest.mark.skipif(platform.machine() not in ("x86_64", "AMD64"), reason="LLVM makes code for this kind alone here")
@pytest.mark.parametrize(("part", "form"), [(CORE, "avx2"), ("Q4_K", "generic"), ("attention_256_2", "avx2")])
def test_code_for_windows_wants_nothing_but_its_stack_probe(tmp_path: Path, part: str, form: str) -> None:
    name = "x86-64-v3" if form == "avx2" else "x86-64"
    processor = Processor("x86_64-pc-windows-msvc-elf", name, "", form, form == "avx2", "x86")
    code = Library(processor, tmp_path).machine_code(libraries._assembly(part, processor))
    assert foreign_names(code) <= {"__chkstk"}
    kinds = {entry[1] & 0xFFFFFFFF for table, _ in sections(code, 4) for entry in struct.iter_unpack("<QQq", table)}
    assert kinds <= {1, 24}, "addresses, or distances within the code: no table that a JIT would have to make"


def test_the_stack_probe_is_the_systems_own(monkeypatch: pytest.MonkeyPatch) -> None:
    import llvmlite.binding as llvm

    told: dict[str, int] = {}
    monkeypatch.setattr(libraries.sys, "platform", "win32")
    monkeypatch.setattr(llvm, "address_of_symbol", told.get)
    monkeypatch.setattr(llvm, "add_symbol", told.__setitem__)
    probe = libraries.ctypes.CFUNCTYPE(None)(lambda: None)
    monkeypatch.setattr(libraries.ctypes, "WinDLL", lambda name: SimpleNamespace(__chkstk=probe), raising=False)
    libraries._know_stack_probe()
    assert told == {"__chkstk": libraries.ctypes.cast(probe, libraries.ctypes.c_void_p).value}
    monkeypatch.setattr(libraries.ctypes, "WinDLL", pytest.fail, raising=False)
    libraries._know_stack_probe()  # where LLVM has one, it stays


def test_no_stack_probe_is_told_by_the_trial(monkeypatch: pytest.MonkeyPatch) -> None:
    import llvmlite.binding as llvm

    monkeypatch.setattr(libraries.sys, "platform", "win32")
    monkeypatch.setattr(llvm, "address_of_symbol", lambda name: None)
    monkeypatch.setattr(llvm, "add_symbol", pytest.fail)
    monkeypatch.setattr(libraries.ctypes, "WinDLL", lambda name: SimpleNamespace(), raising=False)
    libraries._know_stack_probe()
