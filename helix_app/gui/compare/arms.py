"""What can be compared: presets, the choices of an arm, and what they are called. No widgets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

from PySide6.QtCore import QCoreApplication

from helix_app.base.settings import Settings
from helix_app.gui.kit import figures
from helix_app.gui.kit.controls.buttons import SEPARATOR, Choice
from helix_app.gui.kit.model_choices import model_label
from helix_app.protocol.requests import ArmChoice, CatalogItem, CompareRequest, LoadChoice, Mode, Verify
from helix_app.runs.comparison import two_models

LETTERS = ("A", "B")
CUSTOM = "custom"
FIXED = "fixed:4"
DRAFTS = ("auto", "none", "ngram", "mtp", "self-int4", "self-int8")


def tr(text: str) -> str:
    """Translate in the context of comparisons."""
    return QCoreApplication.translate("compare", text)


@dataclass(frozen=True)
class Preset:
    """Two arms that are worth comparing.

    Attributes:
        missing: why it cannot be run here, empty when it can.
    """

    name: str
    label: str
    arms: tuple[ArmChoice, ArmChoice]
    missing: str = ""


def presets(settings: Settings, items: tuple[CatalogItem, ...]) -> tuple[Preset, ...]:
    """The presets for what is on this computer; ``custom`` is not among them."""
    model = draft_model(settings, items)
    another = smallest(other_models(settings, items))
    return (
        Preset("modes", tr("Speculative | plain"), (ArmChoice(), ArmChoice("autoregressive"))),
        Preset(
            "model",
            tr("N-gram | draft model"),
            (ArmChoice(draft="ngram"), ArmChoice(draft=model or "ngram")),
            "" if model else tr("no other model is here"),
        ),
        Preset("self", tr("N-gram | self, 4 bits"), (ArmChoice(draft="ngram"), ArmChoice(draft="self-int4"))),
        Preset("k", tr("Fixed k | adaptive k"), (ArmChoice(k=FIXED), ArmChoice(k="auto"))),
        Preset(
            "targets",
            tr("This model | another model"),
            (ArmChoice(), ArmChoice(target=another)),
            "" if another else tr("no other model is here"),
        ),
    )


def other_models(settings: Settings, items: tuple[CatalogItem, ...]) -> list[CatalogItem]:
    """The models on this computer but the target."""
    return [item for item in other_drafts(settings, items) if not item.head]


def other_drafts(settings: Settings, items: tuple[CatalogItem, ...]) -> list[CatalogItem]:
    """The same, and draft heads."""
    return [item for item in items if item.path and item.id != settings.target]


def draft_model(settings: Settings, items: tuple[CatalogItem, ...]) -> str:
    """A model that could draft: the one chosen, or the smallest other one that is here; empty for none."""
    if settings.draft not in DRAFTS:
        return settings.draft
    return smallest(other_models(settings, items))


def smallest(items: list[CatalogItem]) -> str:
    """The smallest of these models; empty for none."""
    return min(items, key=lambda item: item.size_bytes).id if items else ""


def describe(arm: ArmChoice, settings: Settings, items: tuple[CatalogItem, ...], named: bool = False) -> str:
    """An arm in a few words: ``Speculative · n-gram · k auto``; its model before them where it is ``named``."""
    if arm.mode == "autoregressive":
        parts = [tr("Plain")]
    else:
        parts = [tr("Speculative"), draft_name(arm.draft or settings.draft, items)]
        parts.append(tr("k {k}").format(k=arm.k.removeprefix("fixed:")))
    if arm.target or named:
        parts.insert(0, model_label(arm.target or settings.target, items))
    if arm.dtype:
        parts.append(arm.dtype)
    if arm.verify != "auto":
        parts.append(arm.verify)
    return " · ".join(parts)


def draft_name(draft: str, items: tuple[CatalogItem, ...]) -> str:
    """What people call a draft."""
    names = {
        "auto": tr("draft auto"),
        "none": tr("no draft"),
        "ngram": tr("n-gram"),
        "mtp": tr("own layer"),
        "self-int4": tr("self, 4 bits"),
        "self-int8": tr("self, 8 bits"),
    }
    return names.get(draft) or model_label(draft, items)


def mode_choices() -> list[Choice]:
    """How an arm decodes."""
    return [Choice("speculative", tr("Speculative")), Choice("autoregressive", tr("Plain"))]


def draft_choices(settings: Settings, items: tuple[CatalogItem, ...]) -> list[Choice]:
    """What an arm drafts with."""
    own = tr("As chosen: {draft}").format(draft=draft_name(settings.draft, items))
    choices = [Choice("", own, short=tr("as chosen")), SEPARATOR]
    choices += [Choice(draft, draft_name(draft, items)) for draft in DRAFTS if draft != "none"]
    others = other_drafts(settings, items)
    if others:
        choices.append(SEPARATOR)
        choices += [Choice(item.id, item.name, figures.size(item.size_bytes)) for item in others]
    return choices


def k_choices() -> list[Choice]:
    """How many tokens an arm drafts a round."""
    fixed = [Choice(f"fixed:{n}", tr("Fixed: {n}").format(n=n), short=tr("k {k}").format(k=n)) for n in range(1, 9)]
    return [
        Choice("auto", tr("Auto"), tr("what measures fastest"), short=tr("k auto")),
        Choice("additive", tr("Additive"), tr("by acceptance alone"), short=tr("k additive")),
        SEPARATOR,
        *fixed,
    ]


def verify_choices() -> list[Choice]:
    """How an arm verifies."""
    return [
        Choice("auto", tr("Auto"), tr("coupled, as there is a seed"), short=tr("verify: auto")),
        Choice("rejection", tr("Rejection"), tr("the same distribution"), short=tr("rejection")),
        Choice("coupled", tr("Coupled"), tr("the same text for a seed"), short=tr("coupled")),
    ]


def dtype_choices(settings: Settings) -> list[Choice]:
    """The number format an arm is loaded in."""
    own = tr("As chosen: {dtype}").format(dtype=settings.dtype)
    choices = [Choice("", own, short=tr("as chosen")), SEPARATOR]
    return choices + [Choice(code, code) for code in figures.DTYPES]


def target_choices(settings: Settings, items: tuple[CatalogItem, ...]) -> list[Choice]:
    """The model an arm runs."""
    own = tr("As chosen: {model}").format(model=model_label(settings.target, items))
    choices = [Choice("", own, short=tr("as chosen"))]
    others = other_models(settings, items)
    if others:
        choices.append(SEPARATOR)
        choices += [Choice(item.id, item.name, figures.size(item.size_bytes)) for item in others]
    return choices


def arm_of(target: str, mode: str, draft: str, k: str, verify: str, dtype: str) -> ArmChoice:
    """An arm from what its pickers say."""
    return ArmChoice(cast(Mode, mode), draft, k, cast(Verify, verify), dtype, target)


def models_of(request: CompareRequest, items: tuple[CatalogItem, ...]) -> set[str]:
    """Ids and paths of all models that a comparison may load: those of its arms, and the person's own at its end."""
    own = request.own
    names = {own.target, own.draft, *(name for arm in request.arms for name in (arm.target, arm.draft))}
    return with_drafts(names, items)


def with_drafts(names: set[str], items: tuple[CatalogItem, ...]) -> set[str]:
    """Ids and paths of models, with those that draft ``auto`` may take for them."""
    more = {item.draft for item in items if item.id in names or item.path in names}
    return (names | more) - {"", *DRAFTS}


def note(chosen: tuple[ArmChoice, ArmChoice], own: LoadChoice | None) -> str:
    """What a run of these arms does besides writing, in words; empty where it is nothing."""
    if own is None or not any(_loads(arm, own) for arm in chosen):
        return ""
    if two_models(chosen, own.target):
        return tr("One model is in memory at a time: they are loaded in turn, and yours again at the end.")
    return tr(
        "What a configuration needs is loaded for it, and your own choice again at the end; the chat is read anew then."
    )


def _loads(arm: ArmChoice, own: LoadChoice) -> bool:
    drafts = arm.mode == "speculative" and arm.draft not in ("", own.draft)
    return drafts or arm.dtype not in ("", own.dtype) or arm.target not in ("", own.target)
