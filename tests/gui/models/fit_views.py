"""The views about memory and pairs."""

from __future__ import annotations

from dataclasses import replace

from helix_app.gui.models.dialogs.pair_dialog import PairDialog
from helix_app.gui.window.main_window import MainWindow
from helix_app.protocol.events import Failed
from helix_app.protocol.models.fit import Fit, MemoryNeed, Way
from helix_app.protocol.models.hub import CatalogChanged
from helix_app.protocol.pairs import KindProbe, PairExamined, PairFacts, PairProbe, Verdict, VerdictsFound
from tests.gui import fake

GEMMA = replace(fake.here(fake.BIG), id="/models/gemma.gguf", name="Gemma 3 270M", path="/models/gemma.gguf")
SMALL = replace(fake.here(fake.BIG), id="/models/smol-60m.gguf", name="SmolLM2 60M", path="/models/smol-60m.gguf")
LARGE = replace(fake.here(fake.BIG), id="/models/smol-1b.gguf", name="SmolLM2 1.7B", path="/models/smol-1b.gguf")
OTHER_WORDS = Verdict(
    GEMMA.path,
    fields=(("token", "0"), ("draft_token", "'<pad>'"), ("target_token", "'<|endoftext|>'")),
    differs="draft_vocab_mismatch",
)
FIT = Fit(
    level="short",
    target_name="Qwen2.5 1.5B Instruct",
    draft_name="Qwen2.5 0.5B Instruct",
    format="bfloat16",
    device="cpu",
    device_name="AMD Ryzen 5 5600",
    context=32_768,
    pool=32_768,
    need=MemoryNeed(3_090_000_000, 990_000_000, 940_000_000, 400_000_000, 210_000_000),
    free=4_100_000_000,
    total=8_300_000_000,
    ways=(
        Way("context", "8192", 3_400_000_000),
        Way("draft", "none", 4_000_000_000),
        Way("quantisation", "/models/qwen2.5-1.5b-instruct-q4_k_m.gguf", 2_900_000_000),
    ),
)
FACTS = PairFacts(
    "SmolLM2 135M Instruct", "SmolLM2 60M", Verdict(SMALL.path), 134_515_008, 61_000_000, 49_152, 49_152, 1.0
)
FITS = replace(FIT, level="fits", target_name=FACTS.target_name, ways=())
PROBE = PairProbe(
    kinds=(KindProbe("code", 120, 96), KindProbe("chat", 128, 71), KindProbe("story", 96, 40)),
    acceptance=0.72,
    acceptance_low=0.66,
    acceptance_high=0.78,
    k=3,
    draft_cost=0.31,
    verify_cost=1.12,
    expected=1.23,
    expected_low=1.08,
    expected_high=1.37,
    measured=1.19,
    measured_low=1.07,
    measured_high=1.31,
    plain_tokens_per_second=41.0,
    seconds=30.0,
)


def with_models(window: MainWindow) -> None:
    """A model is loaded, and others are installed."""
    window.on_event(CatalogChanged((fake.here(fake.SMOL), GEMMA, SMALL, LARGE)))
    window.start()
    window.on_event(fake.ready(target_file=fake.here(fake.SMOL).path))
    verdicts = (OTHER_WORDS, Verdict(SMALL.path), Verdict(LARGE.path, heavy=True))
    window.on_event(VerdictsFound(fake.here(fake.SMOL).path, verdicts))


def too_large(window: MainWindow) -> None:
    """A load is stopped, for it does not fit."""
    with_models(window)
    window.toolbar.target.pick(LARGE.id)
    window.on_event(FIT)
    window.on_event(
        Failed("load_short", fields=(("model", FIT.target_name), ("need", "5.6 GB"), ("free", "4.1 GB")), kept=True)
    )


def pair(window: MainWindow) -> None:
    """A pair that was tried."""
    with_models(window)
    window.toolbar.pairs.open_dialog()
    fit = replace(FITS, need=MemoryNeed(97_000_000, 44_000_000, 94_000_000, 31_000_000, 46_000_000))
    window.on_event(PairExamined(FACTS, fit, probe=PROBE))


def other_words(window: MainWindow) -> None:
    """Two models that have other tokens, tried with re-encoded drafts."""
    with_models(window)
    window.toolbar.pairs.open_dialog()
    (dialog,) = window.findChildren(PairDialog)
    dialog.draft.pick(GEMMA.id)
    facts = replace(
        FACTS,
        draft_name=GEMMA.name,
        verdict=OTHER_WORDS,
        draft_parameters=268_000_000,
        draft_vocabulary=262_144,
        shared=0.3,
        specials=(("bos_token", "<|im_start|>", "<bos>"), ("eos_token", "<|im_end|>", "<eos>, <end_of_turn>")),
        template="other",
    )
    fit = replace(FITS, need=MemoryNeed(97_000_000, 240_000_000, 94_000_000, 31_000_000, 60_000_000))
    expected = {"expected": 0.7, "expected_low": 0.6, "expected_high": 0.8}
    measured = {"measured": 0.99, "measured_low": 0.97, "measured_high": 1.01}
    by_text = replace(PROBE, by_text=True, tokens_a_call=1.4, **expected, **measured)
    window.on_event(PairExamined(facts, fit, by_text, (SMALL.path,)))


VIEWS = (too_large, pair, other_words)
