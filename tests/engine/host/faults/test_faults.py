"""Faults raised inside real forwards in a real child process, at every stage: the reply goes on or says why not."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from helix_app.engine.host.parent import HostClient
from helix_app.protocol.events import CacheSnapshot, Event, Failed, Finished, Notice, RoundDone, TextDelta
from helix_app.protocol.models.loading import LoadProgress, ModelReady
from helix_app.protocol.requests import ChatMessage, GenerateRequest, LoadRequest, SamplingParams
from tests.engine.host.faults.faulty import GPU, Fault, Faults
from tests.engine.made.tiny import GREEDY, Zoo

LENGTH = 24
LONG = "the cat sat on the mat and the dog lay in the sun, then the rain came and the cat ran into the house " * 3
MEMORY = ("cuda", "hip", "directml", "cpu", "python")
LOST = ("lost directml", "lost cuda", "lost hip")
STAGES = ("prefill", "draft", "verify")
OFTEN = 10**9


@dataclass
class Host:
    """A child process with a faulty engine, and what it writes without faults."""

    client: HostClient
    faults: Faults
    load: LoadRequest
    expected: dict[str, Finished] = field(default_factory=dict)

    def ask(self, request_id: str, prompt: str = LONG, sampling: SamplingParams = GREEDY) -> list[Event]:
        request = GenerateRequest(
            request_id, (ChatMessage("user", prompt),), k="fixed:3", max_tokens=LENGTH, sampling=sampling
        )
        return list(self.client.stream(request, threading.Event()))

    def reload(self) -> list[Event]:
        return list(self.client.stream(self.load, threading.Event()))

    def check_next(self) -> None:
        """The next message works and says what it should."""
        self.faults.write(None)
        events = self.ask("next", "the dog")
        assert events[-1] == matching(events[-1], self.expected["the dog"])
        assert used_blocks(events) == {0}


def matching(got: Event, expected: Finished) -> Finished:
    """The expected result with the figures of the other one, which hold times."""
    assert isinstance(got, Finished), got
    return replace(expected, request_id=got.request_id, metrics=got.metrics)


def used_blocks(events: list[Event]) -> set[int]:
    """Blocks in use at the end, of the pools that there are."""
    last: dict[str, int] = {}
    for event in events:
        if isinstance(event, ModelReady):
            last.clear() if event.device == "cpu" else last.pop("draft", None)
        if isinstance(event, CacheSnapshot):
            last[event.pool] = event.used_blocks
    return set(last.values())


def notices(events: list[Event]) -> list[str]:
    return [event.code for event in events if isinstance(event, Notice)]


def text_of(events: list[Event]) -> str:
    return "".join(event.text for event in events if isinstance(event, TextDelta))


def device_of(events: list[Event]) -> str:
    return [event for event in events if isinstance(event, ModelReady)][-1].device


@pytest.fixture(scope="module")
def host(zoo: Zoo, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Host]:
    folder = tmp_path_factory.mktemp("faults")
    faults = Faults(folder / "fault.json")
    faults.write(None)
    patch = pytest.MonkeyPatch()
    patch.setenv("HELIX_HOME", str(folder))
    patch.setenv("HELIX_TEST_FAULT", str(faults.path))
    engine = "tests.engine.host.faults.faulty:make"
    client = HostClient(engine, grace_seconds=0.5, hang_seconds=3.0, hang_seconds_cpu=30.0)
    model = str(zoo.gguf("llama"))
    made = Host(client, faults, LoadRequest(model, draft=model, dtype="float32", cache_tokens=1024))
    assert device_of(made.reload()) == "cuda"
    for prompt in (LONG, "the dog"):
        result = made.ask("r", prompt)[-1]
        assert isinstance(result, Finished)
        assert len(result.token_ids) == LENGTH
        assert result.metrics.target_passes >= 5  # so that there is a fifth round
        made.expected[prompt] = result
    yield made
    client.close()
    patch.undo()


def expected_notices(fault: Fault) -> list[str]:
    if fault.kind == "nan":
        return []
    if fault.kind in LOST:
        return ["moved_to_cpu"]
    if fault.stage == "draft":
        return ["draft_dropped"]
    once = fault.times == 1 and fault.kind in MEMORY
    return ["context_reduced"] if once else ["moved_to_cpu"]


def cases() -> Iterator[object]:
    """Every wording at every stage; what differs from others in its words alone, or needs a new process, is soak."""
    for kind, stage, at, times in itertools.product((*MEMORY, *LOST, "strange", "nan"), STAGES, (1, 5), (1, OFTEN)):
        basic = kind in ("cuda", "directml", "nan") and times == 1
        basic |= kind in ("directml", "strange") and at == 5
        basic |= kind in MEMORY and (at, times) == (1, OFTEN) and stage == "verify"
        basic |= kind == "lost directml" and (at, times) == (5, 1)
        basic |= kind in LOST and (stage, at, times) == ("prefill", 1, 1)
        name = f"{kind}-{stage}-{at}-{'once' if times == 1 else 'often'}"
        yield pytest.param(Fault(kind, stage, at, times), id=name, marks=() if basic else pytest.mark.soak)


@pytest.mark.parametrize("fault", list(cases()))
def test_the_reply_goes_on(host: Host, fault: Fault) -> None:
    kind, stage, times = fault.kind, fault.stage, fault.times
    host.faults.write(None)
    host.reload()
    host.faults.write(fault)
    events = host.ask("r")
    assert host.faults.read() != fault or times == OFTEN  # it happened
    assert notices(events) == expected_notices(fault)
    if kind == "nan" and stage != "draft":
        assert isinstance(events[-1], Failed)
        assert events[-1].code == "nan_logits"
        assert host.expected[LONG].text.startswith(text_of(events))
    else:
        assert events[-1] == matching(events[-1], host.expected[LONG])
        assert text_of(events) == host.expected[LONG].text
        assert [event.index for event in events if isinstance(event, RoundDone)] == list(
            range(events[-1].metrics.target_passes)  # type: ignore[union-attr]
        )
        moved = "moved_to_cpu" in notices(events)
        assert not moved or device_of(events) == "cpu"
    assert used_blocks(events) == {0}
    host.check_next()


@pytest.mark.parametrize("kind", [*MEMORY, *LOST, "strange"])
def test_a_gpu_that_fails_while_loading_is_given_up(host: Host, kind: str) -> None:
    host.faults.write(Fault(kind, "load"))
    events = host.reload()
    assert notices(events) == ["fallback_cpu"]
    (notice,) = (event for event in events if isinstance(event, Notice))
    assert dict(notice.fields)["device"] == GPU
    assert ("memory" in dict(notice.fields)["reason"]) == (kind in MEMORY)
    assert device_of(events) == "cpu"
    host.check_next()


@pytest.mark.parametrize("kind", MEMORY)
def test_a_model_that_fits_nowhere(host: Host, kind: str) -> None:
    host.faults.write(Fault(kind, "load", anywhere=True))
    failed = host.reload()[-1]
    assert isinstance(failed, Failed)
    assert failed.code == "out_of_memory"
    host.faults.write(None)
    assert device_of(host.reload()) == "cuda"
    host.check_next()


@pytest.mark.parametrize("stage", ["prefill", "verify"])
def test_no_memory_anywhere_in_mid_reply(host: Host, stage: str) -> None:
    host.faults.write(None)
    host.reload()
    host.faults.write(Fault("cuda", stage, 3, anywhere=True))
    events = host.ask("r")
    failed = events[-1]
    assert isinstance(failed, Failed)
    assert failed.code == "device_out_of_memory"
    assert failed.request_id == "r"
    assert host.expected[LONG].text.startswith(text_of(events))
    assert used_blocks(events) == {0}
    host.check_next()


@pytest.mark.parametrize("sampling", [SamplingParams(temperature=1.0, seed=7)], ids=["seeded"])
@pytest.mark.parametrize("stage", STAGES)
def test_a_seeded_reply_says_the_same_after_a_fault(host: Host, stage: str, sampling: SamplingParams) -> None:
    host.faults.write(None)
    host.reload()
    expected = host.ask("r", sampling=sampling)[-1]
    assert isinstance(expected, Finished)
    host.reload()
    host.faults.write(Fault("lost cuda", stage, 2))
    events = host.ask("r", sampling=sampling)
    assert notices(events) == ["moved_to_cpu"]
    assert events[-1] == matching(events[-1], expected)


def test_a_lost_device_needs_a_new_process(host: Host) -> None:
    host.faults.write(None)
    host.reload()
    host.faults.write(Fault("lost cuda", "verify", 2))
    host.ask("r")
    before = host.client.pid
    host.faults.write(None)
    assert device_of(host.reload()) == "cuda"
    assert host.client.pid != before
    host.check_next()


CRASHES = [("kill", "prefill", 5), ("kill", "verify", 5), ("hang", "draft", 1)]
ALL_CRASHES = list(itertools.product(("kill", "hang"), STAGES, (1, 5)))


def crash(host: Host, kind: str, stage: str, at: int) -> None:
    host.faults.write(None)
    host.reload()
    host.faults.write(Fault(kind, stage, at, times=1))
    events = host.ask("r")
    assert notices(events) == ["engine_restarted"]
    assert device_of(events) == "cuda"
    assert events[-1] == matching(events[-1], host.expected[LONG])
    assert text_of(events) == host.expected[LONG].text
    assert used_blocks(events) == {0}
    host.check_next()


@pytest.mark.parametrize(("kind", "stage", "at"), CRASHES)
def test_the_reply_outlives_the_process(host: Host, kind: str, stage: str, at: int) -> None:
    crash(host, kind, stage, at)


def test_a_continued_reply_outlives_the_process(host: Host) -> None:
    turns = (ChatMessage("user", LONG), ChatMessage("assistant", "then the cat"))
    request = GenerateRequest("r", turns, k="fixed:3", max_tokens=LENGTH, sampling=GREEDY)
    host.faults.write(None)
    host.reload()
    expected = list(host.client.stream(request, threading.Event()))[-1]
    assert isinstance(expected, Finished)
    host.faults.write(Fault("kill", "verify", 3, times=1))
    events = list(host.client.stream(request, threading.Event()))
    assert notices(events) == ["engine_restarted"]
    assert events[-1] == matching(events[-1], expected)
    assert text_of(events) == expected.text
    assert events[-1].metrics.prompt_tokens == expected.metrics.prompt_tokens  # type: ignore[union-attr]
    host.check_next()


@pytest.mark.soak
@pytest.mark.parametrize(("kind", "stage", "at"), [case for case in ALL_CRASHES if case not in CRASHES])
def test_the_reply_outlives_the_process_at_every_stage(host: Host, kind: str, stage: str, at: int) -> None:
    crash(host, kind, stage, at)


def test_a_device_that_kills_every_process_is_given_up(host: Host) -> None:
    host.faults.write(None)
    host.reload()
    host.faults.write(Fault("kill", "verify", 2))
    events = host.ask("r")
    assert notices(events) == ["engine_restarted", "engine_restarted_on_cpu"]
    assert device_of(events) == "cpu"
    assert events[-1] == matching(events[-1], host.expected[LONG])
    host.check_next()


def test_a_device_that_kills_the_process_while_loading_is_given_up(host: Host) -> None:
    host.faults.write(Fault("kill", "load"))
    events = host.reload()
    assert notices(events) == ["fallback_cpu"]
    assert device_of(events) == "cpu"
    host.check_next()


def test_stop_works_while_the_device_hangs(host: Host) -> None:
    host.faults.write(None)
    host.reload()
    host.faults.write(Fault("hang", "verify", 3))
    cancel = threading.Event()
    request = GenerateRequest("r", (ChatMessage("user", LONG),), k="fixed:3", max_tokens=LENGTH, sampling=GREEDY)
    events: list[Event] = []
    for event in host.client.stream(request, cancel):
        events.append(event)
        if isinstance(event, RoundDone) and event.index == 1:
            cancel.set()  # the third round never ends
    result = events[-1]
    assert isinstance(result, Finished)
    assert result.reason == "cancelled"
    assert host.expected[LONG].text.startswith(result.text)
    assert result.text == text_of(events)
    assert len(result.token_ids) == result.metrics.tokens_generated > 4
    host.check_next()


def test_weights_that_cannot_be_read(host: Host, tmp_path: Path) -> None:
    host.faults.write(None)
    broken = tmp_path / "broken.gguf"
    whole = Path(host.load.target).read_bytes()
    broken.write_bytes(whole[: len(whole) * 3 // 4])
    failed = list(host.client.stream(replace(host.load, target=str(broken)), threading.Event()))[-1]
    assert isinstance(failed, Failed)
    assert failed.code == "model_corrupt"
    assert any(isinstance(event, LoadProgress) for event in host.reload())
    host.check_next()
