"""Tokenizers from files, their cache, and text that streams without a broken character."""

from __future__ import annotations

import json
import random
import shutil
from pathlib import Path
from typing import Any

import pytest
import tokenizers
from hypothesis import given, settings, strategies as st

from helix_app.base.errors import HelixError, InputError, ModelFileError
from helix_app.base.process import paths
from helix_app.engine.text import tokenizer as module
from helix_app.engine.text.tokenizer import StreamDecoder, Tokenizer, TokenizerInfo, load_tokenizer
from helix_app.engine.text.vocabulary.byte_level import byte_level_bpe
from helix_app.modelfiles.model_path import inspect
from helix_app.protocol.requests import ChatMessage
from tests.engine.made.tiny import END, EOS_ID, PAD, START, STOP, Zoo, tokenizer, write_gguf

TEXTS = [
    "",
    " ",
    "Hello, world!",
    "  leading and trailing  ",
    "tabs\tand\n\nnewlines\r\n  and   runs of   spaces\n",
    "1234567890 3.14159 -7 1,000,000 0x1F",
    "don't we'll I'm they've",
    "def f(x: int) -> str:\n    return f'{x!r}'  # code\n",
    "Über naïve façade, Ångström",
    "你好,世界。日本語テキスト 한국어",
    "🙂🇨🇭👩‍👩‍👧‍👦 emoji 🎉🎉",
    "עברית العربية हिन्दी",
    "a\u0301 e\u0308 combining, \u200b zero width, \ufeff mark",
    "<tag attr='x'>&amp;</tag> {json: [1, 2]} $x^2$ `code`",
    "ſ K ﬁ Ⅷ ½ ٣",
]


def tiny_tokenizer(zoo: Zoo) -> Tokenizer:
    return load_tokenizer(inspect(zoo.gguf("llama")))


# --------------------------------------------------------------------------- encode and decode


@pytest.mark.parametrize("text", TEXTS)
def test_gguf_and_folder_agree_with_the_original(zoo: Zoo, text: str) -> None:
    wanted = tokenizer().encode(text, add_special_tokens=False).ids
    for path in (zoo.gguf("llama"), zoo.folder("llama")):
        made = load_tokenizer(inspect(path))
        assert made.encode(text) == wanted
        assert made.decode(wanted) == text


@given(st.text(max_size=40).filter(lambda text: not any(marker in text for marker in (END, START, STOP, PAD))))
@settings(max_examples=200, deadline=None, derandomize=True)
def test_any_text_comes_back(text: str) -> None:
    made = Tokenizer(tokenizer(), TokenizerInfo(None, "", "", None, False))
    assert made.decode(made.encode(text)) == text


def test_half_a_character_is_replaced_and_two_halves_are_joined(zoo: Zoo) -> None:
    made = tiny_tokenizer(zoo)
    assert made.decode(made.encode("a\ud83d b")) == "a\ufffd b"
    assert made.decode(made.encode("a\ud83d\ude42 b")) == "a🙂 b"


def test_digits_stand_alone(zoo: Zoo, tmp_path: Path) -> None:
    """With digit merges in the vocabulary, only the pre-tokenizer keeps them apart."""
    header = inspect(zoo.gguf("llama")).gguf
    assert header is not None
    meta = dict(header.metadata)
    tokens = [*meta["tokenizer.ggml.tokens"], "12", "34"]
    meta |= {"tokenizer.ggml.merges": [*meta["tokenizer.ggml.merges"], "1 2", "3 4"]}
    cuts = {}
    for pre in ("smollm", "gpt-2", "qwen2", "llama-bpe"):
        backend = byte_level_bpe({**meta, "tokenizer.ggml.pre": pre}, tokens).backend
        cuts[pre] = backend.encode("x1234", add_special_tokens=False).tokens
    assert cuts["smollm"] == ["x", "1", "2", "3", "4"]
    assert cuts["gpt-2"] == ["x", "12", "34"]
    assert cuts["qwen2"] == ["x", "1", "2", "3", "4"]
    assert cuts["llama-bpe"] == ["x", "12", "3", "4"]  # three at a time: 123, then 4


