"""Text from outside is read as what it is, or refused; never garbled."""

from __future__ import annotations

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


@pytest.mark.parametrize(
    ("text", "whole"),
    [
        (WORDS, WORDS),
        ("a\ud83db", "a\ufffdb"),
        ("Grüße … \ud83d", "Grüße … \ufffd"),
        ("\udcbb Grüße", "\ufffd Grüße"),
        ("\ufeffGrüße \ud83d\udcbb\udcbb", "\ufeffGrüße 💻\ufffd"),
    ],
)
def test_halves_of_characters(text: str, whole: str) -> None:
    assert texts.whole(text) == whole


@pytest.mark.parametrize(
    ("name", "whole"),
    [
        (b"caf\xe9", "café"),
        ("Grüße, caf".encode() + b"\xe9", "Grüße, café"),
        (b"\xff\xfe \xe4\xf6\xfc", "ÿþ äöü"),
        (b"a\x81b\x81\x8d", "a\ufffdb\ufffd\ufffd"),
    ],
)
def test_bytes_of_names(monkeypatch: pytest.MonkeyPatch, name: bytes, whole: str) -> None:
    monkeypatch.setattr("locale.getpreferredencoding", lambda _: "UTF-8")
    assert texts.whole_name(name.decode("utf-8", "surrogateescape")) == whole


def test_halves_in_names(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("locale.getpreferredencoding", lambda _: "UTF-8")
    assert texts.whole_name(WORDS) == WORDS
    assert texts.whole_name("Grüße \ud83d\udcbb, \ud83d\udcbb\udce9 \ud83d") == "Grüße 💻, 💻é \ufffd"


@pytest.mark.parametrize("text", ["[" * 100_000, "1" * 5000, "{", ""])
def test_json_of_any_depth_is_a_value_error(text: str) -> None:
    with pytest.raises(ValueError):
        texts.parse_json(text)
