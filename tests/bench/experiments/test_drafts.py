"""``bench drafts`` on a tiny model."""

from __future__ import annotations

import json
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from helix_app.base.errors import HelixError, InputError
from helix_app.base.sizes import percent_text
from helix_app.bench import workloads
from helix_app.bench.config import BenchConfig
from helix_app.bench.experiments import drafts, experiment
from helix_app.bench.experiments.experiment import Bench, open_bench
from helix_app.bench.workloads import Prompt
from helix_app.engine.drafts.mixed import MixedDraft
from helix_app.engine.drafts.ngrams.ngram import NgramDraft
from helix_app.engine.drafts.ngrams.ngram_table import NgramTable
from helix_app.engine.rounds import grammars
from tests.engine.made.tiny import Zoo


def opened(zoo: Zoo, draft: str, stop_after: int = 10**6) -> Bench:
    cancel = threading.Event()
    told: list[str] = []

    def tell(text: str) -> None:
        told.append(text)
        if len(told) > stop_after:
            cancel.set()

    config = BenchConfig(
        str(zoo.folder("llama-loopy")),
        draft,
        device="cpu",
        dtype="float32",
        k="fixed:2",
        repeats=2,
        max_tokens=24,
        kinds=("chat", "list"),
        prompts_per_kind=1,
    )
    return open_bench(config, tell, cancel)


def test_each_draft_is_compared_with_plain_decoding_and_with_auto(zoo: Zoo) -> None:
    bench = opened(zoo, "ngram")
    found = drafts.run(bench)
    assert found.columns == ("Kind", "Plain tok/s", "n-gram", "auto")
    assert [row[0] for row in found.rows] == ["chat", "list", "all"]
    assert all(float(row[1]) > 0 and row[2].split("x")[0] for row in found.rows)
    for kind in ("chat", "list"):
        for name in ("plain", "n-gram", "auto"):
            assert [len(by) for by in found.data["speeds"][f"{kind} {name}"].values()] == [2]
    assert "beaten by more than 3 %" in found.notes[0]
    assert json.loads(experiment.document(found, bench.config, bench.ready, "x"))


def test_prompts_of_a_file_by_their_kinds(zoo: Zoo, tmp_path: Path) -> None:
    prompts = tmp_path / "prompts.txt"
    prompts.write_text('the cat sat\n{"kind": "mine", "prompt": "the dog lay"}\n', encoding="utf-8")
    bench = opened(zoo, "ngram")
    bench.config = replace(bench.config, prompts_file=str(prompts), kinds=(), repeats=1)
    found = drafts.run(bench)
    assert [row[0] for row in found.rows][-1] == "all"
    assert "mine" in {row[0] for row in found.rows}
    assert sum(len(by) for by in found.data["speeds"].values()) == 2 * 3


def test_accepted_tokens_are_counted_by_source(zoo: Zoo, monkeypatch: pytest.MonkeyPatch) -> None:
    bench = opened(zoo, "ngram")
    found = drafts.run(bench)
    (sources,) = found.more
    assert sources.rows, "a text that goes in circles is drafted"
    for draft, source, drafted, accepted, rate in sources.rows:
        assert draft in ("n-gram", "auto")
        assert source.startswith("ngram:")
        assert 0 <= int(accepted) <= int(drafted)
        assert float(rate) == pytest.approx(int(accepted) / int(drafted), abs=0.006)


def test_what_is_compared_follows_from_what_is_loaded(zoo: Zoo, tmp_path: object) -> None:
    assert list(drafts._drafts(None)) == ["plain", "n-gram", "auto"]
    bench = opened(zoo, str(zoo.folder("llama-loopy")))
    model = bench.session.draft
    mixed = MixedDraft(NgramDraft(), model)  # type: ignore[arg-type]
    assert list(drafts._drafts(mixed)) == ["plain", "n-gram", "model", "auto"]


