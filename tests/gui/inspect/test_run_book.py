"""Every reply is recorded, within the memory there is for it."""

from __future__ import annotations

from dataclasses import replace

from helix_app.gui.inspect.run_book import RunBook, weight
from helix_app.gui.window.main_window import MainWindow
from helix_app.protocol import events
from helix_app.protocol.events import CacheSnapshot, Finished
from helix_app.protocol.models.loading import ModelReady
from helix_app.protocol.requests import GenerateRequest
from tests.gui import fake
from tests.gui.driver import Driver
from tests.gui.fake import record
from tests.runs.made_runs import made_run


def book_with(most: int, sizes: list[int]) -> tuple[RunBook, list[str], list[int]]:
    book = RunBook(most, clock=lambda: 1.0)
    dropped = record(book.dropped)
    weights = []
    for number, rounds in enumerate(sizes):
        run = made_run(rounds, name=f"r{number}", seed=number)
        book.begin(run.items[0].event)  # type: ignore[arg-type]
        for item in run.items[2:]:
            book.on_event(item.event)
        weights.append(sum(weight(item.event) for item in run.items if not isinstance(item.event, ModelReady)))
    return book, dropped, weights


def test_the_oldest_runs_go_when_there_is_no_room() -> None:
    _, _, (heavy, *_) = book_with(2**40, [30])
    book, dropped, _ = book_with(int(2.5 * heavy), [30, 30, 30, 30])
    assert dropped == ["r0", "r1"]
    assert book.run("r0") is None
    assert book.run("r3") is not None
    assert book.total <= 2.5 * heavy


def test_a_reply_too_long_for_memory_keeps_its_beginning_and_its_end() -> None:
    book, _, (heavy,) = book_with(2**40, [30])
    whole = book.run("r0")
    book, _, _ = book_with(heavy // 2, [30])
    run = book.run("r0")
    assert whole is not None
    assert run is not None
    assert whole.complete
    assert not run.complete
    kept = [item.event for item in run.items]
    assert kept[:-1] == [item.event for item in whole.items[: len(kept) - 1]]
    assert 0 < len(kept) < len(whole.items)
    assert isinstance(kept[-1], Finished)


def test_a_failed_reply_is_a_run_too(window: MainWindow, chat: Driver) -> None:
    request = chat.ask("x")
    window.on_event(events.Failed("engine_died", "", (), request.request_id))
    run = window.desk.book.run(request.request_id)
    assert run is not None
    assert isinstance(run.items[-1].event, events.Failed)


def test_only_what_is_of_the_running_reply_is_recorded() -> None:
    book = RunBook(clock=lambda: 1.0)
    heard = record(book.recorded)
    book.on_event(fake.ready())
    book.on_event(fake.round_done("early", 1))  # nobody asked
    book.begin(GenerateRequest("r"))
    for event in (
        fake.round_done("r", 0),
        fake.round_done("another", 0),
        events.TextDelta("r", "Hi"),
        events.Notice("forced_cpu"),  # of no reply: it is told while this one is written
        events.Notice("forced_cpu", request_id="another"),
        fake.snapshot(fake.pool_cells(16)),
        fake.finished("r", "Hi"),
        events.TextDelta("r", "too late"),
    ):
        book.on_event(event)
    run = book.run("r")
    assert run is not None
    kinds = [type(item.event).__name__ for item in run.items]
    assert kinds == ["GenerateRequest", "ModelReady", "RoundDone", "TextDelta", "Notice", "CacheSnapshot", "Finished"]
    assert len(heard) == len(kinds)
    assert (run.complete, book.latest) == (True, "r")


def test_replies_written_together_are_recorded_apart() -> None:
    """Each with the pool as a whole from its beginning on; changes of a pool that it has not seen tell it nothing."""
    book = RunBook(clock=lambda: 1.0)
    whole = fake.snapshot(fake.pool_cells(16))
    change = replace(whole, full=False, indices=b"", cells=b"", tables=())
    book.begin(GenerateRequest("a"))
    book.on_event(whole)
    book.on_event(fake.round_done("a", 0))
    book.begin(GenerateRequest("b"))
    book.on_event(change)
    book.on_event(whole)
    book.on_event(fake.round_done("b", 0))
    book.on_event(change)
    book.on_event(fake.finished("a"))
    book.on_event(fake.round_done("b", 1))
    book.on_event(fake.finished("b"))
    first, second = book.run("a"), book.run("b")
    assert first is not None
    assert second is not None
    assert [getattr(item.event, "full", None) for item in first.items if isinstance(item.event, CacheSnapshot)] == [
        True, False, True, False,
    ]  # fmt: skip
    assert [type(item.event).__name__ for item in second.items] == [
        "GenerateRequest", "CacheSnapshot", "RoundDone", "CacheSnapshot", "RoundDone", "Finished",
    ]  # fmt: skip
    assert (first.complete, second.complete) == (True, True)


def test_no_running_reply_makes_room_for_another() -> None:
    run = made_run(30)
    book = RunBook(sum(weight(item.event) for item in run.items), clock=lambda: 1.0)
    dropped = record(book.dropped)
    for name in ("a", "b"):
        book.begin(GenerateRequest(name))
    for item in run.items:
        if isinstance(item.event, events.RoundDone):
            for name in ("a", "b"):
                book.on_event(replace(item.event, request_id=name))
    for name in ("a", "b"):
        book.on_event(fake.finished(name))
    first, second = book.run("a"), book.run("b")
    assert first is not None
    assert second is not None
    assert not first.complete
    assert not second.complete
    assert dropped == []
    assert len(first.items) > 5


def test_every_run_knows_the_model_that_wrote_it() -> None:
    book = RunBook(clock=lambda: 1.0)
    book.on_event(fake.ready(dtype="int4"))
    for name in ("a", "b"):
        book.begin(GenerateRequest(name))
        book.on_event(fake.finished(name))
        run = book.run(name)
        assert run is not None
        assert isinstance(run.items[1].event, ModelReady)
        assert run.items[1].event.dtype == "int4"


def test_what_an_event_weighs_grows_with_what_it_holds() -> None:
    small, large = fake.snapshot(fake.pool_cells(16)), fake.snapshot(fake.pool_cells(512))
    assert weight(large) - weight(small) == 8 * (512 - 16)
    assert weight(events.TextDelta("r", "x" * 100)) - weight(events.TextDelta("r", "")) == 200
    rounds = [item.event for item in made_run(20, alternatives=3).items if isinstance(item.event, events.RoundDone)]
    plain = next(event for event in rounds if not event.proposed)
    assert all(weight(event) > weight(plain) for event in rounds if event.proposed)


def test_a_run_of_another_day_is_taken_in_and_goes_like_others() -> None:
    items = made_run(30, name="old").items
    heavy = sum(weight(item.event) for item in items)
    book, dropped, _ = book_with(int(1.5 * heavy), [30])
    book.add("old", items)
    assert dropped == ["r0"]
    run = book.run("old")
    assert run is not None
    assert run.complete
    assert run.items == items
    assert book.latest == "r0"  # which is what was written last
    book.add("huge", items * 3)
    assert book.run("huge") is None
    assert book.run("old") is not None
