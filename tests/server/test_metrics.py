"""Figures for Prometheus are those of the events."""

from __future__ import annotations

from tests.server.fakes import Running


def test_figures_are_those_of_the_events(server: Running) -> None:
    def value(name: str) -> float:
        lines = [line for line in server.http.get("/metrics").text.splitlines() if line.startswith(name + " ")]
        return float(lines[0].rpartition(" ")[2]) if lines else 0.0

    labelled = 'helix_replies_total{endpoint="generate",outcome="eos"}'
    names = ("helix_generated_tokens_total", "helix_drafted_tokens_total", "helix_accepted_tokens_total", labelled)
    before = [value(name) for name in names]
    server.http.post("/generate", json={"prompt": "say 5"})
    after = [value(name) for name in names]
    assert [b - a for a, b in zip(before, after)] == [5, 8, 4, 1]
    assert value('helix_position_accepted_total{position="1"}') == value("helix_accepted_tokens_total")
    assert value('helix_position_accepted_total{position="2"}') == 0
    assert value("helix_acceptance_rate") == 0.5
    assert value('helix_cache_blocks{pool="target",state="cached"}') == 7
    assert value('helix_cache_evicted_blocks_total{pool="target"}') == 5
    assert value("helix_preemptions_total") == 2 * value(labelled)
    assert value("helix_time_to_first_token_seconds_count") > 0
    assert value("helix_inter_token_seconds_count") > 0
    assert value("helix_replies_running") == value("helix_replies_waiting") == 0