def test_special_tokens_are_read_whole_and_shown_only_when_asked(zoo: Zoo) -> None:
    made = tiny_tokenizer(zoo)
    ids = made.encode(f"{START}user{STOP}")
    assert (ids[0], ids[-1]) == (1, EOS_ID)
    assert made.decode(ids) == "user"
    assert made.token_text(EOS_ID) == STOP
    assert made.token(10**6) == ""


@pytest.mark.parametrize(("wanted", "first"), [(True, [1]), (False, [])])
def test_bos_comes_first_once_where_the_model_wants_it(wanted: bool, first: list[int]) -> None:
    made = Tokenizer(tokenizer(), TokenizerInfo(None, START, STOP, 1, wanted))
    plain = made.encode("the cat")
    assert made.encode("the cat", add_bos=True) == first + plain
    assert made.encode(START + "the cat", add_bos=True) == [1, *plain]


# --------------------------------------------------------------------------- chat


def test_a_conversation_goes_through_the_template(zoo: Zoo) -> None:
    made = tiny_tokenizer(zoo)
    chat = [ChatMessage("system", "be kind"), ChatMessage("user", "the cat"), ChatMessage("assistant", "sat")]
    text = f"{START}system\nbe kind{STOP}\n{START}user\nthe cat{STOP}\n{START}assistant\nsat{STOP}\n{START}assistant\n"
    assert made.encode_chat(chat) == made.encode(text)
    assert load_tokenizer(inspect(zoo.folder("llama"))).encode_chat(chat) == made.encode(text)


def test_a_model_without_a_template_says_so(zoo: Zoo, tmp_path: Path) -> None:
    made = load_tokenizer(inspect(write_gguf("llama", 0, tmp_path / "x.gguf", template="")))
    with pytest.raises(InputError) as caught:
        made.encode_chat([ChatMessage("user", "hi")])
    assert caught.value.code == "no_chat_template"


@pytest.mark.parametrize(
    "template", ["{{ raise_exception('no system') }}", "{% for x in %}", "{{ 1 / 0 }}", "{{ messages[9].content }}"]
)
def test_a_template_that_refuses_is_an_input_error(template: str) -> None:
    made = Tokenizer(tokenizer(), TokenizerInfo(template, "", "", None, False))
    with pytest.raises(InputError) as caught:
        made.encode_chat([ChatMessage("user", "hi")])
    assert caught.value.code == "bad_input"
    assert caught.value.detail


def test_a_template_cannot_leave_its_sandbox() -> None:
    template = "{{ ''.__class__.__mro__[1].__subclasses__() }}"
    made = Tokenizer(tokenizer(), TokenizerInfo(template, "", "", None, False))
    with pytest.raises(InputError):
        made.encode_chat([ChatMessage("user", "hi")])


# --------------------------------------------------------------------------- streaming


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("seed", range(3))
def test_a_stream_is_the_text_in_pieces(zoo: Zoo, text: str, seed: int) -> None:
    made = tiny_tokenizer(zoo)
    ids, rng = made.encode(text), random.Random(seed)
    stream, pieces, at = StreamDecoder(made), [], 0
    while at < len(ids):
        step = rng.randint(1, 3) if seed else 1
        pieces.append(stream.push(ids[at : at + step]))
        at += step
    pieces.append(stream.flush())
    assert "".join(pieces) == text
    assert not any("\ufffd" in piece for piece in pieces)
    assert stream.flush() == ""


@given(st.lists(st.integers(0, 299), max_size=30), st.integers(0, 99))
@settings(max_examples=200, deadline=None, derandomize=True)
def test_a_stream_of_any_tokens_is_their_text(ids: list[int], seed: int) -> None:
    """Random bytes too: what is broken shows in the end as decoding everything at once shows it."""
    made = Tokenizer(tokenizer(), TokenizerInfo(None, "", "", None, False))
    rng, stream, text, at = random.Random(seed), StreamDecoder(made), "", 0
    while at < len(ids):
        step = rng.randint(1, 4)
        text += stream.push(ids[at : at + step])
        at += step
    assert text + stream.flush() == made.decode(ids)


