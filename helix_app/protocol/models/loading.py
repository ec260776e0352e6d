"""What the engine tells of models: how far loading is, what is loaded, and what it takes."""

from __future__ import annotations

from dataclasses import dataclass

from helix_app.protocol.requests import DeviceItem


@dataclass(frozen=True)
class LoadProgress:
    """A step of loading. ``stage`` is a code of messages.py; ``fraction`` 0..1, None when unknown."""

    stage: str
    fraction: float | None = None
    detail: str = ""


@dataclass(frozen=True)
class MemoryUse:
    """What the loaded model takes now, beside what is free. Bytes; None where nobody says.

    Attributes:
        process: main memory that the engine's process holds (its resident set).
        weights: of target and draft as they were loaded.
        cache: keys and values of all blocks, used or not.
        free, total: main memory of the computer.
        device_used: memory of the graphics card that the engine holds; None where the model runs on the CPU.
        device_free, device_total: memory of that card.
    """

    process: int | None = None
    weights: int | None = None
    cache: int | None = None
    free: int | None = None
    total: int | None = None
    device_used: int | None = None
    device_free: int | None = None
    device_total: int | None = None


@dataclass(frozen=True)
class ModelReady:
    """The target (and draft) are loaded. Block counts are those of the pools; 0 means no such pool.

    ``draft`` is ``none``, ``ngram``, ``model``, ``reencoded`` (a model with another tokenizer), ``head`` (made for the
    target), ``mtp``, ``self-int4`` or ``self-int8``. Where draft ``auto`` was asked for, the last six have an n-gram
    draft beside them. With ``next_token`` the file has a layer for ``mtp``. ``*_block_bytes`` is the memory of one
    block, 0 where it is not known. ``target_file`` and ``draft_file`` name the file or folder of the target and of a
    draft model or head.
    ``model_context`` is what the model itself takes, and ``context_limit`` says why ``context_length`` is not more:
    ``model``, ``default``, ``setting``, ``memory`` or
    ``remote``. With ``exact_rows`` a row's numbers do not depend on how many
    rows run beside it, so that greedy and seeded replies are the same tokens with and without drafts.

    ``target_state_bytes`` and ``draft_state_bytes`` are what recurrent layers keep of one sequence, 0 without such.

    ``thinking`` are the texts before and after the model's reasoning, empty where its template and vocabulary name
    none. ``thinking_switch`` is the template's variable that switches it, empty for none. With ``thinking_opens`` a
    reply begins inside such a block, which its prompt has opened; ``thinking_opens_when`` says so for requests with
    ``thinking`` False and True.

    ``chat_template`` says whether the model has one; others continue text (``GenerateRequest.raw``). A server's model
    counts as having one unless the server tells that it has none.

    ``tools`` says whether the chat template takes descriptions of tools; others refuse them. ``tool_style`` is how
    calls stand in a reply (``base.replies.tool_calls.STYLES``), empty where that is not known: then they come as text.

    ``remote`` is the URL of the server that writes the replies, empty for this computer's engine. What it does not tell
    is 0 or empty here: its draft, number format, blocks and size, and the context where it has no word on it.
    """

    target_name: str
    draft: str
    draft_name: str
    device: str
    device_name: str
    dtype: str
    context_length: int
    block_size: int
    target_blocks: int
    draft_blocks: int
    parameters: int
    vocab_size: int
    load_seconds: float
    target_block_bytes: int = 0
    draft_block_bytes: int = 0
    target_state_bytes: int = 0
    draft_state_bytes: int = 0
    model_context: int = 0
    context_limit: str = "model"
    target_file: str = ""
    exact_rows: bool = False
    memory: MemoryUse | None = None
    thinking: tuple[str, str] = ("", "")
    thinking_switch: str = ""
    thinking_opens: bool = False
    thinking_opens_when: tuple[bool, bool] = (False, False)
    tools: bool = False
    tool_style: str = ""
    next_token: bool = False
    remote: str = ""
    draft_file: str = ""
    chat_template: bool = True

    @property
    def draft_label(self) -> str:
        """The draft in a report: a draft model by its name, marked where its drafts are re-encoded, or a head."""
        if self.draft == "reencoded":
            return f"{self.draft_name} (re-encoded)"
        if self.draft == "head":
            return f"{self.draft_name} (head)"
        return self.draft_name if self.draft == "model" else self.draft


@dataclass(frozen=True)
class Checked:
    """A load that was only to be checked would begin: header, vocabulary and options are sound."""


@dataclass(frozen=True)
class DevicesFound:
    """The devices a model can run on, those of one kind best first, the CPU last. Empty: nobody could look."""

    devices: tuple[DeviceItem, ...]


@dataclass(frozen=True)
class Unloaded:
    """The models are gone and their memory is free."""
