"""What can be compared, and what arms and choices are called."""

from __future__ import annotations

from dataclasses import replace

import pytest

from helix_app.base.settings import Settings, changed, valid
from helix_app.gui.compare import arms
from helix_app.protocol.requests import ArmChoice, CatalogItem, LoadChoice
from tests.gui import fake

ITEMS = (fake.here(fake.SMOL), fake.here(fake.BIG))
OWN = LoadChoice(fake.SMOL.id)


def test_a_draft_model_is_only_offered_where_there_is_one() -> None:
    smol, big = fake.here(fake.SMOL), fake.here(fake.BIG)
    settings = Settings()

    def model_preset(settings: Settings, *items: CatalogItem) -> arms.Preset:
        return next(preset for preset in arms.presets(settings, items) if preset.name == "model")

    assert model_preset(settings, smol, fake.BIG).missing
    assert model_preset(settings, smol, big).arms == (ArmChoice(draft="ngram"), ArmChoice(draft=big.id))
    chosen = changed(settings, draft="/models/mine.gguf")
    assert model_preset(chosen, smol).arms[1] == ArmChoice(draft="/models/mine.gguf")


@pytest.mark.parametrize(
    ("arm", "words"),
    [
        (ArmChoice(), "Speculative · draft auto · k auto"),
        (ArmChoice(draft="self-int4", k="fixed:3"), "Speculative · self, 4 bits · k 3"),
        (ArmChoice(draft=fake.BIG.id), "Speculative · Qwen2.5 1.5B Instruct · k auto"),
        (ArmChoice("autoregressive", "ngram", "fixed:3"), "Plain"),  # it drafts nothing
        (ArmChoice("autoregressive", target=fake.BIG.id), "Qwen2.5 1.5B Instruct · Plain"),
        (ArmChoice("autoregressive", verify="coupled", dtype="int4"), "Plain · int4 · coupled"),
    ],
)
def test_an_arm_in_a_few_words(arm: ArmChoice, words: str) -> None:
    assert arms.describe(arm, Settings(), ITEMS) == words


def test_arms_of_two_models_are_called_by_them() -> None:
    plain = ArmChoice("autoregressive")
    assert arms.describe(plain, Settings(), ITEMS, named=True) == "SmolLM2 135M Instruct · Plain"


@pytest.mark.parametrize(
    ("chosen", "words"),
    [
        ((ArmChoice(), ArmChoice("autoregressive")), ""),
        ((ArmChoice("autoregressive", draft="ngram"), ArmChoice()), ""),  # a plain arm needs no draft
        ((ArmChoice(draft="auto", dtype="auto"), ArmChoice(target=fake.SMOL.id)), ""),  # what is loaded anyway
        ((ArmChoice(draft="ngram"), ArmChoice()), "What a configuration needs is loaded for it"),
        ((ArmChoice(), ArmChoice("autoregressive", dtype="int4")), "What a configuration needs is loaded for it"),
        ((ArmChoice(), ArmChoice(target=fake.BIG.id)), "One model is in memory at a time"),
    ],
)
def test_what_a_run_does_besides_writing(chosen: tuple[ArmChoice, ArmChoice], words: str) -> None:
    assert arms.note(chosen, OWN).partition(",")[0].partition(":")[0] == words
    assert arms.note(chosen, None) == ""  # nothing is loaded that could be replaced


def test_presets_are_two_different_arms_each() -> None:
    found = arms.presets(Settings(), ITEMS)
    assert len({preset.name for preset in found} | {arms.CUSTOM}) == len(found) + 1
    assert all(preset.arms[0] != preset.arms[1] and not preset.missing for preset in found)


def test_of_several_other_models_the_smallest_that_is_here_is_taken() -> None:
    away: CatalogItem = replace(fake.BIG, id="tiny", size_bytes=1)
    middle = replace(fake.here(fake.BIG), id="middle", size_bytes=fake.BIG.size_bytes - 1)
    items = (*ITEMS, middle, away)
    assert [item.id for item in arms.other_models(Settings(), items)] == [fake.BIG.id, "middle"]
    assert arms.draft_model(Settings(), items) == "middle"
    assert arms.draft_model(changed(Settings(), draft=fake.BIG.id), items) == fake.BIG.id
    assert arms.smallest([]) == ""


def test_what_is_offered_is_what_settings_may_be() -> None:
    assert all(valid("k", choice.value) for choice in arms.k_choices() if not choice.separator)
    drafts = [choice.value for choice in arms.draft_choices(Settings(), ITEMS) if not choice.separator]
    assert drafts == ["", "auto", "ngram", "mtp", "self-int4", "self-int8", fake.BIG.id]
    formats = [choice.value for choice in arms.dtype_choices(Settings()) if choice.value]
    assert all(valid("dtype", value) for value in formats)
    assert [c.value for c in arms.target_choices(Settings(), ITEMS) if not c.separator] == ["", fake.BIG.id]


def test_heads_can_draft_and_answer_nothing() -> None:
    head = replace(fake.here(fake.BIG), id="head", head=True, size_bytes=1)
    items = (*ITEMS, head)
    assert head.id in [choice.value for choice in arms.draft_choices(Settings(), items)]
    assert head.id not in [choice.value for choice in arms.target_choices(Settings(), items)]
    assert arms.draft_model(Settings(), items) == fake.BIG.id