def test_a_character_waits_for_its_last_byte(zoo: Zoo) -> None:
    made = tiny_tokenizer(zoo)
    ids = made.encode("🙂")
    assert len(ids) == 4
    stream = StreamDecoder(made)
    assert [stream.push([i]) for i in ids] == ["", "", "", "🙂"]


def test_a_character_that_never_ends_shows_at_the_end(zoo: Zoo) -> None:
    made = tiny_tokenizer(zoo)
    stream = StreamDecoder(made)
    assert stream.push(made.encode("a🙂")[:3]) == ""
    assert stream.flush() == "a\ufffd"


# --------------------------------------------------------------------------- cache


@pytest.fixture
def own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HELIX_HOME", str(tmp_path / "home"))
    return tmp_path


def cached_folders() -> list[Path]:
    folder = paths.cache_dir() / "tokenizers"
    return sorted(folder.iterdir()) if folder.is_dir() else []


@pytest.mark.parametrize("format", ["gguf", "folder"])
def test_the_second_load_comes_from_the_cache(
    zoo: Zoo, own_home: Path, monkeypatch: pytest.MonkeyPatch, format: str
) -> None:
    files = inspect(getattr(zoo, format)("llama"))
    first = load_tokenizer(files)
    assert len(cached_folders()) == 1

    def refuse(*_: Any) -> Any:
        raise AssertionError("converted again")

    monkeypatch.setattr(module, "_from_gguf", refuse)
    monkeypatch.setattr(module, "_from_folder", refuse)
    second = load_tokenizer(files)
    assert second.info == first.info
    assert second.size == first.size
    for text in TEXTS:
        assert second.encode(text) == first.encode(text)


@pytest.mark.parametrize("name", ["tokenizer.json", "helix.json"])
@pytest.mark.parametrize("damage", ["", "{", "[]", '{"unknown": 1}', None])
def test_a_damaged_cache_is_made_again(zoo: Zoo, own_home: Path, name: str, damage: str | None) -> None:
    files = inspect(zoo.gguf("llama"))
    wanted = load_tokenizer(files).encode("the cat 12")
    (folder,) = cached_folders()
    if damage is None:
        (folder / name).unlink()
    else:
        (folder / name).write_text(damage, encoding="utf-8")
    assert load_tokenizer(files).encode("the cat 12") == wanted
    assert json.loads((folder / "helix.json").read_text(encoding="utf-8"))["eos_token"] == STOP
    assert cached_folders() == [folder]


def test_a_changed_file_is_not_taken_from_the_cache(own_home: Path) -> None:
    path = write_gguf("llama", 0, own_home / "x.gguf")
    assert load_tokenizer(inspect(path)).info.chat_template
    path.unlink()
    write_gguf("llama", 0, path, template="{{ 'another template, so that the size differs' }}")
    assert load_tokenizer(inspect(path)).info.chat_template == "{{ 'another template, so that the size differs' }}"


