"""How text is normalised and cut before merging, by the name that GGUF files give it (``tokenizer.ggml.pre``).

A rule is the ``pre_tokenizer`` section of the ``tokenizer.json`` that the family publishes. Where GGUF groups families
under one name and they differ in what no vocabulary of theirs can tell, llama.cpp's expressions stand
(``llm_tokenizer_bpe``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tokenizers import Regex, normalizers, pre_tokenizers

_SUFFIX = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)"
_LLAMA3 = (
    _SUFFIX + r"|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+"
    r"|\s+(?!\S)|\s+"
)
_QWEN2 = _LLAMA3.replace(r"\p{N}{1,3}", r"\p{N}")
_QWEN35 = _SUFFIX + r"|[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+|\p{N}| ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
_UPPER, _LOWER = r"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]", r"[\p{Ll}\p{Lm}\p{Lo}\p{M}]"
_HEAD = r"[^\r\n\p{L}\p{N}]?"
_SPACES = r" ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+"
_TEKKEN = rf"{_HEAD}{_UPPER}*{_LOWER}+|{_HEAD}{_UPPER}+{_LOWER}*|\p{{N}}|{_SPACES}"
_GPT4O = rf"{_HEAD}{_UPPER}*{_LOWER}+{_SUFFIX}?|{_HEAD}{_UPPER}+{_LOWER}*{_SUFFIX}?|\p{{N}}{{1,3}}|{_SPACES}"
_YOUTU = _GPT4O.replace(r"\p{N}{1,3}", r"\p{N}")
_SEED = _SUFFIX + r"|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1}| ?[^\s\p{L}\p{N}\r\n]+|\s*[\r\n]+|\s+(?!\S)|\s+"
_BAILING = r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]++[\r\n]*|\s*[\r\n]|\s+(?!\S)|\s+"
_EXAONE_MOE = (
    _SUFFIX + r"|[^\r\n\p{L}\p{N}]?(?:\p{L}\p{M}*(?: \p{L}\p{M}*)*)+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]?|\s*[\r\n]"
    r"|\s+(?!\S)|\s+"
)
_JAIS2 = (
    _LLAMA3.removesuffix(r"|\s+(?!\S)|\s+") + "".join(rf"|\s{{{2**n}}}(?!\S)" for n in range(9, 1, -1))
) + r"|\s{1,2}(?!\S)|\s{1}"
_BLOOM = r" ?[^(\s|[.,!?…。，、।۔،])]+"
_DEEPSEEK3 = (
    r"\p{N}{1,3}",
    "[\u4e00-\u9fa5\u3040-\u309f\u30a0-\u30ff]+",
    r"[!\"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+[\r\n]*"
    r"|\s*[\r\n]+|\s+(?!\S)|\s+",
)
_IDEOGRAPHS = "[\u4e00-\u9fa5\u0800-\u4e00\uac00-\ud7ff]+"
_LETTERS = (  # of two cases, as DeepSeek LLM lists them
    "A-Za-z\xb5\xc0-\xd6\xd8-\xf6\xf8-\u01ba\u01bc-\u01bf\u01c4-\u0293\u0295-\u02af\u0370-\u0373\u0376"
    "\u0377\u037b-\u037d\u037f\u0386\u0388-\u038a\u038c\u038e-\u03a1\u03a3-\u03f5\u03f7-\u0481\u048a-\u052f"
    "\u0531-\u0556\u10a0-\u10c5\u13a0-\u13f5\u13f8-\u13fd\u1c90-\u1cba\u1cbd-\u1cbf\u1d00-\u1d2b\u1d6b-\u1d77"
    "\u1d79-\u1d9a\u1e00-\u1f15\u1f18-\u1f1d\u1f20-\u1f45\u1f48-\u1f4d\u1f50-\u1f57\u1f59\u1f5b\u1f5d\u1f5f-\u1f7d"
    "\u1f80-\u1fb4\u1fb6-\u1fbc\u1fbe\u1fc2-\u1fc4\u1fc6-\u1fcc\u1fd0-\u1fd3\u1fd6-\u1fdb\u1fe0-\u1fec"
    "\u1ff2-\u1ff4\u1ff6-\u1ffc\u2102\u2107\u210a-\u2113\u2115\u2119-\u211d\u2124\u2126\u2128\u212a-\u212d"
    "\u212f-\u2134\u2139\u213c-\u213f\u2145-\u2149\u214e\u2183\u2184\u2c00-\u2c7b\u2c7e-\u2ce4\u2ceb-\u2cee"
    "\u2cf2\u2cf3\ua640-\ua66d\ua680-\ua69b\ua722-\ua76f\ua771-\ua787\ua78b-\ua78e\uab70-\uabbf\ufb00-\ufb06"
    "\ufb13-\ufb17\uff21-\uff3a\uff41-\uff5a\U00010400-\U0001044f\U000104b0-\U000104d3\U000104d8-\U000104fb"
    "\U00010c80-\U00010cb2\U00010cc0-\U00010cf2\U000118a0-\U000118df\U0001e900-\U0001e943"
)
_DEEPSEEK = (
    "[\r\n]",
    rf"\s?[{_LETTERS}]+",
    "\\s?[!-/:-~\uff01-\uff0f\uff1a-\uff5e\u2018-\u201f\u3000-\u3002]+",
    r"\s+$",
    _IDEOGRAPHS,
)
_YOUTU_SCRIPTS = (
    "[\uac00-\ud7a3\u3131-\u318e]+|[\uff01\u2026\u201c\u201d\u2018\u2019\u2014\uff1a\uff1b\uff0c\u3001-\u303f\ufe30-\ufe4f]+"
    "|[\u3105-\u312f]+|[\u4e00-\u9fa5\u3040-\u309f\u30a0-\u30ff]+"
)
_GROUPS_OF_THREE = r"(?=(\d{3})+(?!\d))"


@dataclass(frozen=True)
class Cut:
    """The rule of one family.

    Attributes:
        expressions: text is cut at the matches of each in turn.
        digits: each digit stands alone.
        gpt2: what is left is cut as GPT-2 cuts it.
        punctuation: runs of punctuation stand alone before all else.
        contiguous: digits are parted from the rest, and then cut by threes (Falcon).
        nfc: text is composed before (Unicode NFC).
        ignore_merges: a piece that is a token is that token, whatever the merges say.
        add_bos: a prompt begins with BOS where the file does not say.
    """

    expressions: tuple[str, ...] = ()
    digits: bool = False
    gpt2: bool = False
    punctuation: bool = False
    contiguous: bool = False
    nfc: bool = False
    ignore_merges: bool = False
    add_bos: bool = False

    def pre_tokenizer(self) -> Any:
        """As ``tokenizers`` has it."""
        steps: list[Any] = []
        if self.punctuation:
            steps.append(pre_tokenizers.Punctuation("contiguous"))
        steps += [pre_tokenizers.Split(Regex(expression), "isolated") for expression in self.expressions]
        if self.digits:
            steps.append(pre_tokenizers.Digits(individual_digits=True))
        steps.append(pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=self.gpt2))
        if self.contiguous:
            steps.append(pre_tokenizers.Digits(individual_digits=False))
            steps.append(pre_tokenizers.Split(Regex("[0-9][0-9][0-9]"), "isolated"))
        return pre_tokenizers.Sequence(steps)

    def normalizer(self) -> Any:
        """As ``tokenizers`` has it, None where text stays as it is."""
        return normalizers.NFC() if self.nfc else None


_GPT2 = Cut(gpt2=True)
_NEOX = Cut(gpt2=True, nfc=True)
_DIGITS = Cut(digits=True, gpt2=True)
_LLAMA = Cut((_LLAMA3,), ignore_merges=True, add_bos=True)
_QWEN = Cut((_QWEN2,), nfc=True)
_FALCON = Cut(punctuation=True, gpt2=True, contiguous=True)

_CUTS: dict[str, Cut] = {
    **dict.fromkeys(("llama3", "llama-v3", "llama-bpe", "falcon3", "falcon-h1", "pixtral", "midm-2.0", "lfm2"), _LLAMA),
    **dict.fromkeys(("smaug-bpe", "dbrx", "chatglm-bpe", "glm4"), Cut((_LLAMA3,))),
    **dict.fromkeys(("qwen2", "deepseek-r1-qwen", "megrez", "kormo", "f2llmv2"), _QWEN),
    **dict.fromkeys(("stablelm2", "hunyuan", "solar-open", "grok-2"), Cut((_QWEN2,))),
    "qwen35": Cut((_QWEN35,), nfc=True),
    "tekken": Cut((_TEKKEN,), ignore_merges=True, add_bos=True),
    **dict.fromkeys(("gpt-4o", "llama4", "kanana2", "talkie", "minimax-m2"), Cut((_GPT4O,))),
    "deepseek-llm": Cut(_DEEPSEEK, digits=True),
    "deepseek-coder": Cut(("[\r\n]", r"\s?\p{L}+", r"\s?\p{P}+", _IDEOGRAPHS), digits=True),
    **dict.fromkeys(("deepseek-v3", "hunyuan-dense", "joyai-llm", "hy_v4"), Cut(_DEEPSEEK3)),
    "youtu": Cut((_YOUTU_SCRIPTS, _YOUTU), ignore_merges=True),
    "falcon": _FALCON,
    **dict.fromkeys(("starcoder", "refact", "smollm", "codeshell", "exaone", "minerva-7b", "mellum2"), _DIGITS),
    "command-r": Cut(digits=True, gpt2=True, nfc=True),
    **dict.fromkeys(
        ("gpt-2", "gpt2", "phi-2", "gigachat", "a.x-4.0", "mellum", "jais", "exaone4", "trillion", "granite-docling"),
        _GPT2,
    ),
    **dict.fromkeys(("mpt", "olmo"), _NEOX),
    **dict.fromkeys(("bloom", "poro-chat", "gpt3-finnish"), Cut((_BLOOM,))),
    "viking": Cut((_BLOOM,), digits=True),
    "jais-2": Cut((_JAIS2,)),
    "superbpe": Cut((r"\p{N}+", _GROUPS_OF_THREE)),
    **dict.fromkeys(("bailingmoe", "bailingmoe2", "llada-moe"), Cut((_BAILING,))),
    "seed-coder": Cut((_SEED,)),
    "exaone-moe": Cut((_EXAONE_MOE,)),
    "minicpm5": Cut((r"\p{N}{1,3}", _LLAMA3.replace(r"\p{N}{1,3}", r"\p{N}+")), ignore_merges=True),
    "chameleon": Cut(
        (
            "<sentinel:[0-9]+>",
            "(IMGIMG)((A|B|C|D|E|F|G|H|I){1,4})Z",
            "([\t\n]|    |  )",
            r"\p{N}",
            r"[\p{P}!-/:-@\[-`{-~]",
        ),
        gpt2=True,
        add_bos=True,
    ),
}

# A word of a vocabulary that tells its family, where the file does not: the file is older than the names, or they are
# newer than this table.
_TELLING = (("<|begin_of_text|>", "llama-bpe"), ("<｜begin▁of▁sentence｜>", "deepseek-v3"))
_OF_ARCHITECTURE = {  # where neither says it
    **dict.fromkeys(("qwen2", "qwen3", "qwen2moe", "qwen3moe", "qwen3next"), "qwen2"),
    **dict.fromkeys(("qwen35", "qwen35moe"), "qwen35"),
    "gpt-oss": "gpt-4o",
}


@dataclass(frozen=True)
class Found:
    """A rule, and how it was found.

    Attributes:
        name: as the file says, "" where it says nothing.
        guess: the family it was guessed from; "" where the file's own word was known.
    """

    cut: Cut
    name: str
    guess: str = ""


def find_cut(meta: Mapping[str, Any], tokens: Mapping[str, int]) -> Found:
    """The rule for a GGUF file; guessed from its architecture and vocabulary when its name is none or unknown.

    Args:
        tokens: ids by text.
    """
    name = str(meta.get("tokenizer.ggml.pre") or "")
    if name in _CUTS:
        return Found(_CUTS[name], name)
    guess = next((family for word, family in _TELLING if word in tokens), "")
    if not guess:
        guess = _OF_ARCHITECTURE.get(str(meta.get("general.architecture")), "gpt-2")
    # "default" is what converters wrote before they knew the family's name
    return Found(_CUTS[guess], name, guess)
