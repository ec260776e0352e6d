"""What crosses a border: requests go in, events come out.

Every object here is a frozen dataclass of primitives, tuples and packed bytes, so that it can be
pickled to a child process, queued to another thread, written to a file or faked in a test. No
tensor, no Qt object and no open handle ever travels.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal, Protocol, Union

from helix_app.protocol.bench import BenchDone, BenchProgressed
from helix_app.protocol.intake import Intake
from helix_app.protocol.models.fit import Fit
from helix_app.protocol.models.hub import CatalogChanged, DownloadDone, DownloadFailed, DownloadProgress
from helix_app.protocol.models.loading import Checked, DevicesFound, LoadProgress, MemoryUse, ModelReady, Unloaded
from helix_app.protocol.requests import (
    Request,
)

Provenance = Literal["accepted", "corrected", "bonus", "plain"]
FinishReason = Literal["eos", "stop", "length", "context_full", "cancelled"]
PoolName = Literal["target", "draft"]
FORCED = "grammar"  # the source of tokens that a grammar leaves no choice of

# --------------------------------------------------------------------------- events


@dataclass(frozen=True)
class Notice:
    """Something the person should know that stops nothing, such as a fallback to the CPU."""

    code: str
    fields: tuple[tuple[str, str], ...] = ()
    detail: str = ""
    request_id: str = ""


@dataclass(frozen=True)
class PrefillProgress:
    """A long prompt is being read: ``done_tokens`` of ``prompt_tokens`` are in the cache.

    ``cached_tokens`` of them did not have to be read again.
    """

    request_id: str
    done_tokens: int
    prompt_tokens: int
    cached_tokens: int = 0


@dataclass(frozen=True)
class PrefillDone:
    """The prompt is in the cache. ``cached_tokens`` of ``prompt_tokens`` came from a prefix hit.

    ``emitted`` is the first token of the reply: the prompt's last row gives it, before any round. ``left_out`` of the
    request's messages, the oldest ones, are not in it (``GenerateRequest.on_full``). ``opens``: it ends in a thought.
    """

    request_id: str
    prompt_tokens: int
    cached_tokens: int
    seconds: float
    emitted: tuple[EmittedToken, ...] = ()
    left_out: int = 0
    opens: bool = False


@dataclass(frozen=True)
class ProposedToken:
    """A draft token as the target scored it. ``draft_prob`` is 1.0 for a one-hot draft.

    ``text`` is the token decoded on its own.
    """

    token_id: int
    text: str
    draft_prob: float
    target_prob: float


@dataclass(frozen=True)
class Alternative:
    """One of the most probable tokens at a position, as the model itself has it: before temperature, penalties, grammar
    and filters. ``logprob`` is the natural logarithm, -9999 at least."""

    token_id: int
    text: str
    target_prob: float
    logprob: float | None = None


@dataclass(frozen=True)
class EmittedToken:
    """A token of the reply and where it came from.

    ``target_prob`` is the probability that it was drawn with, after temperature and filters; ``logprob``, where the
    request asks for it, that of the model itself, as in ``Alternative``.
    """

    token_id: int
    text: str
    provenance: Provenance
    target_prob: float
    alternatives: tuple[Alternative, ...] = ()
    logprob: float | None = None


@dataclass(frozen=True)
class RoundDone:
    """One round: k tokens proposed, one target pass, ``accepted`` of them kept, and one more token.

    The running figures are those of ``engine/rounds/metrics.py`` at the end of this round, so that a plot
    and the final result can never disagree. An unknown figure is None.

    Attributes:
        index: number of the round in this reply, from 0.
        k: tokens proposed and scored in this round (0 is a plain decode step).
        k_reason: code of messages.py that says why the controller chose this k.
        rolling_acceptance: accepted / scored over the recent rounds.
        acceptance_rate: accepted / scored since the reply began.
        rolling_tokens_per_second: decode speed over the recent rounds.
        decode_tokens_per_second: decode speed since the first token of the reply.
        plain_tokens_per_second: what plain decoding reaches on this model and device as measured, beside the replies
            that are written with this one.
        mean_accepted_length: tokens emitted per decode pass of the target so far.
        context_tokens: tokens of the sequence after this round.
        elapsed_seconds: since the request arrived.
        source: what drafted ("ngram:4", "table:3+", "self", "mtp", "head", "model", "reencoded", "grammar"); empty for
            a plain round.
    """

    request_id: str
    index: int
    k: int
    proposed: tuple[ProposedToken, ...]
    accepted: int
    emitted: tuple[EmittedToken, ...]
    draft_seconds: float
    verify_seconds: float
    overhead_seconds: float
    k_reason: str
    rolling_acceptance: float | None
    acceptance_rate: float | None
    rolling_tokens_per_second: float | None
    decode_tokens_per_second: float | None
    plain_tokens_per_second: float | None
    mean_accepted_length: float | None
    tokens_generated: int
    context_tokens: int
    elapsed_seconds: float
    source: str = ""


@dataclass(frozen=True)
class TextDelta:
    """Text to append to the reply. Never splits a character."""

    request_id: str
    text: str


# Layout of one packed block in CacheSnapshot.cells: numpy dtype fields, little endian, 8 bytes.
# fill: slots written (0..block_size); speculative: slots of those that hold unverified draft tokens;
# owner: index into CacheSnapshot.owners of the sequence that uses the block, NO_OWNER when none;
# group: which group of layers' keys and values it holds, an index into CacheSnapshot.windows.
CACHE_CELL: list[tuple[str, str]] = [
    ("state", "u1"),
    ("fill", "u1"),
    ("speculative", "u1"),
    ("group", "u1"),
    ("refcount", "<u2"),
    ("owner", "<u2"),
]
NO_OWNER = 0xFFFF
# passed: cached, and free because its tokens fell out of the window of its layers while their sequence went on.
BLOCK_FREE, BLOCK_USED, BLOCK_SHARED, BLOCK_CACHED, BLOCK_PASSED = 0, 1, 2, 3, 4
NO_BLOCK = 0xFFFFFFFF  # in a table: the block is not the sequence's any more


@dataclass(frozen=True)
class CacheSnapshot:
    """The state of every physical block of one pool, or of those that changed.

    Attributes:
        full: True carries all blocks in order; False only those named in ``indices``.
        indices: uint32 little-endian block numbers, empty when ``full``.
        cells: one packed CACHE_CELL record a block.
        owners: names of the sequences that ``owner`` points into.
        tables: (name of a sequence, its blocks in order as uint32 little-endian), of all sequences when ``full``,
            else of those whose blocks are other ones than before. A sequence that no longer is in ``owners`` is over.
            The blocks of each group of layers follow those of the one before; ``NO_BLOCK`` is one that fell out of
            the window.
        windows: tokens that the layers of each group look back over; 0 is all.
        passed_blocks: that the live sequences do without, because their tokens fell out of a window.
        evicted_blocks: cached blocks whose content gave way to other tokens, since the pool was made.
        states: that there is room for, each what all recurrent layers keep of one sequence; 0 without such layers.
        used_states, kept_states: those of live sequences, and those that prompts to come may begin with.
        readers: of each group, layers that read its keys and values and have no blocks of their own; () for none.
    """

    pool: PoolName
    num_blocks: int
    block_size: int
    full: bool
    indices: bytes
    cells: bytes
    owners: tuple[str, ...]
    used_blocks: int
    cached_blocks: int
    free_blocks: int
    tables: tuple[tuple[str, bytes], ...] = ()
    windows: tuple[int, ...] = (0,)
    passed_blocks: int = 0
    evicted_blocks: int = 0
    states: int = 0
    used_states: int = 0
    kept_states: int = 0
    readers: tuple[int, ...] = ()


@dataclass(frozen=True)
class RunMetrics:
    """The figures of one reply, as defined in design promise 4. None means undefined for this run, or that a remote
    engine does not tell it; the engine of this computer tells every count, and the seed.

    ``preemptions`` is how often it gave its blocks back and waited, since others needed them.
    """

    tokens_generated: int | None
    prompt_tokens: int | None
    cached_tokens: int | None
    time_seconds: float
    tokens_per_second: float | None
    decode_tokens_per_second: float | None
    time_to_first_token: float | None
    acceptance_rate: float | None
    mean_accepted_length: float | None
    target_passes: int | None
    drafted_tokens: int | None
    accepted_tokens: int | None
    k_mean: float | None
    k_min: int | None
    k_max: int | None
    plain_tokens_per_second: float | None
    seed: int | None
    preemptions: int | None = 0


def known(figure: int | None) -> int:
    """A count of a reply that this computer's engine wrote. Raises ValueError for one that nobody told."""
    if figure is None:
        raise ValueError("a remote engine did not tell this figure")
    return figure


