"""The HTML report: whole, self-contained and safe to open whatever the prompts say."""

from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from helix_app.bench.config import BASELINE, HELIX
from helix_app.bench.figures.summary import summarise
from helix_app.bench.records import BenchNotice, BenchResult, Divergence, PromptRecord
from helix_app.bench.reports.html_report import html_report
from tests.bench.instruments import made

VOID = {"meta", "br", "path", "link", "img", "input", "hr"}
NASTY = "<script>alert('x')</script> </title></p> \"quoted\" & 😀 {}"
ALL_ARMS = (BASELINE, HELIX, "transformers", "transformers-assisted")


class Page(HTMLParser):
    """What a document holds; complains of tags that do not close in order."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.tags: list[str] = []
        self.links: list[str] = []
        self.words: list[str] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.links += [f"{name}={value}" for name, value in attrs if name in ("href", "src", "xlink:href", "srcset")]
        assert not [name for name, _ in attrs if name.startswith("on")]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open, f"</{tag}> closes nothing"
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] != "style":
            self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())


def page(result: BenchResult) -> tuple[str, Page]:
    """The report and what it holds, with everything that every report must satisfy."""
    source = html_report(result, summarise(result))
    found = Page(source)
    assert source.startswith("<!doctype html>\n<html lang=")
    assert source.count("<meta charset=") == 1
    for tag in ("html", "head", "title", "body", "main", "h1"):
        assert found.tags.count(tag) == 1
    assert not {"script", "link", "iframe", "img", "object", "base", "form"} & set(found.tags)
    assert found.links == []
    assert not re.search(r"https?:|//[a-z]|@import|url\(|javascript:", source, re.IGNORECASE)
    assert "nan" not in re.findall(r"[a-z]+", " ".join(re.findall(r'(?:style|d)="([^"]*)"', source)))
    assert "None" not in found.text
    return source, found


def test_the_report_tells_the_whole_run() -> None:
    _, found = page(made.result(arms=ALL_ARMS))
    for heading in (
        "Tiny: benchmark",
        "Speedup by kind of prompt",
        "Acceptance rate by position",
        "Tokens drafted a round",
        "Tokens over time",
        "Against other programs",
        "Settings and machine",
        "Run it again",
    ):
        assert heading in found.text
    assert "Some CPU, 4 cores, threads used: 4" in found.text
    assert "python -m helix_app bench --target tiny" in found.text
    assert "ab" * 32 in found.text


def test_prompts_and_names_are_shown_as_text() -> None:
    result = made.result(("chat", "<b>kind</b>"), text=NASTY)
    result = replace(
        result,
        model={**result.model, "target_name": "<i>Model</i>", "device_name": "<u>GPU</u> & co"},
        command='python "<script>"',
        divergences=(Divergence("chat", "<p>", BASELINE, HELIX, 0, 1, 2, "</li><script>", "b", 0.5, 0.5),),
        notices=(BenchNotice("bench_prompt_skipped", (("prompt", "<em>p</em>"), ("reason", "<s>"))),),
    )
    source, found = page(result)
    assert "<script" not in source.lower()
    assert not {"i", "u", "em", "s"} & (set(found.tags) - {"i"})
    assert source.count("<i>") == 0  # bars are <i style=...>
    assert "<script>alert('x')</script> </title></p> \"quoted\" & 😀" in found.text
    for words in ("<i>Model</i>", "<u>GPU</u> & co", 'python "<script>"', "</li><script>", "<em>p</em>", "<b>kind</b>"):
        assert words in found.text


def test_templates_are_read_only_for_a_report() -> None:
    """The window has the report at hand from its start on, which must not take longer for it."""
    code = "import sys, helix_app.bench.reports.html_report; sys.exit('jinja2' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False, timeout=60).returncode == 0


def test_missing_intervals_leave_no_whiskers() -> None:
    source, found = page(made.result(("chat",), prompts=1, repeats=1))
    assert 'class="whisker"' not in source
    assert "too few replies for a verdict" in found.text
    assert 'class="whisker"' in page(made.result(("chat",)))[0]


def test_one_kind_alone() -> None:
    _, found = page(made.result(("rewrite",)))
    assert "Rewrite" in found.text
    assert "Chat" not in found.text


def test_a_slower_kind_is_marked_as_such() -> None:
    source, _ = page(made.result(("chat",), speed=made.noisy(0.5)))
    assert 'class="down"' in source
    assert 'class="up"' not in source
    assert "fill quiet" in source
    faster, _ = page(made.result(("chat",), speed=made.noisy(1.5)))
    assert 'class="up"' in faster
    assert "fill quiet" not in faster


@pytest.mark.parametrize("kept", [1, 2, 3, 4, 5, 9, 71])
def test_an_aborted_run(kept: int) -> None:
    _, found = page(made.aborted(made.result(arms=ALL_ARMS), kept))
    assert f"The run ended early: {kept} of 72 replies were measured" in found.text


@pytest.mark.parametrize("arm", [BASELINE, HELIX, "transformers"])
def test_a_run_that_lost_an_arm(arm: str) -> None:
    whole = made.result(arms=ALL_ARMS)
    kept = tuple(a for a in ALL_ARMS if a != arm)
    page(replace(whole, arms=kept, runs=tuple(run for run in whole.runs if run.arm != arm)))


def test_replies_without_speed() -> None:
    def cut(result: BenchResult) -> BenchResult:
        changes = {"decode_tokens_per_second": None, "tokens_per_second": None, "time_to_first_token": None}
        runs = tuple(replace(r, tokens=0, timeline=(), k_counts=(), **changes) for r in result.runs)
        return replace(result, runs=runs)

    _, found = page(cut(made.result()))
    assert "Speedup by kind of prompt" not in found.text
    assert "Tokens over time" not in found.text


def test_long_prompts_are_cut() -> None:
    long = "word " * 1000
    result = made.result(("chat",), prompts=1)
    result = replace(result, prompts=(PromptRecord("chat-1", "chat", long, "0", 1000),))
    _, found = page(result)
    assert found.text.count("word") < 150


def test_curves_keep_their_style_when_an_arm_is_missing() -> None:
    whole = made.result(arms=ALL_ARMS)
    source, _ = page(whole)
    assert [f'class="line s{n}"' in source for n in range(4)] == [True] * 4
    without = replace(
        whole,
        runs=tuple(r for r in whole.runs if r.arm != "transformers"),
        arms=(BASELINE, HELIX, "transformers-assisted"),
    )
    source, _ = page(without)
    assert [f'class="line s{n}"' in source for n in range(4)] == [True, True, False, True]
