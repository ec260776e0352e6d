"""Replies and their turns: rates, full queues, time that is up, and the end of the server."""

from __future__ import annotations

import threading

from helix_app.server.options import Limits, ServerOptions
from tests.server.fakes import fake_server, serving
from tests.waiting import wait_for

SAY = {"prompt": "say 1"}


def test_a_key_that_asks_too_often_waits() -> None:
    with serving(keys=("one", "two"), limits=Limits(requests_per_minute=2)) as (_, server):
        answers = [server.http.post("/generate", json=SAY, headers={"x-api-key": "one"}) for _ in range(3)]
        assert [answer.status_code for answer in answers] == [200, 200, 429]
        assert answers[2].json()["error_code"] == "api_rate_limited"
        assert 1 <= int(answers[2].headers["retry-after"]) <= 30
        assert server.http.post("/generate", json=SAY, headers={"x-api-key": "two"}).status_code == 200


def test_a_full_queue_refuses_and_a_flood_of_one_key_does_not_hold_others_up() -> None:
    with serving(keys=("flood", "calm"), limits=Limits(running=1, waiting=3)) as (fake, server):
        done: list[str] = []

        def ask(key: str, prompt: str) -> None:
            server.http.post("/generate", json={"prompt": prompt}, headers={"x-api-key": key})
            done.append(prompt)

        threads = [threading.Thread(target=ask, args=("flood", "hold"))]
        threads[0].start()
        wait_for(lambda: server.desk.queue.running == 1)
        for number in range(2):
            threads.append(threading.Thread(target=ask, args=("flood", f"echo flood{number}")))
            threads[-1].start()
            wait_for(lambda count=number + 1: server.desk.queue.waiting == count)
        threads.append(threading.Thread(target=ask, args=("calm", "echo calm")))
        threads[-1].start()
        wait_for(lambda: server.desk.queue.waiting == 3)
        answer = server.http.post(
            "/v1/completions", json={"model": "fake", "prompt": "x"}, headers={"x-api-key": "flood"}
        )
        assert answer.status_code == 429
        assert answer.json()["error"]["code"] == "rate_limit_exceeded"
        assert int(answer.headers["retry-after"]) >= 1
        fake.gate.set()
        for thread in threads:
            thread.join(60)
        assert fake.orders == ["hold", "echo calm", "echo flood0", "echo flood1"]
        assert sorted(done) == sorted(fake.orders)


def test_more_replies_than_ever_find_a_place_together_are_refused_for_good() -> None:
    with serving(limits=Limits(running=1, waiting=1)) as (_, server):
        chat = {"model": "fake", "messages": [{"role": "user", "content": "say 1"}]}
        completion = {"model": "fake", "prompt": ["say 1", "say 2"]}
        for path, body, field in (
            ("/v1/chat/completions", {**chat, "n": 3}, '"param":"n"'),
            ("/v1/completions", {**completion, "n": 2}, '"param":"n"'),
            ("/generate/batch", {"prompts": ["say 1"] * 3}, "prompts"),
        ):
            answer = server.http.post(path, json=body)
            assert answer.status_code == 400
            assert field in answer.text
            assert "retry-after" not in answer.headers
        for path, body in (
            ("/v1/chat/completions", {**chat, "n": 2}),
            ("/v1/completions", completion),
            ("/generate/batch", {"prompts": ["say 1"] * 2}),
        ):
            assert server.http.post(path, json=body).status_code == 200


def test_time_is_up_while_writing_and_while_waiting() -> None:
    with serving(limits=Limits(running=1, seconds=1.0)) as (_, server):
        told = server.http.post("/generate", json={"prompt": "forever", "max_tokens": 10**6}).json()
        assert told["finish_reason"] == "time"
        assert told["generated_text"].startswith("on on ")
        asked = [{"role": "user", "content": "forever"}]
        chat = {"model": "fake", "messages": asked, "stream": True, "max_tokens": 10**6}
        assert '"finish_reason":"length"' in server.http.post("/v1/chat/completions", json=chat).text
        server.desk.queue.enter("somebody", 0, [1])  # who has the only place and keeps it
        answer = server.http.post("/generate", json=SAY)
        assert (answer.status_code, answer.json()["error_code"]) == (503, "api_timeout")
        assert answer.headers["retry-after"] == "10"
        assert server.desk.queue.waiting == 0


def test_being_stopped_ends_streams_cleanly() -> None:
    fake, server = fake_server(ServerOptions(model="fake", limits=Limits(drain_seconds=0.2)))
    chat = {"model": "fake", "messages": [{"role": "user", "content": "forever"}], "stream": True, "max_tokens": 10**6}
    with server.http.stream("POST", "/v1/chat/completions", json=chat) as answer:
        lines = answer.iter_lines()
        assert next(lines).startswith("data: ")
        server.stop.set()
        rest = list(lines)
    assert rest[-2:] == ["data: [DONE]", ""]
    assert "The server is being stopped" in rest[-4]
    server.close()
    assert fake.open == 0