def test_a_table_makes_an_arm_of_its_own(tmp_path_factory: pytest.TempPathFactory) -> None:
    table = NgramTable(tmp_path_factory.mktemp("table") / "x.table", 300, 1, writable=True, size=2**16)
    with_table = NgramDraft(tables=[table])
    assert drafts._drafts(with_table)["n-gram, table"] is with_table
    plain = drafts._drafts(with_table)["n-gram"]
    assert isinstance(plain, NgramDraft)
    assert not plain.has_tables


def test_stopping_keeps_what_is_done(zoo: Zoo) -> None:
    found = drafts.run(opened(zoo, "ngram", stop_after=4))
    done = sum(len(by) for prompts in found.data["speeds"].values() for by in prompts.values())
    assert 0 < done < 12
    assert [row[0] for row in found.rows] == ["chat", "list", "all"]


SCHEMA = """{"type": "object", "additionalProperties": false, "required": ["animal", "lies_in_the_sun"],
"properties": {"animal": {"enum": ["cat", "dog"]}, "lies_in_the_sun": {"type": "boolean"}}}"""


def test_replies_by_a_schema_with_its_forced_tokens_as_drafts_and_without(zoo: Zoo) -> None:
    bench = opened(zoo, "ngram")
    prompts = (Prompt("schema", "s", "the cat", SCHEMA), Prompt("schema", "t", "the dog", SCHEMA))
    bench.config = replace(bench.config, prompts=prompts, max_tokens=200, k="auto")
    found = drafts.run(bench)
    assert found.more == []
    assert not any("is beaten" in note for note in found.notes)
    assert [row[0] for row in found.rows] == ["none", "auto"]
    told = found.data["schemas"]
    assert list(told) == ["none unforced", "none forced", "auto unforced", "auto forced"]
    for name in ("none", "auto"):
        off, on = told[f"{name} unforced"], told[f"{name} forced"]
        assert [len(speeds) for speeds in (*off["speeds"].values(), *on["speeds"].values())] == [2] * 4
        assert off["tokens"] == on["tokens"] > 0
        assert off["forced"] == 0 < on["forced"] < on["tokens"]
        assert on["passes"] < off["passes"]
    assert told["none unforced"]["passes"] == told["none unforced"]["tokens"]
    for name, row in zip(("none", "auto"), found.rows):
        on = told[f"{name} forced"]
        assert row[4] == percent_text(on["forced"] / on["tokens"])
        assert row[5:] == (str(told[f"{name} unforced"]["passes"]), str(on["passes"]))
    assert "Replies by a schema whose text is the same in every way of writing: 4 of 4." in found.notes
    assert json.loads(experiment.document(found, bench.config, bench.ready, "x"))


@pytest.mark.parametrize("kinds", [(), ("chat", "schema")])
@pytest.mark.parametrize(
    ("error", "says"),
    [
        (InputError("grammar_missing"), "the extra `grammar` is not installed."),
        (HelixError("out_of_memory", device="cpu"), "not enough memory"),
    ],
)
def test_where_replies_by_a_schema_fail_the_rest_is_told(
    zoo: Zoo, monkeypatch: pytest.MonkeyPatch, kinds: tuple[str, ...], error: HelixError, says: str
) -> None:
    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr(grammars, "_vocabulary", fail)
    bench = opened(zoo, "ngram")
    bench.config = replace(bench.config, kinds=kinds, repeats=1, max_tokens=4)
    monkeypatch.setattr(workloads, "KINDS", ("chat",))
    found = drafts.run(bench)
    assert [row[0] for row in found.rows] == ["chat", "all"]
    assert len(found.more) == 1
    (note,) = [note for note in found.notes if "schema were left out" in note]
    assert says in note
    assert json.loads(experiment.document(found, bench.config, bench.ready, "x"))
    bench.config = replace(bench.config, kinds=("schema",))
    with pytest.raises(HelixError):
        drafts.run(bench)
