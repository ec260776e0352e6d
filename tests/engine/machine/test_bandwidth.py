"""How fast memory is read: really read, in a process of its own."""

from __future__ import annotations

import pytest

from helix_app.engine.machine import bandwidth, jobs


def test_a_pass_reads_all_bytes_and_the_first_does_not_count(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    steps = iter([100.0, 1.0, 2.0, 4.0, 2.0, 2.0, 2.0])
    monkeypatch.setattr(bandwidth.time, "perf_counter", lambda: now[0])

    def read() -> None:
        now[0] += next(steps)

    assert bandwidth.rates(read, 1000) == {"slowest": 250.0, "fastest": 1000.0}


def test_main_memory_is_summed_up_in_slices() -> None:
    read, size = bandwidth._main_memory(8 * 1000)
    assert size == 8000
    assert sum(int(part) for part in read()) == 1000  # type: ignore[attr-defined]


def test_the_job_measures(helix_home: object) -> None:
    found = jobs.run("bandwidth", "cpu", str(4 * bandwidth.MIB), seconds=60)
    assert 0 < found["slowest"] <= found["fastest"]


def test_a_card_that_is_not_here_is_no_cpu() -> None:
    with pytest.raises(Exception, match=r".+"):
        bandwidth.run("cuda:7")


def test_what_a_card_does_is_tried_on_the_cpu(monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    from helix_app.engine.machine.devices import device

    made = device.Device("cuda", torch.device("cpu"), "a card")
    monkeypatch.setattr(device, "pick_device", lambda wanted: (made, ""))
    found = bandwidth.run("cuda:0", str(bandwidth.MIB))
    assert 0 < found["slowest"] <= found["fastest"]
