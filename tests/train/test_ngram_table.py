"""The command that makes the table of a model, with a tiny one."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from helix_app.engine.drafts.ngrams.ngram_table import NgramTable
from helix_app.engine.measuring import calibration
from helix_app.engine.text.tokenizer import Tokenizer, load_tokenizer
from helix_app.modelfiles.model_path import inspect
from helix_app.train import ngram_table
from tests.engine.made.tiny import Zoo, write_gguf

SIZE = 1 << 16


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return Zoo(tmp_path_factory.mktemp("train-zoo")).gguf("llama")


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Short texts, one thread, no time for calibration."""
    monkeypatch.setattr(calibration, "_SECONDS", 0.0)
    monkeypatch.setattr(ngram_table, "_ANSWER_TOKENS", 24)
    monkeypatch.setattr(ngram_table, "_AT_ONCE", 4)
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def tokenizer_of(path: Path) -> Tokenizer:
    return load_tokenizer(inspect(path))


def read(path: Path, target: Path) -> NgramTable:
    tokenizer = tokenizer_of(target)
    return NgramTable(path, tokenizer.size, tokenizer.fingerprint)


def test_a_table_is_made_of_what_the_model_writes(
    target: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, helix_home: Path
) -> None:
    texts: list[tuple[tuple[int, ...], int]] = []
    real = NgramTable.learn

    def learn(self: NgramTable, tokens: tuple[int, ...], start: int) -> None:
        texts.append((tokens, start))
        real(self, tokens, start)

    monkeypatch.setattr(NgramTable, "learn", learn)
    before = set(helix_home.rglob("*.table"))
    out = tmp_path / "new folder" / "tiny.table"
    made = ngram_table.make(str(target), out, tokens=100, size=SIZE, seed=1)
    table = read(out, target)
    assert made == table.used > 100
    assert out.stat().st_size == 32 + SIZE
    answers = [tokens[start:] for tokens, start in texts]
    assert 100 <= sum(map(len, answers)) < 100 + 16 * 24
    found = []
    for tokens, start in texts:
        assert 0 < start < len(tokens) <= start + 24  # a prompt with its template, then an answer
        for i in range(start, len(tokens)):
            known = table.find(tokens[:i])
            found.append(known is not None and known[0] == tokens[i])
    assert sum(found) > 0.7 * len(found)
    assert set(helix_home.rglob("*.table")) == before  # the person's own table learns nothing of it


def test_an_old_table_is_replaced_and_a_seed_repeats(
    target: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ngram_table, "_ANSWER_TOKENS", 8)
    out, other = tmp_path / "a.table", tmp_path / "b.table"
    out.write_bytes(b"something else")
    for path in (out, other):
        ngram_table.make(str(target), path, tokens=1, size=SIZE, seed=5)
    assert out.read_bytes() == other.read_bytes()
    ngram_table.make(str(target), other, tokens=1, size=SIZE, seed=6)
    assert out.read_bytes() != other.read_bytes()


def test_the_command_says_what_it_made(target: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "tiny.table"
    arguments = ["--target", str(target), "--tokens", "1", "--mib", "1", "--out", str(out)]
    assert ngram_table.main(arguments) == 0
    assert f"{out}: {read(out, target).used:,} entries" in capsys.readouterr().err
    assert out.stat().st_size == 32 + 2**20


def test_a_target_that_is_not_there_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "tiny.table"
    assert ngram_table.main(["--target", str(tmp_path / "none.gguf"), "--out", str(out)]) == 2
    said = capsys.readouterr()
    assert "none.gguf" in said.err
    assert "Traceback" not in said.err + said.out
    assert not out.exists()


def test_a_target_that_is_damaged_is_refused_and_an_old_table_stays(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bad = tmp_path / "bad.gguf"
    bad.write_bytes(b"GGUF" + bytes(100))
    out = tmp_path / "tiny.table"
    out.write_bytes(b"kept")
    assert ngram_table.main(["--target", str(bad), "--out", str(out)]) > 0
    said = capsys.readouterr().err
    assert "bad.gguf" in said
    assert "Traceback" not in said
    assert out.read_bytes() == b"kept"


def test_a_target_whose_loading_fails_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What only the engine sees: sizes in the header that the weights do not have."""
    monkeypatch.setattr(logging, "raiseExceptions", False)  # of handlers that other tests left on a closed stream
    odd = write_gguf("llama", 0, tmp_path / "odd.gguf", **{"llama.feed_forward_length": 64})
    assert ngram_table.main(["--target", str(odd), "--out", str(tmp_path / "x.table")]) > 0
    said = capsys.readouterr().err
    assert said
    assert "Traceback" not in said


@pytest.mark.parametrize("arguments", [[], ["--out"], ["--out", "x", "--tokens", "many"]])
def test_wrong_usage_exits_with_2(arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        ngram_table.main(arguments)
    assert caught.value.code == 2


def test_no_subject_or_question_is_one_of_the_benchmark() -> None:
    from helix_app.bench import workloads

    text = Path(workloads.__file__).read_text("utf-8")
    for ask in ngram_table._ASKS:
        assert ask.count("{}") == 1
        for subject in ngram_table._SUBJECTS:
            assert ask.format(subject) not in text
    assert len(set(ngram_table._SUBJECTS)) == len(ngram_table._SUBJECTS) > 100
