"""A look at a GGUF header before a library reads it: versions, files that are cut off, and nonsense."""

from __future__ import annotations

import io
import struct
from pathlib import Path

import gguf
import pytest

from helix_app.base.errors import ModelFileError
from helix_app.modelfiles.gguf import gguf_guard
from helix_app.modelfiles.gguf.gguf_guard import check_header
from tests.modelfiles.made_files import rewrite
from tests.modelfiles.refusals import check, refused


@pytest.mark.parametrize(
    ("version", "code", "words"),
    [
        (1, "model_old_format", ("GGUF version 1",)),
        (4, "model_new_format", ("version 4", "newer Helix")),
        (9, "model_new_format", ("version 9",)),
    ],
)
def test_other_versions_of_gguf(small: Path, tmp_path: Path, version: int, code: str, words: tuple[str, ...]) -> None:
    data = bytearray(small.read_bytes())
    data[4:8] = struct.pack("<I", version)
    path = tmp_path / "m.gguf"
    path.write_bytes(data)
    check(path, code, *words)


def test_weights_of_a_type_from_the_future(small: Path, tmp_path: Path) -> None:
    data = bytearray(small.read_bytes())
    name = b"output_norm.weight"
    at = data.index(name) + len(name) + 4 + 8  # one dimension
    assert data[at : at + 4] == bytes(4)
    data[at] = 77
    path = tmp_path / "m.gguf"
    path.write_bytes(data)
    check(path, "model_feature_unsupported", "type 77")


def test_the_other_byte_order_is_named(small: Path, tmp_path: Path) -> None:
    path = rewrite(small, tmp_path / "m.gguf", endian=gguf.GGUFEndian.BIG)
    check(path, "model_byte_order", "big-endian")


# --------------------------------------------------------------------------- cut off


@pytest.mark.parametrize("keep", [3, 20, 900, 0.5, 0.999])
def test_a_file_that_is_cut_off_says_how_much_is_there(small: Path, tmp_path: Path, keep: float) -> None:
    data = small.read_bytes()
    size = int(len(data) * keep) if keep < 1 else int(keep)
    path = tmp_path / "m.gguf"
    path.write_bytes(data[:size])
    code, sentence = refused(path)
    assert code == "model_corrupt"
    assert f"{size:,} " in sentence
    assert ("inside its header" in sentence) == (keep >= 1)
    if keep < 1:
        assert f"{size:,} of {len(data):,} bytes" in sentence
    assert "delete" not in sentence.lower()


