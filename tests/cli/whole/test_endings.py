"""However a command ends, it ends in a sentence: with streams, names and numbers of every sort.

What only a shell can give runs as a process of its own (forked, where the time would go into the import of torch), the
rest in this one.
"""

from __future__ import annotations

import io
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from helix_app.base import messages
from helix_app.cli import main as cli
from tests.engine.made.tiny import Zoo
from tests.forked import Warm

HUGE = "1" * 5000
LONG = "a" * 5000


@dataclass(frozen=True)
class Ending:
    """How a command is run and how it is to end.

    Attributes:
        args: after ``python -m helix_app``; ``{model}`` and ``{folder}`` are filled in.
        code: the exit code.
        says: part of the one sentence on standard error; empty for silence there.
        stdin: bytes on standard input.
        redirect: of a shell, such as ``>&-``.
        streams: of a forked program: what its standard streams are in place of the usual, None for closed.
        writes: part of standard output.
    """

    args: Sequence[str]
    code: int
    says: str
    stdin: bytes = b""
    redirect: str = ""
    streams: dict[int, str | None] = field(default_factory=dict)
    environment: dict[str, str] = field(default_factory=dict)
    writes: str = ""


GENERATE = ("generate", "--target", "{model}", "--device", "cpu", "--dtype", "float32", "--max-tokens", "4")
BENCH = ("bench", "--target", "{model}", "--device", "cpu", "--dtype", "float32", "--repeats", "1", "--max-tokens", "2")
HI = (*GENERATE, "--prompt", "the cat")
SHELL = {  # streams that only a shell of POSIX gives
    "stdin closed": Ending((*GENERATE, "--prompt", "-"), 2, "standard input: it is closed", redirect="<&-"),
    "batch from a closed stdin": Ending((*GENERATE, "--batch", "-"), 2, "it is closed", redirect="<&-"),
    "all closed": Ending(HI, 1, "", redirect="<&- >&- 2>&-"),
    "help to a full stdout": Ending(("--help",), 1, "No space left", redirect=">/dev/full"),
    "list to a full stdout": Ending(("models", "list"), 1, "No space left", redirect=">/dev/full"),
    "list to a closed stdout": Ending(("models", "list"), 1, "standard output is closed", redirect=">&-"),
    "list to nobody": Ending(("models", "list"), 1, "", redirect="| true; exit ${PIPESTATUS[0]}"),
    "doctor to a closed stdout": Ending(("doctor", "--no-self-test"), 1, "standard output is closed", redirect=">&-"),
    "bench to a closed stdout": Ending(("bench",), 1, "standard output is closed", redirect=">&-"),
}
FORKED = {  # the same, of programs that write a reply before it
    "stdout closed": Ending(HI, 1, "standard output is closed", streams={1: None}),
    "stdout full": Ending(HI, 1, "No space left", streams={1: "/dev/full"}),
    "json to a full stdout": Ending((*HI, "--json"), 1, "No space left", streams={1: "/dev/full"}),
    "stderr full": Ending(HI, 0, "", streams={2: "/dev/full"}, writes="\n"),
    "stderr closed": Ending(HI, 0, "", streams={2: None}, writes="\n"),
    "bench to a full disk": Ending(
        (*BENCH, "--json", "/dev/full", "--prompts", "{folder}/prompts"),
        1,
        "/dev/full cannot be written: No space left on device",
        writes="greedy",
    ),
}
ANY = {
    "latin-1 on stdin": Ending(
        (*GENERATE, "--prompt", "-"), 0, "not UTF-8", b"caf\xe9", "", {}, {"PYTHONIOENCODING": "utf-8"}, "\n"
    ),
    "utf-8 on a western console": Ending(
        (*GENERATE, "--prompt", "-"),
        0,
        "tokens",
        b"\xe2\x80\x9chi\xe2\x80\x9d",
        environment={"PYTHONIOENCODING": "cp1252"},
    ),
    "utf-16 on stdin": Ending((*GENERATE, "--prompt", "-"), 0, "tokens", "the cat".encode("utf-16")),
    "a mark alone on stdin": Ending((*GENERATE, "--prompt", "-"), 2, "prompt is empty", b"\xef\xbb\xbf"),
    "no text on stdin": Ending((*GENERATE, "--prompt", "-"), 2, "it is not text", b"\x00\xff\xfe\x00"),
    "target of nobody": Ending((*HI, "--target", "~nobody123/m.gguf"), 2, "no model at ~nobody123/m.gguf"),
    "draft of nobody": Ending((*HI, "--draft", "~nobody123/m.gguf"), 2, "no model at ~nobody123/m.gguf"),
    "home of nobody": Ending(HI, 2, "HELIX_HOME is ~nobody123/h", environment={"HELIX_HOME": "~nobody123/h"}),
    "models of nobody": Ending(("models", "list"), 2, "HELIX_MODELS is ~no", environment={"HELIX_MODELS": "~no123"}),
    "home that is too long": Ending(HI, 2, "cannot keep its files in", environment={"HELIX_HOME": f"/tmp/{LONG}"}),
    "long target": Ending((*HI, "--target", LONG), 2, "knows no model called aaa"),
    "long path": Ending((*HI, "--target", f"./{LONG}.gguf"), 2, "no model at ./aaa"),
    "long draft": Ending((*HI, "--draft", LONG), 2, "knows no model called aaa"),
    "long batch": Ending((*GENERATE, "--batch", LONG), 2, "The prompts in aaa"),
    "long id": Ending(("models", "path", LONG), 2, "knows no model called aaa"),
    "long output": Ending(("bench", "--json", f"./{LONG}"), 2, "cannot be written"),
    "long prompts": Ending(("bench", "--prompts", LONG), 2, "prompts cannot be aaa"),
    "long result": Ending(("bench", "--compare", LONG, LONG), 2, "File name too long"),
    "long command": Ending((LONG,), 2, "--help"),
    "long k": Ending((*HI, "--k", f"fixed:{HUGE}"), 2, "k cannot be fixed:111"),
    "long max-tokens": Ending((*HI, "--max-tokens", HUGE), 2, "--help"),
    "large max-tokens": Ending((*HI, "--max-tokens", HUGE[:4000]), 0, "tokens", writes="\n"),
    "long temperature": Ending((*HI, "--temperature", HUGE), 2, "temperature cannot be inf"),
    "large top-k": Ending((*HI, "--top-k", HUGE[:4000], "--temperature", "1"), 0, "tokens", writes="\n"),
    "large seed": Ending((*HI, "--seed", HUGE[:4000]), 2, "seed cannot be 111"),
    "long device": Ending((*HI, "--device", f"cuda:{HUGE}"), 2, "device"),
    "deep batch": Ending((*GENERATE, "--batch", "{folder}/deep"), 2, "nested too deeply"),
    "deep result": Ending(("bench", "--compare", "{folder}/deep", "{folder}/deep"), 2, "is no result"),
    "deep prompts": Ending(("bench", "--prompts", "{folder}/deep"), 2, "Line 1"),
    "deep model": Ending((*HI, "--target", "{folder}/model"), 2, "damaged"),
    "half a character": Ending((*GENERATE, "--prompt", os.fsdecode(b"caf\xe9")), 0, "tokens", writes="\n"),
}


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The path of a tiny model."""
    return str(Zoo(tmp_path_factory.mktemp("endings-zoo")).gguf("llama-loopy"))


@pytest.fixture
def filled(model: str, tmp_path: Path) -> Callable[[Ending], list[str]]:
    """The arguments of a command with its paths."""
    deep = '{"prompt": "Hi", "stop": ' + "[" * 100_000 + "]" * 100_000 + "}"
    (tmp_path / "deep").write_text(deep, encoding="utf-8")
    (tmp_path / "prompts").write_text("the cat", encoding="utf-8")
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "config.json").write_text(deep, encoding="utf-8")
    return lambda ending: [arg.replace("{model}", model).replace("{folder}", str(tmp_path)) for arg in ending.args]


def check(ending: Ending, code: int, out: str, err: str) -> None:
    """It ended as it should: the code, a short sentence, and nothing that only a programmer reads."""
    assert code == ending.code, err
    for words in ("Traceback", "Exception ignored", "Error:", "inside Helix"):
        assert words not in err + out
    assert ending.says in err
    assert bool(ending.says) or not err
    assert len(err) < 1500
    assert ending.writes in out
    if ending.code and not ending.writes:
        assert len(err.strip().splitlines()) <= 2  # wrong usage names the help


@pytest.mark.skipif(sys.platform == "win32", reason="a shell of POSIX")
@pytest.mark.parametrize("name", SHELL)
def test_streams_that_are_closed_or_full(filled: Callable[[Ending], list[str]], name: str) -> None:
    ending = SHELL[name]
    command = ["bash", "-c", f'"$@" {ending.redirect}', "bash", sys.executable, "-m", "helix_app", *filled(ending)]
    done = subprocess.run(command, input=b"", capture_output=True, env={**os.environ, "OMP_NUM_THREADS": "1"})
    check(ending, done.returncode, done.stdout.decode(), done.stderr.decode())


@pytest.mark.skipif(sys.platform == "win32", reason="forks, and files of POSIX")
@pytest.mark.parametrize("name", FORKED)
def test_streams_that_are_closed_or_full_after_a_reply(
    warm: Warm, filled: Callable[[Ending], list[str]], name: str
) -> None:
    ending = FORKED[name]
    done = warm.captured("helix_app", *filled(ending), streams=ending.streams)
    check(ending, done.returncode, done.stdout.decode(), done.stderr.decode())


@pytest.mark.parametrize("name", ANY)
def test_input_of_every_sort(
    filled: Callable[[Ending], list[str]],
    name: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    ending = ANY[name]
    for variable, value in ending.environment.items():
        monkeypatch.setenv(variable, value)
    encoding = ending.environment.get("PYTHONIOENCODING", "utf-8")
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(ending.stdin), encoding))
    code = cli.main(filled(ending))
    check(ending, code, *capsys.readouterr())


@pytest.mark.parametrize("stream", ["stdin", "stdout", "stderr"])
def test_streams_that_are_not_there(
    filled: Callable[[Ending], list[str]], stream: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, stream, None)
    args = (*GENERATE, "--prompt", "-") if stream == "stdin" else HI
    assert cli.main(filled(Ending(args, 0, ""))) == {"stdin": 2, "stdout": 1, "stderr": 0}[stream]


_INTERRUPTED = """
import importlib.abc, os, signal, sys
_, module, model = sys.argv
class Interrupt(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name == module:
            os.kill(os.getpid(), signal.SIGINT)
sys.meta_path.insert(0, Interrupt())
sys.argv = ["helix", "generate", "--prompt", "x", "--target", model]
from helix_app.__main__ import main
sys.exit(main())
"""


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
@pytest.mark.parametrize("module", ["helix_app.cli.main", "helix_app.base.settings", "torch", "torch.nn"])
def test_ctrl_c_in_the_middle_of_an_import(model: str, module: str) -> None:
    """Where an exception would come out as anything, or not at all."""
    done = subprocess.run([sys.executable, "-c", _INTERRUPTED, module, model], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == messages.error_text("interrupted") + "\n"
