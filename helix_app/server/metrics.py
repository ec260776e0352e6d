"""Figures for Prometheus, counted from the events of replies. What events do not tell is left out."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from helix_app.protocol.events import Event, Failed, Finished, PrefillDone, RoundDone
from helix_app.server.admission import FairQueue
from helix_app.server.backends.backend import Backend

_LATENCY = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600)
_BETWEEN = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5)
_POSITIONS = 16  # of a proposal, that are told one by one


class Metrics:
    """The figures of one server; each has a registry of its own."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self.registry = CollectorRegistry()

        def counter(name: str, text: str, *labels: str) -> Counter:
            return Counter(f"helix_{name}", text, labels, registry=self.registry)

        def histogram(name: str, text: str, buckets: tuple[float, ...]) -> Histogram:
            return Histogram(f"helix_{name}", text, registry=self.registry, buckets=buckets)

        self.replies = counter("replies", "Replies that ended, by how", "endpoint", "outcome")
        self.refused = counter("refused_requests", "Requests that were refused, by the code of the error", "code")
        self.prompt_tokens = counter("prompt_tokens", "Tokens of prompts")
        self.cached_tokens = counter("cached_prompt_tokens", "Those of them that the prefix cache held")
        self.generated = counter("generated_tokens", "Tokens of replies")
        self.drafted = counter("drafted_tokens", "Draft tokens that the target scored")
        self.accepted = counter("accepted_tokens", "Those of them that were accepted")
        self.rounds = counter("rounds", "Decode rounds of all replies")
        self.preemptions = counter("preemptions", "Times that a reply gave its blocks back and waited")
        self.position_drafted = counter(
            "position_drafted", "Draft tokens scored, by place in their proposal", "position"
        )
        self.position_accepted = counter("position_accepted", "Draft tokens accepted, by the same", "position")
        self.first_token = histogram("time_to_first_token_seconds", "From the request to its first token", _LATENCY)
        self.between = histogram("inter_token_seconds", "From token to token while decoding", _BETWEEN)
        self.whole = histogram("reply_seconds", "From the request to the end of its reply", _LATENCY)
        self.scored = self.kept = 0  # draft tokens, and those accepted
        self.queued = histogram("queue_seconds", "From the request to its turn", _LATENCY)

    def observe(self, backend: Backend, queue: FairQueue) -> None:
        """Tell also what these two know at the moment they are asked."""
        self.registry.register(_Now(self, backend, queue))

    def reply(self, endpoint: str) -> ReplyMeter:
        """Counts one reply that is asked for now."""
        return ReplyMeter(self, endpoint, self._clock)

    def text(self) -> bytes:
        """All figures in Prometheus' text format."""
        return generate_latest(self.registry)


class ReplyMeter:
    """Counts one reply from its events."""

    def __init__(self, metrics: Metrics, endpoint: str, clock: Callable[[], float]) -> None:
        self._metrics, self._endpoint, self._clock = metrics, endpoint, clock
        self._begin = clock()
        self._last = 0.0  # seconds of the engine at the round before
        self.tokens = 0

    def begin(self) -> None:
        """It has its turn."""
        self._metrics.queued.observe(self._clock() - self._begin)

    def end(self, outcome: str) -> None:
        """It ended without the engine."""
        self._metrics.replies.labels(self._endpoint, outcome).inc()

    def watch(self, event: Event) -> None:
        """Take an event of this reply."""
        m = self._metrics
        if isinstance(event, PrefillDone):
            m.prompt_tokens.inc(event.prompt_tokens)
            m.cached_tokens.inc(event.cached_tokens)
            if event.emitted:
                m.first_token.observe(self._clock() - self._begin)
            self._count(len(event.emitted))
        elif isinstance(event, RoundDone):
            self._round(event)
        elif isinstance(event, (Finished, Failed)):
            m.whole.observe(self._clock() - self._begin)
            if isinstance(event, Finished):
                m.preemptions.inc(event.metrics.preemptions or 0)
            self.end(event.reason if isinstance(event, Finished) else event.code)

    def _round(self, event: RoundDone) -> None:
        m, emitted = self._metrics, len(event.emitted)
        m.rounds.inc()
        m.drafted.inc(event.k)
        m.accepted.inc(event.accepted)
        m.scored, m.kept = m.scored + event.k, m.kept + event.accepted
        for position in range(min(event.k, _POSITIONS)):
            m.position_drafted.labels(str(position + 1)).inc()
            if position < event.accepted:
                m.position_accepted.labels(str(position + 1)).inc()
        if self._last and emitted:
            for _ in range(emitted):
                m.between.observe(max(0.0, event.elapsed_seconds - self._last) / emitted)
        self._last = event.elapsed_seconds
        self._count(emitted)

    def _count(self, tokens: int) -> None:
        self.tokens += tokens
        self._metrics.generated.inc(tokens)


class _Now(Collector):
    """What is read when somebody asks: the queue, the blocks, and the acceptance rate so far."""

    def __init__(self, metrics: Metrics, backend: Backend, queue: FairQueue) -> None:
        self._metrics, self._backend, self._queue = metrics, backend, queue

    def collect(self) -> Iterator[Metric]:
        yield GaugeMetricFamily("helix_replies_running", "Replies being written", value=self._queue.running)
        yield GaugeMetricFamily("helix_replies_waiting", "Replies that wait for their turn", value=self._queue.waiting)
        yield GaugeMetricFamily("helix_ready", "Whether a model is loaded", value=self._backend.ready is not None)
        blocks = GaugeMetricFamily("helix_cache_blocks", "Blocks of the paged cache", labels=["pool", "state"])
        for pool, count in self._backend.pools.items():
            for state in ("used", "cached", "free"):
                blocks.add_metric([pool, state], getattr(count, state))
        yield blocks
        evicted = CounterMetricFamily(
            "helix_cache_evicted_blocks", "Cached blocks whose content gave way to other tokens", labels=["pool"]
        )
        for pool, count in self._backend.pools.items():
            evicted.add_metric([pool], count.evicted)
        yield evicted
        if self._metrics.scored:
            rate = self._metrics.kept / self._metrics.scored
            yield GaugeMetricFamily("helix_acceptance_rate", "Accepted / scored draft tokens so far", value=rate)

    def describe(self) -> Iterator[Metric]:
        return iter(())
