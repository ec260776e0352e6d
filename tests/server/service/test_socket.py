"""The socket: a prompt, its text, a stop in the middle, and what it does not understand."""

from __future__ import annotations

import json

from websockets.sync.client import connect

from helix_app.server.options import Limits
from tests.server.fakes import Running, serving
from tests.waiting import wait_for


def test_a_socket_writes_and_stops_in_the_middle(server: Running) -> None:
    with connect(server.url.replace("http", "ws") + "/generate/ws", proxy=None) as socket:
        socket.send(json.dumps({"prompt": "forever", "max_tokens": 100000}))
        assert json.loads(socket.recv(30)) == {"text": "on ", "done": False}
        socket.send(json.dumps({"prompt": "say 1"}))
        messages = [json.loads(socket.recv(30))]
        while "error" not in messages[-1]:
            messages.append(json.loads(socket.recv(30)))
        assert messages[-1]["error_code"] == "engine_busy"
        socket.send(json.dumps({"cancel": True}))
        while not messages[-1]["done"]:
            messages.append(json.loads(socket.recv(30)))
        assert messages[-1]["finish_reason"] == "cancelled"
        socket.send(json.dumps({"prompt": "say 2"}))
        assert [json.loads(socket.recv(30))["text"] for _ in range(3)] == ["w0 ", "w1 ", ""]
        for wrong in ("{", "[]", "{}", '{"prompt": "x", "bogus": 1}', '{"cancel": 1}'):
            socket.send(wrong)
            assert json.loads(socket.recv(30))["error_code"].startswith("api_")
        socket.send(json.dumps({"prompt": "fail prompt_too_long"}))
        assert json.loads(socket.recv(30))["error_code"] == "prompt_too_long"


def test_a_socket_that_goes_ends_its_reply(server: Running) -> None:
    with connect(server.url.replace("http", "ws") + "/generate/ws", proxy=None) as socket:
        socket.send(json.dumps({"prompt": "forever", "max_tokens": 100000}))
        socket.recv(30)
    wait_for(lambda: server.desk.queue.running == 0)


def test_a_reply_that_waits_for_its_turn_is_cancelled_there() -> None:
    with serving(limits=Limits(running=1)) as (_, server):
        (ticket,) = server.desk.queue.enter("somebody", 0, [1])  # who has the only place
        with connect(server.url.replace("http", "ws") + "/generate/ws", proxy=None) as socket:
            socket.send(json.dumps({"prompt": "say 3"}))
            wait_for(lambda: server.desk.queue.waiting == 1)
            socket.send(json.dumps({"cancel": True}))
            last = json.loads(socket.recv(timeout=60))
            assert last["finish_reason"] == "cancelled"
        server.desk.queue.leave(ticket)
        wait_for(lambda: server.desk.queue.waiting == server.desk.queue.running == 0)
