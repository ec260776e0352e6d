"""A reply's reasoning and its answer, told apart as the text comes."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import example, given, settings, strategies as st

from helix_app.base.replies.thinking import Parted, ThoughtSplitter, part

THINK = ("<think>", "</think>")
MARKS = (THINK, ("[THINK]", "[/THINK]"), ("◁think▷", "◁/think▷"), ("aab", "aaab"))


@pytest.mark.parametrize(
    ("text", "opens", "parted"),
    [
        ("", False, Parted()),
        ("Hi.", False, Parted(answer="Hi.")),
        ("\n Hi. \n", False, Parted(answer="\n Hi. \n")),
        ("<think>\nhm,\n\n well \n</think>\n\nHi.\n", False, Parted("hm,\n\n well", "Hi.\n")),
        ("\n<think>hm</think>Hi", False, Parted("hm", "Hi")),
        ("<think>\n\n</think>\n\nHi", False, Parted("", "Hi")),
        ("<think>hm</think>", False, Parted("hm")),
        # it never ends
        ("<think>hm, wel", False, Parted("hm, wel", open=True)),
        ("<think>hm </th", False, Parted("hm </th", open=True)),
        ("<think>", False, Parted(open=True)),
        # the prompt opened it
        ("\nhm\n</think>\nHi", True, Parted("hm", "Hi")),
        ("hm", True, Parted("hm", open=True)),
        ("", True, Parted(open=True)),
        ("</think>Hi", True, Parted("", "Hi")),
        ("<think>\nhm</think>Hi", True, Parted("hm", "Hi")),
        # two at the begin
        ("<think>a</think>\n<think> b\n</think> Hi", False, Parted("a\n\nb", "Hi")),
        ("<think></think><think>b</think>Hi", False, Parted("b", "Hi")),
        # what is no mark
        ("<thin air", False, Parted(answer="<thin air")),
        ("<think", False, Parted(answer="<think")),
        ("It writes <think>a</think> first.", False, Parted(answer="It writes <think>a</think> first.")),
        ("a</think>b", False, Parted(answer="a</think>b")),
        ("<think>a<think>b</think>c</think>", False, Parted("a<think>b", "c</think>")),
        ("<think>a </ think> b</think>c", False, Parted("a </ think> b", "c")),
        ("<think>a</think>b <think>c", False, Parted("a", "b <think>c")),
    ],
)
def test_the_parts_of_a_reply(text: str, opens: bool, parted: Parted) -> None:
    assert part(text, THINK, opens) == parted


HARMONY = ("<|channel|>analysis<|message|>", "<|start|>assistant<|channel|>final<|message|>")


@pytest.mark.parametrize(
    ("text", "parted"),
    [
        (f"{HARMONY[0]}hm{HARMONY[1]}Hi", Parted("hm", "Hi")),
        ("<|channel|>final<|message|>Hi", Parted(answer="Hi")),
        ("<|channel|>final<|message|>Hi <|channel|>final<|message|>", Parted(answer="Hi <|channel|>final<|message|>")),
        ("<|channel|>commentary<|message|>Hi", Parted(answer="<|channel|>commentary<|message|>Hi")),
        ("<|channel|>fin", Parted(answer="<|channel|>fin")),
        (f"{HARMONY[0]}<|channel|>final<|message|>hm", Parted("<|channel|>final<|message|>hm", open=True)),
    ],
)
def test_channels_of_harmony(text: str, parted: Parted) -> None:
    assert part(text, HARMONY) == parted
    splitter = ThoughtSplitter(HARMONY)
    told = [*(splitter.feed(character) for character in text), splitter.end()]
    assert "".join(one.thought for one in told) == parted.thought
    assert "".join(one.answer for one in told) == parted.answer
    assert told[-1].open == parted.open


@pytest.mark.parametrize("marks", [("", ""), ("<think>", ""), ("", "</think>")])
@pytest.mark.parametrize("opens", [False, True])
def test_without_marks_all_is_answer(marks: tuple[str, str], opens: bool) -> None:
    text = " <think>a</think> b"
    assert part(text, marks, opens) == Parted(answer=text)


def test_a_mark_that_is_cut_waits_for_its_end() -> None:
    splitter = ThoughtSplitter(THINK)
    told = [
        splitter.feed(piece) for piece in ("\n<th", "ink", ">\nhm", "  ", "yes </thi", "nk", ">", "\n", "Hi ", "you")
    ]
    assert [one.thought for one in told] == ["", "", "hm", "", "  yes", "", "", "", "", ""]
    assert [one.answer for one in told] == ["", "", "", "", "", "", "", "", "Hi ", "you"]
    assert [one.open for one in told] == [False, False, True, True, True, True, False, False, False, False]
    assert splitter.end() == Parted()


def test_an_answer_is_not_held_back() -> None:
    splitter = ThoughtSplitter(THINK)
    assert splitter.feed("<") == Parted()
    assert splitter.feed("b>") == Parted(answer="<b>")
    assert splitter.feed(" <think>") == Parted(answer=" <think>")


PIECES = st.lists(
    st.sampled_from(
        [
            "<think>",
            "</think>",
            "<thi",
            "nk>",
            "</",
            "[THINK]",
            "[/THINK]",
            "◁think▷",
            "◁/think▷",
            "a",
            "aa",
            "b",
            " ",
            "\n",
        ]
    )
    | st.text(max_size=3),
    max_size=12,
)


@given(st.sampled_from(MARKS), PIECES, st.booleans(), st.lists(st.integers(0, 60), max_size=12))
@example(("aab", "aaab"), ["aab", "aaaab", "c"], False, [4, 5, 6])
@settings(max_examples=500, deadline=None, derandomize=True)
def test_however_a_reply_is_cut_its_parts_are_the_same(
    marks: tuple[str, str], pieces: list[str], opens: bool, cuts: list[int]
) -> None:
    text = "".join(pieces)
    ends = [0, *sorted(min(cut, len(text)) for cut in cuts), len(text)]
    splitter = ThoughtSplitter(marks, opens)
    told = [splitter.feed(text[a:b]) for a, b in itertools.pairwise(ends)]
    told.append(splitter.end())
    whole = part(text, marks, opens)
    assert "".join(one.thought for one in told) == whole.thought
    assert "".join(one.answer for one in told) == whole.answer
    assert told[-1].open == whole.open
    assert whole.thought == whole.thought.strip()
    if not opens and not text.lstrip().startswith(marks[0]):
        assert whole == Parted(answer=text)


@given(st.sampled_from(MARKS), st.text(), st.text(min_size=1))
@settings(max_examples=200, deadline=None, derandomize=True)
def test_what_was_thought_and_answered_comes_back(marks: tuple[str, str], thought: str, answer: str) -> None:
    for mark in marks:
        thought, answer = thought.replace(mark[0], ""), answer.replace(mark[0], "")
    parted = part(f"{marks[0]}\n{thought}\n{marks[1]}\n\n{answer}", marks)
    assert parted == Parted(thought.strip(), answer.lstrip())
