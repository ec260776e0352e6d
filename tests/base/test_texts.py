"""Text from outside is read as what it is, or refused; never garbled."""

from __future__ import annotations

import os

import pytest

from helix_app.base import texts

WORDS = "“Größe” – 日本 🙂"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
def test_marks_and_utf_8_are_certain(encoding: str) -> None:
    assert texts.decode(WORDS.encode(encoding)) == (WORDS, "")


@pytest.mark.parametrize(("mark", "encoding"), [(b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be")])
def test_both_orders_of_bytes(mark: bytes, encoding: str) -> None:
    assert texts.decode(mark + WORDS.encode(encoding)) == (WORDS, "")
    assert texts.decode(mark + "\0a".encode(encoding)) == ("\0a", "")


def test_anything_else_is_a_guess_that_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("locale.getpreferredencoding", lambda _: "UTF-8")
    assert texts.decode("“Größe”".encode("cp1252")) == ("“Größe”", "cp1252")
    monkeypatch.setattr("locale.getpreferredencoding", lambda _: "cp932")
    assert texts.decode("日本語".encode("cp932")) == ("日本語", "cp932")
    monkeypatch.setattr("locale.getpreferredencoding", lambda _: "no-such-encoding")
    assert texts.decode(b"caf\xe9") == ("café", "cp1252")


@pytest.mark.parametrize("data", [b"\xff\xfe\0", b"\xef\xbb\xbf\xff", b"GGUF\x03\0\0\0\xff", b"\xff\xfe\0\0\0\xd8\0\0"])
def test_what_is_no_text_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match="it is not"):
        texts.decode(data)


def test_halves_of_characters() -> None:
    assert texts.whole(WORDS) == WORDS
    assert texts.whole("a\ud83db") == "a\ufffdb"
    if os.fsencode("\udce9") == b"\xe9":  # a file system of bytes
        assert texts.whole(os.fsdecode(b"caf\xe9")) == "café"


@pytest.mark.parametrize("text", ["[" * 100_000, "1" * 5000, "{", ""])
def test_json_of_any_depth_is_a_value_error(text: str) -> None:
    with pytest.raises(ValueError):
        texts.parse_json(text)
