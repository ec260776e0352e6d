"""What can be said of a load before a model is looked at, and before torch is imported."""

from __future__ import annotations

from helix_app.base.errors import InputError
from helix_app.base.message_texts.reasons import reason_of
from helix_app.base.settings import LEAST_CONTEXT


def check_context(wanted: int, least: int = LEAST_CONTEXT) -> None:
    """Raise InputError for a context that no model is loaded with."""
    if wanted < least:
        raise InputError("option_invalid", option="context", value=wanted, hint=reason_of("hint_tokens", n=least))
