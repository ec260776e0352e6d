"""What is said of models, with and without what is not known."""

from __future__ import annotations

from helix_app.gui.library import wording
from helix_app.protocol.library import FoundFile, FoundModel, LibraryItem
from tests.gui.library.library_views import CATALOG, ITEMS, QWEN


def test_facts_of_the_library() -> None:
    assert wording.library_facts(ITEMS[1]) == "2.5 GB · Q4_K_M · qwen3 · apache-2.0 · added by you · never used"
    bare = LibraryItem("x", "x", "/x", 0, origin="hf_cache")
    assert wording.library_facts(bare) == "0 B · from the Hugging Face cache · never used"
    assert wording.problem_text(bare) == ""
    assert {wording.origin_text(o) for o in ("helix", "lm_studio", "jan", "ollama")} == {
        "downloaded by Helix",
        "from LM Studio",
        "from Jan",
        "from Ollama",
    }


def test_the_day_of_the_last_use() -> None:
    assert wording.used_text(1_764_072_000.0) == "used 25 Nov 2025"


def test_the_best_draft() -> None:
    assert wording.draft_text(QWEN, CATALOG) == "Best draft: n-grams, which need no download"
    assert wording.draft_text(CATALOG[2], CATALOG) == "Best draft: Qwen3 0.6B, 639 MB to download"
    here = type(QWEN)(**{**vars(QWEN), "path": "/m/q.gguf"})
    assert wording.draft_text(CATALOG[2], (here,)) == "Best draft: Qwen3 0.6B"
    assert wording.class_text(12) == "For 12 GB of memory"
    assert wording.class_text(12, too_large=True) == "For 12 GB of memory: more than this computer has"


def test_what_was_found() -> None:
    assert wording.found_facts(FoundModel("a/b", 1)) == "1 download"
    assert wording.refusal_text(FoundModel("a/b")) == ""
    assert wording.file_facts(FoundFile("a/b", "x.gguf", "", 0)) == "size unknown"