def test_a_cache_that_cannot_be_written_is_no_failure(
    zoo: Zoo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("in the way")
    monkeypatch.setenv("HELIX_HOME", str(blocked))
    assert load_tokenizer(inspect(zoo.gguf("llama"))).decode([EOS_ID]) == ""


# --------------------------------------------------------------------------- what cannot be read


@pytest.mark.parametrize("damage", ["removed", "garbage", "empty object"])
def test_a_folder_without_a_readable_tokenizer_says_so(zoo: Zoo, own_home: Path, damage: str) -> None:
    folder = own_home / "model"
    shutil.copytree(zoo.folder("llama"), folder)
    for name in ("tokenizer.json", "tokenizer_config.json"):
        if damage == "removed":
            (folder / name).unlink()
        else:
            (folder / name).write_text("{}" if damage == "empty object" else "\x00garbage")
    with pytest.raises(ModelFileError) as caught:
        load_tokenizer(inspect(folder))
    assert caught.value.code == ("tokenizer_missing" if damage == "removed" else "tokenizer_unreadable")


def test_a_full_disk_only_costs_the_cache(zoo: Zoo, own_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Full:
        def __init__(self, whole: Any) -> None:
            self._whole = whole

        def __getattr__(self, name: str) -> Any:
            return getattr(self._whole, name)

        def save(self, path: str) -> None:
            raise Exception("No space left on device (os error 28)")  # as the library does

    built = Tokenizer.__init__

    def init(self: Tokenizer, backend: Any, info: TokenizerInfo) -> None:
        built(self, Full(backend), info)

    monkeypatch.setattr(Tokenizer, "__init__", init)
    tokenizer = load_tokenizer(inspect(zoo.gguf("llama")))
    assert tokenizer.encode("the cat")
    assert cached_folders() == []


@pytest.mark.parametrize("changes", [{"tokenizer.ggml.tokens": []}, {"tokenizer.ggml.merges": ["no such"]}])
def test_a_gguf_tokenizer_with_nonsense_says_so(zoo: Zoo, own_home: Path, changes: dict[str, Any]) -> None:
    files = inspect(zoo.gguf("llama"))
    assert files.gguf is not None
    files.gguf.metadata.update(changes)
    with pytest.raises(HelixError) as caught:
        load_tokenizer(files)
    assert caught.value.code == "tokenizer_unreadable"


# --------------------------------------------------------------------------- the real one


@pytest.fixture(scope="module")
def real(default_model: Path) -> tuple[Tokenizer, tokenizers.Tokenizer]:
    """Helix' tokenizer of the default model, and one put together here from the file's vocabulary and merges."""
    from tokenizers import AddedToken, Tokenizer as Backend, decoders, models, pre_tokenizers

    files = inspect(default_model)
    assert files.gguf is not None
    meta = files.gguf.metadata
    vocab = {token: i for i, token in enumerate(meta["tokenizer.ggml.tokens"])}
    merges = [tuple(merge.split(" ")) for merge in meta["tokenizer.ggml.merges"]]
    backend = Backend(models.BPE(vocab=vocab, merges=merges))
    backend.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)]
    )
    backend.decoder = decoders.ByteLevel()
    specials = [t for t, kind in zip(vocab, meta["tokenizer.ggml.token_type"]) if kind == 3]
    backend.add_special_tokens([AddedToken(t, special=True, normalized=False) for t in specials])
    return load_tokenizer(files), backend


@pytest.mark.model
@pytest.mark.parametrize("text", [*TEXTS, "\n".join(TEXTS), "<|im_start|>user\nhi<|im_end|>"])
def test_the_real_tokenizer_is_that_of_its_vocabulary(real: tuple[Tokenizer, tokenizers.Tokenizer], text: str) -> None:
    ours, theirs = real
    assert ours.encode(text) == theirs.encode(text, add_special_tokens=False).ids
    if "<|" not in text:
        assert ours.decode(ours.encode(text)) == text


@pytest.mark.model
def test_the_real_tokenizer_cuts_as_the_model_was_trained(real: tuple[Tokenizer, tokenizers.Tokenizer]) -> None:
    ours, _ = real
    assert [ours.token(i) for i in ours.encode("In 2024 it")] == ["In", "Ġ", "2", "0", "2", "4", "Ġit"]
    chat = ours.encode_chat([ChatMessage("user", "Hi")])
    assert ours.token(chat[0]) == "<|im_start|>"
    assert ours.decode(chat).endswith("user\nHi\nassistant\n")
    assert ours.size == 49_152


def test_a_tokenizer_that_is_in_use_is_not_read_again(zoo: Zoo) -> None:
    files = inspect(zoo.gguf("llama-small"))
    first = load_tokenizer(files)
    assert load_tokenizer(files) is first
    assert load_tokenizer(inspect(zoo.gguf("llama"))) is not first
