"""``bench`` on the command line: options, refusals before anything runs, outputs, Ctrl-C."""

from __future__ import annotations

import csv
import io
import json
import signal
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from helix_app.base.errors import InputError
from helix_app.base.messages import notice_text
from helix_app.bench import runner
from helix_app.bench.arms import EngineArm, Task
from helix_app.bench.profile.passes import Passes
from helix_app.bench.records import BenchResult, RunRecord, read_json, to_json
from helix_app.cli import main as cli
from helix_app.cli.benching import bench as command
from helix_app.engine.machine.devices.device import cpu
from helix_app.engine.measuring import formats
from tests.bench.instruments import made
from tests.bench.instruments.tiny import small_machine
from tests.engine.made.tiny import Zoo

Run = Callable[..., tuple[int, str, str]]
Folder = Callable[[], list[str]]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs ``bench``; gives exit code, standard output and standard error."""

    def call(*args: str) -> tuple[int, str, str]:
        code = cli.main(["bench", *args])
        out, err = capsys.readouterr()
        assert "Traceback" not in err
        return code, out, err

    return call


@pytest.fixture
def bench(run: Run, zoo: Zoo, tmp_path: Path) -> Run:
    """Runs ``bench`` over two short prompts of a tiny model; later options win."""
    prompts = tmp_path / "prompts.txt"
    prompts.write_text('the cat sat\n{"kind": "mine", "prompt": "the dog lay"}\n')
    model = ("--target", str(zoo.gguf("llama-loopy")), "--draft", "ngram", "--device", "cpu", "--dtype", "float32")
    brief = ("--prompts", str(prompts), "--max-tokens", "6", "--repeats", "1", "--k", "fixed:2")

    def call(*args: str) -> tuple[int, str, str]:
        return run(*model, *brief, *args)

    return call


@pytest.fixture
def nothing_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fails a test that gets as far as running something."""
    monkeypatch.setattr(runner, "run_benchmark", lambda *args: pytest.fail("it ran"))


def refused(result: tuple[int, str, str], code: int = 2) -> str:
    """The sentence of a refusal: one line on standard error, nothing on standard output."""
    assert (result[0], result[1]) == (code, ""), result
    assert len(result[2].strip().splitlines()) == 1
    assert "–" not in result[2]
    return result[2]


# --------------------------------------------------------------------------- refusals


@pytest.mark.parametrize(
    "args",
    [
        ("--repeats", "0"),
        ("--max-tokens", "1"),
        ("--per-kind", "0"),
        ("--kinds", "chat,poetry"),
        ("--kinds", "schema"),
        ("guard", "--kinds", "schema"),
        ("--peer", "vllm"),
        ("--peer", "llamacpp", "--peer-path", "/no/such/llama-server"),
        ("--k", "much"),
        ("--temperature", "-1"),
        ("--temperature", "nan"),
        ("--target", "no-such-model"),
        ("--prompts", "no-such-file.txt"),
    ],
)
def test_a_bad_value_is_one_sentence(run: Run, args: tuple[str, ...]) -> None:
    sentence = refused(run("--quiet", *args))
    assert args[-1].split(",")[-1] in sentence


