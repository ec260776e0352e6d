"""nginx in front of two servers: who writes what, what goes through at once, and what is lost when one goes.

HELIX_NGINX names the program; otherwise it is looked for. Without it the file is only read by a parser.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import subprocess
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import crossplane
import httpx
import pytest
import websockets.sync.client

from helix_app.server.options import ServerOptions
from tests.server.fakes import FakeClient, Running, fake_pump
from tests.waiting import wait_for

CONF = Path(__file__).parents[2] / "packaging" / "nginx" / "helix.conf"
PROGRAM = os.environ.get("HELIX_NGINX") or shutil.which("nginx") or ""
needs_nginx = pytest.mark.skipif(not PROGRAM, reason="nginx is not installed (HELIX_NGINX may name it)")


def test_the_file_is_one_that_nginx_reads(tmp_path: Path) -> None:
    main = tmp_path / "nginx.conf"
    main.write_text(f"events {{}}\nhttp {{ include {CONF}; }}\n", encoding="utf-8")
    parsed = crossplane.parse(str(main), catch_errors=True, strict=True)
    # the parser knows no entries of a map
    assert [e for e in parsed["errors"] if not re.search('unknown directive "(default)?"', e["error"])] == []
    told = {line["directive"]: line["args"] for line in _lines(parsed["config"][1]["parsed"])}
    assert told["proxy_buffering"] == ["off"]
    assert "non_idempotent" in told["proxy_next_upstream"]
    assert told["least_conn"] == []
    assert int(told["client_max_body_size"][0].removesuffix("m")) << 20 == ServerOptions().limits.body_bytes
    assert float(told["proxy_read_timeout"][0].removesuffix("s")) == ServerOptions().limits.seconds


def _lines(block: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for line in block:
        yield line
        yield from _lines(line.get("block", []))


@dataclass
class Farm:
    """Two servers and the proxy."""

    url: str
    clients: tuple[FakeClient, FakeClient]
    servers: tuple[Running, Running]

    @property
    def writing(self) -> list[int]:
        return [client.open for client in self.clients]


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def farm(tmp_path: Path) -> Iterator[Farm]:
    clients, servers = zip(*(_server() for _ in range(2)))
    listen = _free_port()
    text = CONF.read_text(encoding="utf-8").replace("listen 8080", f"listen 127.0.0.1:{listen}")
    for port, made in zip((8765, 8766), servers):
        text = text.replace(f"server 127.0.0.1:{port} ", f"server {made.url.removeprefix('http://')} ")
    (tmp_path / "helix.conf").write_text(text, encoding="utf-8")
    paths = "".join(
        f"{kind}_temp_path {tmp_path}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    main = tmp_path / "nginx.conf"
    main.write_text(
        f"daemon off; master_process off; pid {tmp_path}/pid; error_log {tmp_path}/error.log;\n"
        f"events {{}}\nhttp {{ access_log off; {paths} include {tmp_path}/helix.conf; }}\n",
        encoding="utf-8",
    )
    program = subprocess.Popen([PROGRAM, "-c", str(main), "-p", str(tmp_path)], stderr=subprocess.DEVNULL)
    wait_for(lambda: program.poll() is None and _answers(listen))
    try:
        yield Farm(f"http://127.0.0.1:{listen}", clients, servers)
    finally:
        program.terminate()
        program.wait(30)
        for client, made in zip(clients, servers):
            client.gate.set()
            made.close()


def _server() -> tuple[FakeClient, Running]:
    client, pump = fake_pump()
    return client, Running(pump, ServerOptions(model="fake"))


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@needs_nginx
def test_replies_are_spread_streamed_at_once_and_none_that_waits_is_lost(farm: Farm) -> None:
    with httpx.Client(base_url=farm.url, timeout=60, trust_env=False) as http, ThreadPoolExecutor(8) as pool:

        def stream(prompt: str, seen: threading.Event) -> str:
            text = ""
            with http.stream("POST", "/generate/stream", json={"prompt": prompt}) as answer:
                assert answer.status_code == 200
                for line in answer.iter_lines():
                    if line.startswith("data: "):
                        text += json.loads(line[6:]).get("text", "")
                        seen.set()
                        if leave.is_set():
                            break
            return text

        leave = threading.Event()
        first = [threading.Event() for _ in range(4)]
        forever = [pool.submit(stream, "forever", event) for event in first]
        for event in first:  # the first words arrive while the reply goes on: nothing is held back
            assert event.wait(30)
        wait_for(lambda: farm.writing == [2, 2])  # least_conn

        waiting = [pool.submit(lambda: http.post("/generate", json={"prompt": "hold"})) for _ in range(4)]
        wait_for(lambda: [len([o for o in c.orders if o == "hold"]) for c in farm.clients] == [2, 2])
        farm.servers[0].stop.set()
        farm.servers[0].pump.close()  # this computer goes: what had not begun to be sent is written by the other
        farm.clients[1].gate.set()
        answers = [future.result(60) for future in waiting]
        assert [answer.status_code for answer in answers] == [200] * 4
        assert len([o for o in farm.clients[1].orders if o == "hold"]) == 4
        leave.set()
        for future in forever:  # two of them ended with their computer, and were not begun anew elsewhere
            future.exception(60)
        assert farm.clients[1].orders.count("forever") == 2


@needs_nginx
def test_a_conversation_stays_where_its_prefix_is(farm: Farm) -> None:
    with httpx.Client(base_url=farm.url, timeout=60, trust_env=False) as http:
        for session in range(6):
            for turn in range(3):
                body = {"prompt": "say 1"}
                answer = http.post("/generate", json=body, headers={"x-session-id": f"s{session}"})
                assert answer.status_code == 200, turn
        counts = [len(client.orders) for client in farm.clients]
        assert sum(counts) == 18
        assert all(count % 3 == 0 for count in counts)
        assert http.get("/health").json()["status"] == "ok"
        assert http.post("/generate", content=b"x" * (9 << 20)).status_code == 413
    ws = re.sub("^http", "ws", farm.url) + "/generate/ws"
    with websockets.sync.client.connect(ws, proxy=None) as socket_:
        socket_.send(json.dumps({"prompt": "say 1"}))
        assert "w0" in str(socket_.recv(30))
