"""The catalogue of translations: complete, true to its texts, and in the file that the window reads."""

from __future__ import annotations

import importlib.util
import re
import string
import sys
from collections import Counter
from pathlib import Path

import pytest
from PySide6.QtCore import QTranslator

_SPEC = importlib.util.spec_from_file_location(
    "helix_translations", Path(__file__).parents[1] / "packaging" / "translations.py"
)
assert _SPEC is not None
assert _SPEC.loader is not None
translations = sys.modules[_SPEC.name] = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(translations)

GERMAN = translations.read(translations.FOLDER / "helix_de.ts")
SAME = {
    *("Downloads", "Installation", "Offline", "Server", "Version"),
    "Port",  # texts of letters that read alike in both languages: looked at
    *("&Chat", "Auto", "Auto: {value}", "Benchmark", "Block", "Block {n}: {state}", "Break-even", "Chat", "Code"),
    *(
        "Details",
        "Deutsch",
        "Engine",
        "English",
        "Format",
        "Helix",
        "JSON",
        "Live",
        "Markdown (*.md)",
        "Markdown…",
        "Pool",
    ),
    *("Prompt", "Prompts", "Sampling", "Seed", "System", "Token", "auto", "k auto", "transformers"),
    *("TTFT ms", "Text: {text}", "TTFT {t}", "{model} – Helix"),
}


def fields(text: str) -> Counter[str]:
    """The placeholders of a text, without the nouns of counts."""
    return Counter(name for _, name, _, _ in string.Formatter().parse(text) if name is not None)


def counts(text: str) -> dict[str, int]:
    """How many forms each count of a text has."""
    found = string.Formatter().parse(text)
    return {str(name): len(spec.split("|")) for _, name, spec, _ in found if spec and "|" in spec}


@pytest.fixture(scope="module")
def sources() -> list[tuple[str, str]]:
    return translations.sources()


def test_every_text_has_a_translation_and_none_is_left_over(sources: list[tuple[str, str]]) -> None:
    assert sorted(GERMAN) == sources, "run: python packaging/translations.py update"
    assert [entry for entry, text in GERMAN.items() if not text] == [], "run: python packaging/translations.py missing"


def test_the_file_that_the_window_reads_is_made_of_the_catalogue() -> None:
    translator = QTranslator()
    assert translator.load(str(translations.FOLDER / "helix_de.qm"))
    wrong = [entry for entry, text in GERMAN.items() if translator.translate(*entry) != text]
    assert wrong == [], "run: python packaging/translations.py release"


def test_placeholders_and_counts_are_those_of_the_text() -> None:
    wrong = [e for e, text in GERMAN.items() if fields(e[1]) != fields(text) or counts(e[1]) != counts(text)]
    assert wrong == []


def test_letters_ellipses_and_ends_are_those_of_the_text() -> None:
    def shape(text: str) -> tuple[object, ...]:
        letters = text.count("&") - 2 * text.count("&&")
        return letters, text.endswith("…"), text.count("\n"), text.count("\t"), text.strip() == text

    assert [entry for entry, text in GERMAN.items() if shape(entry[1]) != shape(text)] == []


def test_what_reads_alike_is_a_name_or_was_looked_at() -> None:
    alike = {source for (_, source), text in GERMAN.items() if source == text and not source.startswith("Helix {")}
    worded = {text for text in alike if re.search(r"[a-zA-Z]{4,}", re.sub(r"\{.*?\}", "", text))}
    assert worded <= SAME, worded - SAME


def test_texts_come_from_where_they_are_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "helix_app"
    package.mkdir()
    (package / "words.py").write_text(
        'def tr(text):\n    return QCoreApplication.translate("words", text)\n\nA = tr("one " "text")\n',
        encoding="utf-8",
    )
    (package / "page.py").write_text(
        "from helix_app import words\nfrom helix_app.base.language import say\nfrom helix_app.words import tr\n\n\n"
        "class Page:\n    def show(self):\n        self.tr('two'), tr('three'), words.tr('four'), say('five', 'six')\n",
        encoding="utf-8",
    )
    monkeypatch.setattr(translations, "ROOT", tmp_path)
    monkeypatch.setattr(translations, "PACKAGE", package)
    monkeypatch.setattr(translations, "_declared", lambda: iter(()))
    found = [("Page", "two"), ("six", "five"), ("words", "four"), ("words", "one text"), ("words", "three")]
    assert translations.sources() == found
    (package / "page.py").write_text(
        "class Page:\n    def show(self, n):\n        self.tr(f'{n} x')\n", encoding="utf-8"
    )
    with pytest.raises(translations.Unclear):
        translations.sources()


def test_new_texts_are_found_filled_and_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said = [("A", "Run"), ("B", "Run"), ("B", "Stop")]
    monkeypatch.setattr(translations, "sources", lambda: said)
    path = tmp_path / "helix_xx.ts"
    assert translations.update(path) == 3
    assert translations.missing(path) == {"Run": "", "Stop": ""}
    translations.fill(path, {"Run": "Lauf", "B|Run": "Los"})
    assert translations.read(path) == {("A", "Run"): "Lauf", ("B", "Run"): "Los", ("B", "Stop"): ""}
    assert translations.missing(path) == {"Stop": ""}
    said[:] = [("C", "Run"), ("B", "Run")]
    assert translations.update(path) == 0
    assert translations.read(path)[("B", "Run")] == "Los"
    assert "unfinished" not in path.read_text(encoding="utf-8")