def test_a_file_that_is_no_program_is_told_from_none(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "llama-server"
    file.write_text("x")
    sentence = refused(run("--quiet", "--peer", "llamacpp", "--peer-path", str(file)))
    assert "no program that can be started" in sentence
    assert "no such program" not in sentence


@pytest.mark.parametrize("args", [("--device", "abacus"), ("--dtype", "int3"), ("--draft", "no-such-draft")])
def test_what_cannot_be_loaded_is_one_sentence(bench: Run, args: tuple[str, str]) -> None:
    assert args[1] in refused(bench("--quiet", *args))


@pytest.mark.parametrize("args", [("--no-such-option",), ("--repeats", "three"), ("--compare", "one.json"), ("a", "b")])
def test_wrong_usage_exits_2(run: Run, args: tuple[str, ...]) -> None:
    code, out, err = run(*args)
    assert (code, out) == (2, "")
    assert "--help" in err


def test_an_unknown_benchmark_is_refused(run: Run) -> None:
    assert "speed" in refused(run("speed"))


@pytest.mark.usefixtures("nothing_runs")
@pytest.mark.parametrize("option", ["--json", "--html", "--csv"])
def test_an_output_that_cannot_be_written_is_refused_before_running(run: Run, tmp_path: Path, option: str) -> None:
    (tmp_path / "file").write_text("x")
    for path in (tmp_path, tmp_path / "none" / "out", tmp_path / "file" / "out", tmp_path / ("x" * 300)):
        assert str(path) in refused(run(option, str(path)))
    assert [p.name for p in tmp_path.iterdir()] == ["file"]


def test_a_run_that_fails_leaves_outputs_as_they_were(run: Run, tmp_path: Path) -> None:
    old = tmp_path / "old.csv"
    old.write_text("a,b\n")
    refused(run("--target", str(tmp_path / "none.gguf"), "--json", str(tmp_path / "new.json"), "--csv", str(old)))
    assert [p.name for p in tmp_path.iterdir()] == ["old.csv"]
    assert old.read_text() == "a,b\n"


@pytest.mark.usefixtures("nothing_runs")
def test_outputs_and_prompts_need_names_of_their_own(run: Run, tmp_path: Path) -> None:
    prompts = tmp_path / "prompts.txt"
    prompts.write_text("the cat\n")
    assert "name of its own" in refused(run("--json", str(tmp_path / "a"), "--csv", str(tmp_path / "a")))
    assert "name of its own" in refused(run("--prompts", str(prompts), "--html", str(prompts)))
    assert prompts.read_text() == "the cat\n"


# --------------------------------------------------------------------------- a run


def test_a_run_writes_every_report(bench: Run, tmp_path: Path) -> None:
    paths = {kind: tmp_path / f"out.{kind}" for kind in ("json", "html", "csv")}
    paths["csv"].write_text("an older and longer file " * 1000)
    code, out, err = bench(*(word for kind, path in paths.items() for word in (f"--{kind}", str(path))))
    assert code == 0
    assert "4 replies in" in out
    assert "Same tokens (greedy)" in out
    assert "Run again: python -m helix_app bench --target" in out
    result = read_json(paths["json"])
    assert result.complete
    assert result.kinds == ("own", "mine")
    assert json.loads(paths["json"].read_text())["summary"]["overall"]["prompts"] == 2
    assert paths["html"].read_text().startswith("<!doctype html>")
    assert len(list(csv.DictReader(io.StringIO(paths["csv"].read_text())))) == 4
    assert "100%" in err


def test_kinds_filter_a_prompt_file(bench: Run) -> None:
    code, out, _ = bench("--kinds", "mine", "--quiet")
    assert code == 0
    assert "2 replies in" in out


def test_quiet_leaves_the_progress_bar_out(bench: Run) -> None:
    code, _, err = bench("--quiet")
    assert (code, err) == (0, "")


def test_ctrl_c_keeps_what_is_done_and_exits_1(bench: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = signal.getsignal(signal.SIGINT)
    whole, measured = EngineArm.run, []

    def run_and_stop(self: EngineArm, task: Task, *args: object) -> RunRecord:
        if task.prompt.id != "reference":
            measured.append(self.name)
            if len(measured) == 4:
                signal.raise_signal(signal.SIGINT)
        return whole(self, task, *args)  # type: ignore[arg-type]

    monkeypatch.setattr(EngineArm, "run", run_and_stop)
    code, out, _ = bench("--repeats", "5", "--json", str(tmp_path / "out.json"), "--html", str(tmp_path / "out.html"))
    assert code == 1
    assert "The run ended early: 3 of 20 replies were measured" in out
    result = read_json(tmp_path / "out.json")
    assert not result.complete
    assert len(result.runs) == 3
    assert (tmp_path / "out.html").stat().st_size > 1000
    assert signal.getsignal(signal.SIGINT) is before


def test_one_output_that_fails_loses_no_other(bench: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write = Path.write_text

    def full(self: Path, *args: object, **kwargs: object) -> int:
        if self.name == "out.json":
            raise OSError("no space left")
        return write(self, *args, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr(Path, "write_text", full)
    code, out, err = bench("--quiet", "--json", str(tmp_path / "out.json"), "--csv", str(tmp_path / "out.csv"))
    assert code == 1
    assert "4 replies in" in out
    assert "out.json cannot be written" in err
    assert (tmp_path / "out.csv").stat().st_size > 100


def test_a_reader_that_goes_away_loses_no_file(bench: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Closed(io.StringIO):
        def write(self, text: str) -> int:
            raise BrokenPipeError

    monkeypatch.setattr(sys, "stdout", Closed())
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    assert bench("--quiet", "--json", str(tmp_path / "out.json"))[0] == 1
    assert read_json(tmp_path / "out.json").complete


def test_a_program_without_a_console_still_writes_its_files(
    bench: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdout", None)
    monkeypatch.setattr(sys, "stderr", None)
    assert bench("--json", str(tmp_path / "out.json"))[0] == 0
    assert read_json(tmp_path / "out.json").complete


# --------------------------------------------------------------------------- sub-benchmarks


@pytest.fixture
def one_question(run: Run, zoo: Zoo, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs a sub-benchmark of a tiny model in few rounds."""
    small_machine(monkeypatch)
    model = ("--target", str(zoo.gguf("llama-short")), "--device", "cpu", "--dtype", "float32", "--repeats", "1")

    def call(what: str, *args: str) -> tuple[int, str, str]:
        return run(what, *model, *args)

    return call


@pytest.mark.parametrize("what", ["context", "kernels"])
def test_a_sub_benchmark_prints_its_table_and_writes_json(one_question: Run, tmp_path: Path, what: str) -> None:
    code, out, err = one_question(what, "--draft", "ngram", "--json", str(tmp_path / "out.json"))
    assert (code, err) == (0, "")
    document = json.loads((tmp_path / "out.json").read_text())
    assert document["format"] == f"helix-bench-{what}"
    assert document["title"] in out
    assert document["rows"]
    assert f"Run again: python -m helix_app bench {what} --target" in out
    assert document["command"] in out
    assert document["model"]["draft"] == document["settings"]["draft"] == "none"


def test_what_loading_had_to_say_is_told(one_question: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(formats, "int4_share", lambda *_: 2.0)
    code, out, _ = one_question("context", "--dtype", "int4")
    assert code == 0
    assert notice_text("int4_unavailable", {"device": cpu().name}) in out


@pytest.mark.parametrize("what", ["context", "kernels"])
def test_ctrl_c_ends_a_sub_benchmark_with_what_is_done(
    one_question: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    before, whole, measured = signal.getsignal(signal.SIGINT), Passes.seconds, []

    def measure_and_stop(self: Passes, context: int, rows: int) -> float:
        measured.append(rows)
        if len(measured) == 9:
            signal.raise_signal(signal.SIGINT)
        return whole(self, context, rows)

    monkeypatch.setattr(Passes, "seconds", measure_and_stop)
    code, out, _ = one_question(what, "--repeats", "50", "--json", str(tmp_path / "out.json"))
    assert code == 1
    assert len(measured) < 12
    assert json.loads((tmp_path / "out.json").read_text())["rows"]
    assert "Run again" in out
    assert signal.getsignal(signal.SIGINT) is before


@pytest.mark.parametrize("what", ["context", "kernels"])
def test_a_sub_benchmark_refuses_what_it_cannot_use(run: Run, what: str) -> None:
    assert "prints a table" in refused(run(what, "--html", "x.html"))
    assert "no-such-model" in refused(run(what, "--target", "no-such-model"))


@pytest.mark.parametrize("what", ["guard", "drafts", "window", "fresh"])
def test_sub_benchmarks_that_take_prompts_refuse_a_file_without(run: Run, tmp_path: Path, what: str) -> None:
    empty = tmp_path / "empty.txt"
    empty.write_text("")
    assert "empty.txt" in refused(run(what, "--prompts", str(empty)))
    assert "name of its own" in refused(run(what, "--prompts", str(empty), "--json", str(empty)))


def test_other_sub_benchmarks_have_prompts_of_their_own(run: Run) -> None:
    assert "guard, drafts, window, fresh, serve take others" in refused(run("batch", "--prompts", "x.txt"))


def test_help_names_every_sub_benchmark(run: Run) -> None:
    code, out, _ = run("--help")
    assert code == 0
    assert all(name in out for name in ("batch", "prefix", "paging", "guard", "drafts", "context", "kernels"))


# --------------------------------------------------------------------------- two runs


@pytest.fixture
def saved(tmp_path: Path) -> Callable[[str, BenchResult], str]:
    """Puts a result into a file and gives its path."""

    def save(name: str, result: BenchResult) -> str:
        (tmp_path / name).write_text(to_json(result), encoding="utf-8")
        return str(tmp_path / name)

    return save


@pytest.mark.usefixtures("nothing_runs")
def test_two_files_are_compared(run: Run, saved: Callable[[str, BenchResult], str]) -> None:
    a, b = saved("a.json", made.result(speed=made.noisy(1.2))), saved("b.json", made.result(speed=made.noisy(2.0)))
    code, out, err = run("--compare", a, b)
    assert (code, err) == (0, "")
    assert "A: a.json\nB: b.json\n" in out
    assert out.count("B is faster") == 2
    assert "B is" not in run("--compare", a, a)[1]


@pytest.mark.usefixtures("nothing_runs")
def test_standard_output_is_no_file_of_figures(run: Run) -> None:
    assert "output cannot be -. Name a file" in refused(run("--json", "-"))
    assert "output cannot be -. Name a file" in refused(run("prefix", "--json", "-"))


def test_a_file_may_have_the_name_of_standard_output(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    command._check_outputs(("./-", "", ""), "")
    with pytest.raises(InputError):
        command._check_outputs(("./-", str(tmp_path / "-"), ""), "")


def test_files_that_cannot_be_compared_are_refused(run: Run, saved: Callable[[str, BenchResult], str]) -> None:
    a, other = saved("a.json", made.result()), saved("b.json", made.result(("story",)))
    spoilt = saved("c.json", replace(made.result(), arms=("x",)))
    Path(spoilt).write_text('{"schema": "helix.bench"')
    assert "no prompt in common" in refused(run("--compare", a, other))
    assert "c.json is no result that this version of Helix can read" in refused(run("--compare", a, spoilt))
    assert refused(run("--compare", "none.json", a)).startswith("none.json cannot be used: No such file or directory.")
    assert "leave out --json" in refused(run("--compare", a, a, "--html", "x.html"))
