"""What commands share: results that must arrive, text of any encoding, the choice about learning, Ctrl-C."""

from __future__ import annotations

import errno
import io
import signal
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from helix_app.base import messages, settings
from helix_app.base.errors import HelixError, InputError
from helix_app.base.settings import Settings
from helix_app.cli import common
from helix_app.cli.common import check_output, ctrl_c_cancels, may_learn, put, read_input, say


class Broken(io.StringIO):
    """A stream that takes nothing."""

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self.error = error

    def write(self, text: str) -> int:
        raise self.error


# --------------------------------------------------------------------------- out


def test_what_is_said_goes_to_standard_error_or_nowhere(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    say("a word")
    assert capsys.readouterr() == ("", "a word\n")
    closed = io.StringIO()
    closed.close()
    for stream in (None, closed, Broken(OSError(errno.ENOSPC, "full"))):
        monkeypatch.setattr(sys, "stderr", stream)
        say("a word")


def test_a_result_goes_to_standard_output_as_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    put("half a ")
    put("line")
    assert capsys.readouterr() == ("half a line", "")


def test_a_result_that_has_nowhere_to_go_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", None)
    for act in (check_output, lambda: put("x")):
        with pytest.raises(HelixError) as caught:
            act()
        assert (caught.value.code, caught.value.exit_code) == ("output_closed", 1)


def test_a_result_that_does_not_arrive_is_an_error_that_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    for error, reason in (
        (OSError(errno.ENOSPC, "no room"), "No space left on device"),
        (ValueError("it is shut"), "it is shut"),
    ):
        monkeypatch.setattr(sys, "stdout", Broken(error))
        with pytest.raises(HelixError) as caught:
            put("x")
        assert (caught.value.code, caught.value.fields["reason"]) == ("output_failed", reason)
    monkeypatch.setattr(sys, "stdout", Broken(BrokenPipeError()))
    with pytest.raises(BrokenPipeError):  # its reader went away: nobody is there to be told
        put("x")


def test_windows_says_in_words_of_its_own_that_nobody_reads_a_pipe(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", Broken(OSError(errno.EINVAL, "Invalid argument")))
    with pytest.raises(HelixError):
        put("x")
    monkeypatch.setattr(sys, "platform", "win32")
    with pytest.raises(BrokenPipeError):
        put("x")


# --------------------------------------------------------------------------- in


@pytest.mark.parametrize(
    ("data", "text", "guessed"),
    [
        (b"plain", "plain", False),
        ("é🙂".encode(), "é🙂", False),
        ("é".encode("utf-8-sig"), "é", False),
        ("é".encode("utf-16"), "é", False),
        (b"caf\xe9", "café", True),
        (b"", "", False),
    ],
)
def test_text_is_read_in_any_encoding_and_a_guess_is_said(
    data: bytes, text: str, guessed: bool, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "prompt.txt"
    path.write_bytes(data)
    assert read_input("prompt_file", path) == text
    said = capsys.readouterr().err
    assert (str(path) in said) is guessed


def test_standard_input_is_read_with_and_without_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    for stream in (io.TextIOWrapper(io.BytesIO("the cat".encode("utf-16")), "ascii"), io.StringIO("the cat")):
        monkeypatch.setattr(sys, "stdin", stream)
        assert read_input("prompt_file", "-") == "the cat"


def test_what_cannot_be_read_is_named_with_its_reason(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "junk").write_bytes(b"\x00\xff\xfe\x00")
    (tmp_path / "long").write_bytes(bytes(2**20 + 1))
    monkeypatch.setattr(common, "_MAX_BYTES", 2**20)
    monkeypatch.setattr(sys, "stdin", None)
    for name, where, reason in (
        (tmp_path / "gone", str(tmp_path / "gone"), "No such file"),
        (tmp_path / "junk", str(tmp_path / "junk"), "it is not text"),
        (tmp_path / "long", str(tmp_path / "long"), "it has more than 1 MiB"),
        ("-", "standard input", "it is closed"),
    ):
        with pytest.raises(InputError) as caught:
            read_input("batch_file", name)
        assert (caught.value.code, caught.value.fields["path"]) == ("batch_file", where)
        assert reason in caught.value.fields["reason"]


# --------------------------------------------------------------------------- learning


def test_learning_is_as_the_settings_say_and_off_where_they_are_damaged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HELIX_HOME", str(tmp_path))
    for learn in (True, False):
        settings.save(Settings(learn=learn))
        assert may_learn() is learn
    assert capsys.readouterr().err == ""
    settings.save(Settings(learn=True))
    (tmp_path / "config" / "settings.json").write_text("{{{")
    assert not may_learn()
    assert "settings" in capsys.readouterr().err.lower()


# --------------------------------------------------------------------------- Ctrl-C


@pytest.fixture
def heard() -> Iterator[None]:
    """Ctrl-C is heard: a shell's background jobs ignore it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.skipif(threading.current_thread() is not threading.main_thread(), reason="signals need the main thread")
@pytest.mark.usefixtures("heard")
def test_the_first_ctrl_c_cancels_and_the_second_interrupts() -> None:
    before = signal.getsignal(signal.SIGINT)
    with ctrl_c_cancels() as cancel:
        assert not cancel.is_set()
        signal.raise_signal(signal.SIGINT)
        assert cancel.is_set()
        assert signal.getsignal(signal.SIGINT) is before
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is before


def test_ctrl_c_is_given_back_however_the_work_ends() -> None:
    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(ZeroDivisionError), ctrl_c_cancels():
        raise ZeroDivisionError
    assert signal.getsignal(signal.SIGINT) is before


def test_on_another_thread_there_is_an_event_and_no_handler() -> None:
    before = signal.getsignal(signal.SIGINT)
    seen: list[object] = []

    def work() -> None:
        with ctrl_c_cancels() as cancel:
            seen.extend((cancel.is_set(), signal.getsignal(signal.SIGINT)))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [False, before]


def test_a_notice_is_its_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    common.notice("encoding_guessed", path="a.txt", encoding="cp1252")
    assert (
        capsys.readouterr().err
        == messages.notice_text("encoding_guessed", {"path": "a.txt", "encoding": "cp1252"}) + "\n"
    )
