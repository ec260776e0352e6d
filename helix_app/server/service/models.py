"""What ``/generate`` takes and gives."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, ValidationInfo, field_validator

from helix_app.protocol.requests import ChatMessage, GenerateRequest, SamplingParams
from helix_app.server.http.fields import (
    DEFAULTS,
    Body,
    Count,
    MinP,
    Penalty,
    Priority,
    Repetition,
    Seed,
    StopTexts,
    Temperature,
    Told,
    TopK,
    TopP,
)

Text = Annotated[str, Field(min_length=1)]


class Options(Body):
    """How to write, the same for one prompt and for many."""

    raw: Annotated[bool, Field(description="continue the prompt as it stands, without the chat template")] = False
    system: Annotated[str, Field(description="system prompt, of a prompt that is not raw")] = ""
    max_tokens: Count = 256
    temperature: Temperature = DEFAULTS.temperature
    top_p: TopP = DEFAULTS.top_p
    top_k: TopK = DEFAULTS.top_k
    min_p: MinP = DEFAULTS.min_p
    repetition_penalty: Repetition = DEFAULTS.repetition_penalty
    presence_penalty: Penalty = 0.0
    frequency_penalty: Penalty = 0.0
    seed: Seed | None = None
    stop: Annotated[StopTexts, Field(default_factory=list)]
    mode: Literal["speculative", "autoregressive"] = "speculative"
    k: Annotated[str, Field(pattern=r"^(auto|additive|fixed:\d{1,3})$", description="tokens drafted a round")] = "auto"
    verify: Literal["auto", "rejection", "coupled"] = "auto"
    priority: Priority = 0

    @field_validator("system")
    @classmethod
    def _has_a_place(cls, system: str, info: ValidationInfo) -> str:
        if system and info.data.get("raw"):
            raise ValueError("a raw prompt is continued as it stands, without a system prompt")
        return system

    def request(self, request_id: str, prompt: str, index: int = 0) -> GenerateRequest:
        """What it asks of the engine for one prompt, the ``index``-th of a batch."""
        system = (ChatMessage("system", self.system),) if self.system else ()
        return GenerateRequest(
            request_id=request_id,
            messages=() if self.raw else (*system, ChatMessage("user", prompt)),
            prompt=prompt if self.raw else "",
            raw=self.raw,
            mode=self.mode,
            k=self.k,
            verify=self.verify,
            max_tokens=self.max_tokens,
            sampling=SamplingParams(
                temperature=self.temperature,
                top_k=self.top_k,
                top_p=self.top_p,
                min_p=self.min_p,
                repetition_penalty=self.repetition_penalty,
                presence_penalty=self.presence_penalty,
                frequency_penalty=self.frequency_penalty,
                seed=self.seed,
            ),
            stop=tuple(self.stop),
            priority=self.priority,
        )


class GenerateBody(Options):
    """One prompt."""

    prompt: Text


class BatchBody(Options):
    """Many prompts, with the same options."""

    prompts: Annotated[list[Text], Field(min_length=1)]


class Generated(Told):
    """A reply with its figures; one that is not defined for it is null."""

    generated_text: str
    token_ids: list[int]
    tokens_generated: int
    prompt_tokens: int
    cached_tokens: int
    time_seconds: float
    tokens_per_second: float | None
    decode_tokens_per_second: float | None
    time_to_first_token: float | None
    acceptance_rate: float | None
    mean_accepted_length: float | None
    target_passes: int
    drafted_tokens: int
    accepted_tokens: int
    k_mean: float | None
    k_min: int | None
    k_max: int | None
    plain_tokens_per_second: float | None
    seed: int
    preemptions: int
    finish_reason: Annotated[str, Field(description="eos, stop, length, context_full, cancelled or time")]
    target: str
    device: str
    device_name: str
    dtype: str
    draft: str
    mode: str
    k: str
    verify: str


class Refused(Told):
    """Why there is no reply."""

    error: str
    error_code: str


class BatchItem(Told):
    """One prompt of a batch: its reply or why there is none."""

    prompt: str
    reply: Generated | None = None
    error: str | None = None
    error_code: str | None = None


class Batch(Told):
    """Replies in the order of their prompts."""

    replies: list[BatchItem]
    total_time_seconds: float
    tokens_generated: int
    tokens_per_second: float | None


class Health(Told):
    """Whether replies can be written."""

    status: Literal["ok", "loading", "stopping"]
    version: str
    model: str
    device: str | None
    context_length: int | None
    running: int
    waiting: int
