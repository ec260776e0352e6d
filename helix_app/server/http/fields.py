"""What the bodies of all routes have in common: strict types, no field that is ignored, one way to a request."""

from __future__ import annotations

import uuid
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from helix_app.base import texts
from helix_app.base.settings import Settings
from helix_app.protocol.models.loading import ModelReady
from helix_app.server.http.errors import ApiError, of_field
from helix_app.server.options import ServerOptions

DEFAULTS = Settings()
CACHED = "of no effect: prompts are cached by what they say"
_ASKS = "of no effect: keys tell who asks"
MAX_SEED = 2**63 - 1
MAX_TOKENS = 1 << 24
StopText = Annotated[str, Field(min_length=1, max_length=1000)]
StopTexts = Annotated[list[StopText], Field(max_length=64)]  # editors that complete code send some dozens
Temperature = Annotated[float, Field(ge=0, le=100, description="0 always takes the likeliest token")]
TopP = Annotated[float, Field(gt=0, le=1, description="keep the likeliest tokens up to this mass; 1 keeps all")]
TopK = Annotated[int, Field(ge=0, le=1_000_000, description="keep the k likeliest tokens; 0 keeps all")]
MinP = Annotated[float, Field(ge=0, le=1, description="drop tokens under this share of the likeliest")]
Penalty = Annotated[float, Field(ge=-2, le=2)]
Repetition = Annotated[float, Field(ge=0.1, le=10, description="1 is off")]
Seed = Annotated[int, Field(ge=0, le=MAX_SEED, description="the same text for the same seed, drafted or not")]
Count = Annotated[int, Field(ge=1, le=MAX_TOKENS)]
Priority = Annotated[int, Field(ge=-100, le=100, description="among the requests of one key, higher ones go first")]


class Body(BaseModel):
    """A request's body: a field nobody knows is refused, unless it is null, and so is a value of another type.

    A field that changes nothing of a reply, such as who asks or what is to be cached, is taken where programs send it,
    and its description says that it has no effect. One that would change the reply is refused.
    """

    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)

    @model_validator(mode="before")
    @classmethod
    def _plain(cls, value: Any) -> Any:
        """What can be written again as UTF-8, without unknown fields that are null: they ask for nothing."""
        if not isinstance(value, dict):
            return value
        try:
            value = whole(value)
        except RecursionError:
            raise ValueError("it is nested too deeply") from None
        if cls.model_config.get("extra") != "forbid":
            return value
        known = {field.alias or name for name, field in cls.model_fields.items()}
        return {name: each for name, each in value.items() if each is not None or name in known}


def whole(value: Any) -> Any:
    """The same JSON without halves of characters, which no answer could tell again."""
    if isinstance(value, str):
        return texts.whole(value)
    if isinstance(value, dict):
        return {whole(name): whole(each) for name, each in value.items()}
    return [whole(each) for each in value] if isinstance(value, list) else value


class CacheControl(Body):
    """Where a prefix is to be cached. Of no effect: prefixes are cached anyway, by what they say."""

    type: Literal["ephemeral"]
    ttl: Literal["5m", "1h"] | None = None
    scope: str | None = None


class Hints(Body):
    """Who asks, and what is to be kept: no token of a reply depends on it."""

    user: Annotated[str, Field(max_length=512, description=_ASKS)] | None = None
    safety_identifier: Annotated[str, Field(max_length=512, description=_ASKS)] | None = None
    metadata: Annotated[dict[str, str], Field(max_length=16, description="of no effect on the reply")] | None = None
    prompt_cache_key: Annotated[str, Field(description=CACHED)] | None = None
    prompt_cache_retention: Annotated[str, Field(description=CACHED)] | None = None
    prompt_cache_options: Annotated[dict[str, Any], Field(description=CACHED)] | None = None


class Told(BaseModel):
    """An answer."""

    model_config = ConfigDict(extra="forbid")


def new_id(prefix: str) -> str:
    """A name that no other request has."""
    return f"{prefix}{uuid.uuid4().hex}"


def model_names(options: ServerOptions, ready: ModelReady) -> tuple[str, ...]:
    """What requests may call the model; the first is what answers call it."""
    return tuple(dict.fromkeys(name for name in (options.model, *options.aliases, ready.target_name) if name))


def check_model(name: str | None, options: ServerOptions, ready: ModelReady) -> None:
    """Raise ApiError for a model that is not the one that is loaded."""
    names = model_names(options, ready)
    if name is not None and name not in names:
        raise ApiError(404, "api_model_unknown", param="model", model=name[:200], known=" or ".join(names[:3]))


def check_thinking(thinking: bool | None, ready: ModelReady, param: str) -> bool | None:
    """Whether to have the model reason, for a model that can be told. Raises ApiError for one that cannot."""
    if thinking is not None and not ready.thinking_switch and thinking != bool(ready.thinking[0]):
        reason = "this model's reasoning cannot be switched off" if ready.thinking[0] else "this model does not reason"
        raise of_field(param, reason)
    return thinking if ready.thinking_switch else None


def given(**fields: Any) -> dict[str, Any]:
    """Those that are not None: what an answer leaves out is not in it as null either."""
    return {name: value for name, value in fields.items() if value is not None}