def test_a_download_that_goes_on_is_not_damaged(small: Path, tmp_path: Path) -> None:
    data = small.read_bytes()
    for name, code in (("m.gguf.part", "model_unfinished"), ("m.gguf.crdownload", "model_unfinished")):
        (tmp_path / name).write_bytes(data[: len(data) // 2])
        check(tmp_path / name, code, f"{len(data) // 2:,} of {len(data):,} bytes")
    (tmp_path / "m.gguf.part1of2").write_bytes(data[: len(data) // 2])
    check(tmp_path / "m.gguf.part1of2", "model_part_raw", "Join")


# --------------------------------------------------------------------------- by hand


def text(content: bytes) -> bytes:
    """A text as the format has it."""
    return struct.pack("<Q", len(content)) + content


def header(tensors: int = 0, entries: int = 0, body: bytes = b"", version: int = 3) -> bytes:
    return b"GGUF" + struct.pack("<IQQ", version, tensors, entries) + body


def tensor(name: bytes = b"t", shape: tuple[int, ...] = (32,), kind: int = 0, offset: int = 0) -> bytes:
    sizes = b"".join(struct.pack("<Q", size) for size in shape)
    return text(name) + struct.pack("<I", len(shape)) + sizes + struct.pack("<IQ", kind, offset)


def padded(data: bytes, alignment: int = 32) -> bytes:
    return data + bytes(-len(data) % alignment)


ALIGNED = text(b"general.alignment") + struct.pack("<II", 4, 64)
SOUND = {
    "nothing in it": header(),
    "version 2": header(version=2),
    "one tensor": padded(header(1, body=tensor())) + bytes(128),
    "blocks of a quantised type": padded(header(1, body=tensor(shape=(64, 2), kind=8))) + bytes(4 * 34),
    "an alignment of its own": padded(header(1, 1, ALIGNED + tensor()), 64) + bytes(128),
    "arrays of arrays": header(0, 1, text(b"k") + struct.pack("<IIQIQ", 9, 9, 1, 8, 1) + text(b"v")),
    "texts": header(
        0, 1, text(b"k") + struct.pack("<IIQ", 9, 8, 4) + b"".join(map(text, (b"one", b"", b"three", b"4")))
    ),
    "more than it needs": padded(header(1, body=tensor())) + bytes(999),
}


@pytest.mark.parametrize("what", SOUND)
def test_a_whole_header_passes(tmp_path: Path, what: str) -> None:
    path = tmp_path / "m.gguf"
    path.write_bytes(SOUND[what])
    check_header(path)


@pytest.mark.parametrize("chunk", [8, 9, 15, 24, 100])
def test_texts_are_read_by_the_chunk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, chunk: int) -> None:
    """However they lie in it."""
    monkeypatch.setattr(gguf_guard, "_CHUNK", chunk)
    path = tmp_path / "m.gguf"
    for sizes in ([3, 0, 0, 40, 8, 7, 1], [0] * 9, [100, 3], [1, 2, 3, 4, 5, 6, 7, 8]):
        texts = b"".join(text(bytes(size)) for size in sizes)
        array = text(b"k") + struct.pack("<IIQ", 9, 8, len(sizes)) + texts
        whole = header(0, 2, array + ALIGNED)
        path.write_bytes(whole)
        check_header(path)
        for missing in (len(ALIGNED), len(ALIGNED) + 1):
            path.write_bytes(whole[:-missing])
            with pytest.raises(ModelFileError, match="inside its header") as caught:
                check_header(path)
            assert caught.value.code == "model_corrupt"


class Counted(io.BytesIO):
    """A file in memory.

    Attributes:
        taken: bytes that were read of it, each as often as it was.
        reads: how often it was read.
    """

    taken = reads = 0

    def read(self, size: int | None = -1) -> bytes:
        data = super().read(size)
        self.taken, self.reads = self.taken + len(data), self.reads + 1
        return data


def read_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, array: bytes) -> Counted:
    """The file of a header with this array, after it was looked at."""
    path = tmp_path / "m.gguf"
    path.write_bytes(header(0, 1, text(b"k") + struct.pack("<I", 9) + array))
    file = Counted(path.read_bytes())
    monkeypatch.setattr(Path, "open", lambda self, mode: file)
    check_header(path)
    return file


def test_arrays_of_one_text_are_read_once_and_not_by_the_megabyte(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    each = struct.pack("<IQ", 8, 1) + text(b"")
    file = read_of(tmp_path, monkeypatch, struct.pack("<IQ", 9, 500) + each * 500)
    assert file.taken < 5 * 500 * len(each)


def test_a_vocabulary_is_read_by_the_megabyte(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    texts = b"".join(text(b"x" * (n % 40)) for n in range(5000))
    file = read_of(tmp_path, monkeypatch, struct.pack("<IQ", 8, 5000) + texts)
    assert file.reads < 20


def deep(levels: int) -> bytes:
    return text(b"k") + struct.pack("<I", 9) + struct.pack("<IQ", 9, 1) * levels + struct.pack("<IQ", 0, 0)


NONSENSE = {
    "a version from nowhere": (header(version=1000), "GGUF version 1000"),
    "too many tensors": (header(10**9), "1000000000 tensors"),
    "a value of no type": (header(0, 1, text(b"k") + struct.pack("<I", 77)), "unknown type"),
    "an endless array": (header(0, 1, text(b"k") + struct.pack("<IIQ", 9, 4, 10**12)), "an array of 1000000000000"),
    "arrays without end": (header(0, 1, deep(5)), "unknown type"),
    "a name of a petabyte": (header(0, 1, struct.pack("<Q", 2**50)), "a text of"),
    "a text of a petabyte": (header(0, 1, text(b"k") + struct.pack("<IIQQ", 9, 8, 1, 2**50)), "a text of"),
    "too many dimensions": (header(1, body=text(b"t") + struct.pack("<I", 9)), "9 dimensions"),
    "a type that is none": (header(1, body=tensor(kind=500)), "type 500"),
    "weights of a planet": (header(1, body=tensor(shape=(2**40, 2**20))), "weights of"),
}


@pytest.mark.parametrize("what", NONSENSE)
def test_nonsense_is_called_that(tmp_path: Path, what: str) -> None:
    data, reason = NONSENSE[what]
    path = tmp_path / "m.gguf"
    path.write_bytes(data)
    with pytest.raises(ModelFileError) as caught:
        check_header(path)
    assert caught.value.code == "model_corrupt"
    assert caught.value.fields["reason"].startswith("nonsense in its header")
    assert reason in caught.value.fields["reason"]


@pytest.mark.parametrize("what", [name for name in SOUND if name != "more than it needs"])
def test_every_byte_that_is_missing_shows(tmp_path: Path, what: str) -> None:
    path = tmp_path / "m.gguf"
    for size in range(1, len(SOUND[what])):
        path.write_bytes(SOUND[what][:size])
        with pytest.raises(ModelFileError) as caught:
            check_header(path)
        assert caught.value.code == "model_corrupt"
        assert f"{size:,} " in caught.value.fields["reason"]


def test_a_piece_cut_byte_by_byte_is_known_by_its_name(tmp_path: Path) -> None:
    path = tmp_path / "m.gguf.part1of2"
    path.write_bytes(SOUND["one tensor"][:-9])
    with pytest.raises(ModelFileError) as caught:
        check_header(path)
    assert caught.value.code == "model_part_raw"