@dataclass(frozen=True)
class Finished:
    """The reply is complete (or was cancelled); its blocks are freed or cached.

    ``stop`` is the stop text that ended it, empty for none or where a remote engine does not tell. ``beside_others``:
    some of it was written together with other replies.
    """

    request_id: str
    reason: FinishReason
    text: str
    token_ids: tuple[int, ...]
    metrics: RunMetrics
    stop: str = ""
    beside_others: bool = False

    @property
    def plain_alone(self) -> float | None:
        """Tokens per second of plain decoding by itself; None where it was not by itself, or nobody knows."""
        return None if self.beside_others else self.metrics.plain_tokens_per_second


@dataclass(frozen=True)
class Failed:
    """A request ended with an expected failure. messages.py turns ``code`` into a sentence.

    ``kept``, of a load: the model that was loaded before still is, or is again.
    """

    code: str
    detail: str = ""
    fields: tuple[tuple[str, str], ...] = ()
    request_id: str = ""
    kept: bool = field(default=False, compare=False)


@dataclass(frozen=True)
class Forgotten:
    """What was learnt from replies is wiped, ``tables`` files of it; with ``failed``, some of it may still be there."""

    tables: int
    failed: Failed | None = None


@dataclass(frozen=True)
class CheckupDone:
    """What ``doctor`` says of this computer, and how many things it found wrong; with ``failed`` it could not say."""

    report: str = ""
    findings: int = 0
    failed: Failed | None = None


