"""The dashboard for Grafana: every expression names figures that /metrics has, with labels that these have."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from helix_app.base.process.paths import resource
from tests.server.fakes import Running

BOARD: dict[str, Any] = json.loads(resource("grafana", "helix.json").read_text(encoding="utf-8"))
SELECTED = re.compile(r"(helix_\w+)\{([^}]*)\}|(helix_\w+)")
SCRAPED = {"job", "instance"}  # what Prometheus itself adds


def expressions() -> Iterator[str]:
    for panel in BOARD["panels"]:
        yield from (target["expr"] for target in panel["targets"])
    yield from (v["query"]["query"] for v in BOARD["templating"]["list"] if v["type"] == "query")


@pytest.fixture(scope="module")
def told(pair: tuple[object, Running]) -> dict[str, set[str]]:
    """Labels by the name of each sample."""
    server = pair[1]
    server.http.post("/generate", json={"prompt": "say 5"})
    server.http.post("/generate", json={"nonsense": 1})
    found: dict[str, set[str]] = {}
    for family in text_string_to_metric_families(server.http.get("/metrics").text):
        for sample in family.samples:
            found.setdefault(sample.name, set()).update(sample.labels)
    return found


@pytest.mark.parametrize("expression", list(dict.fromkeys(expressions())))
def test_every_expression_names_what_metrics_tell(expression: str, told: dict[str, set[str]]) -> None:
    named = [(a or b, labels) for a, labels, b in SELECTED.findall(expression)]
    assert named
    grouped = {
        label.strip() for group in re.findall(r"by \(([^)]*)\)", expression) for label in group.split(",")
    } - SCRAPED
    for name, labels in named:
        assert name in told, f"/metrics has no {name}"
        used = set(re.findall(r"(\w+)=", labels)) - SCRAPED
        assert used | grouped <= told[name], (name, used | grouped)


def test_every_figure_is_on_the_board(told: dict[str, set[str]]) -> None:
    shown = " ".join(expressions())
    left_out = {"helix_acceptance_rate"}  # since the server began; the board has that of the last minutes
    names = {name for name in told if not name.endswith(("_created", "_count", "_sum"))} - left_out
    assert {name for name in names if name not in shown} == set()


def test_panels_do_not_overlap() -> None:
    taken: set[tuple[int, int]] = set()
    for panel in BOARD["panels"]:
        place = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert not cells & taken, panel["title"]
        assert max(x for x, _ in cells) < 24
        taken |= cells
    assert len({panel["id"] for panel in BOARD["panels"]}) == len(BOARD["panels"])