@dataclass(frozen=True)
class CompareStarted:
    """A comparison begins: the engine is its own until ``CompareDone``."""

    request_id: str


@dataclass(frozen=True)
class CompareArm:
    """What happened in one arm: loading, a notice, or an event of its reply."""

    request_id: str
    index: int
    event: Event


@dataclass(frozen=True)
class CompareDone:
    """A comparison is over; what was written stays.

    Attributes:
        reason: ``done``, ``cancelled`` by the person, or ``failed`` as a whole; an arm's own error is an event of it.
        reload: what is loaded now is not the person's own choice: it is to be loaded again.
        logit_gap: where the replies first differ, by how much the target's logit of the first arm's token exceeds
            that of the second arm's, computed once both had ended; None where they agree or it is not known.
        drift: how far the fixed reference replies before and after the arms lie apart (``bench/reference.py``), as a
            fraction of their speed; None where there were too few.
        noisy: whether that is so far that one run says little.
    """

    request_id: str
    reason: Literal["done", "cancelled", "failed"]
    reload: bool = False
    logit_gap: float | None = None
    failed: Failed | None = None
    drift: float | None = None
    noisy: bool = False


Event = Union[
    BenchProgressed,
    BenchDone,
    DownloadProgress,
    DownloadDone,
    DownloadFailed,
    CatalogChanged,
    Forgotten,
    CheckupDone,
    LoadProgress,
    Fit,
    Notice,
    ModelReady,
    MemoryUse,
    Checked,
    DevicesFound,
    Unloaded,
    PrefillProgress,
    PrefillDone,
    RoundDone,
    TextDelta,
    CacheSnapshot,
    Finished,
    Failed,
    CompareStarted,
    CompareArm,
    CompareDone,
]


class EngineClient(Protocol):
    """The one interface of the engine, in this process or in a child."""

    def stream(self, request: Request, cancel: threading.Event, others: Intake | None = None) -> Iterator[Event]:
        """Run one request and yield its events; the last one is ModelReady, Unloaded, Checked, DevicesFound, Finished
        or Failed. A load that fails after the model before it was given up brings that one back: its ModelReady then
        comes before the Failed.

        Setting ``cancel`` ends a reply within one round. Expected failures are Failed events, not exceptions.

        Args:
            others: replies that join this one while it is written, one batch in every pass; the last event is then the
                result of whichever ends last. Closed, whatever happens, when the stream is over.
        """
        ...

    def close(self) -> None:
        """Free everything; end the child process if there is one. May be called twice."""
        ...
