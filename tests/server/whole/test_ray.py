"""Two replicas of a tiny model as ``serve --ray`` has them; left out where Ray is not there (``.ci/ray`` adds it)."""

from __future__ import annotations

import itertools
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from helix_app.protocol.requests import LoadRequest
from helix_app.server.cluster.deployments import deployments
from helix_app.server.cluster.options import ClusterOptions
from helix_app.server.options import ServerOptions
from tests.engine.made.tiny import Zoo
from tests.waiting import wait_for

SECONDS = 240.0  # a replica is noticed as gone and replaced within some ten on a computer that has time


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Two replicas of a tiny model behind one address."""
    reason = "Ray is not installed (the extra `cluster`), or has no wheel for this Python and system"
    ray = pytest.importorskip("ray", reason=reason, exc_type=ImportError)
    serve = pytest.importorskip("ray.serve", reason=reason, exc_type=ImportError)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    model = Zoo(tmp_path_factory.mktemp("ray-zoo")).gguf("llama-loopy")
    load = LoadRequest(str(model), "Tiny", "ngram", device="cpu", dtype="float32", cache_tokens=4096)
    options = ClusterOptions(load, ServerOptions(model="tiny"), 2, 2)
    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False, configure_logging=False)
    try:
        serve.start(proxy_location="HeadOnly", http_options={"host": "127.0.0.1", "port": port})
        serve.run(deployments(options), name="helix", route_prefix="/")
        yield f"http://127.0.0.1:{port}"
        serve.shutdown()
    finally:
        ray.shutdown()


@pytest.fixture
def http(url: str) -> Iterator[httpx.Client]:
    with _client(url) as made:
        yield made


def _client(url: str) -> httpx.Client:
    return httpx.Client(base_url=url, timeout=SECONDS, trust_env=False)


def chat(http: httpx.Client, session: int, count: int = 0, name: str = "") -> dict[str, Any]:
    """The answer to the ``count``-th turn of a conversation; ``name`` is that of its header."""
    body = {"model": "tiny", "messages": turns(session, count), "max_tokens": 8, "temperature": 0}
    answer = http.post("/v1/chat/completions", json=body, headers={"x-session-id": name} if name else {})
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    return told


def turns(session: int, count: int) -> list[dict[str, str]]:
    """A conversation so far."""
    said = [{"role": "user", "content": f"the cat {session} sat on the mat and the dog lay in the sun"}]
    for turn in range(count):
        said += [{"role": "assistant", "content": f"and rain {turn}"}, {"role": "user", "content": f"a house {turn}"}]
    return said


def cached(told: dict[str, Any]) -> int:
    count: int = told["usage"]["prompt_tokens_details"]["cached_tokens"]
    return count


def text(told: dict[str, Any]) -> str:
    return str(told["choices"][0]["message"]["content"])


def replicas() -> list[str]:
    """Names of the actors that run an engine."""
    import ray

    found = ray.util.list_named_actors(all_namespaces=True)
    return sorted(actor["name"] for actor in found if "helix-engine" in actor["name"])


@pytest.mark.timeout(900)
def test_requests_are_spread_and_turns_of_one_conversation_find_their_prefix(http: httpx.Client) -> None:
    first, fresh = chat(http, 0), 1
    assert cached(first) == 0
    for name in range(64):  # the same prompt, as if of many conversations
        fresh += cached(chat(http, 0, name=f"s{name}")) == 0
        if fresh == 2:
            break
    assert fresh == 2, "both replicas read it once"
    for session in range(1, 5):
        chat(http, session)
        assert cached(chat(http, session, 1)) > 0
    assert text(chat(http, 0)) == text(first)


@pytest.mark.timeout(900)
def test_requests_of_no_conversation_are_spread(http: httpx.Client) -> None:
    body = {"prompts": ["the dog lay in the sun and the cat sat on the mat and rain fell on a house"], "max_tokens": 1}
    counts: list[int] = []  # cached tokens: fewer only where a replica has not read it before
    for _ in range(64):
        answer = http.post("/generate/batch", json=body)  # none of whose fields tells a conversation
        assert answer.status_code == 200, answer.text
        counts.append(answer.json()["replies"][0]["reply"]["cached_tokens"])
        if sum(count < max(counts) for count in counts) == 2:
            return
    raise AssertionError(f"one replica has read all of them: {counts}")


@pytest.mark.timeout(900)
def test_a_response_is_found_by_what_follows_on_it(http: httpx.Client) -> None:
    body = {"model": "tiny", "max_output_tokens": 4, "temperature": 0}
    for number in range(6):
        first = http.post("/v1/responses", json={**body, "input": f"the cat {number}"}).json()
        later = {**body, "input": f"a house {number}", "previous_response_id": first["id"]}
        answer = http.post("/v1/responses", json=later)
        assert answer.status_code == 200, answer.text
        assert http.get(f"/v1/responses/{answer.json()['id']}").json()["previous_response_id"] == first["id"]


@pytest.mark.timeout(900)
def test_responses_outlive_the_replicas_that_gave_them(http: httpx.Client) -> None:
    import ray

    body = {"model": "tiny", "max_output_tokens": 4, "temperature": 0}
    given = [http.post("/v1/responses", json={**body, "input": f"the dog {number}"}).json() for number in range(4)]
    for killed in replicas():
        ray.kill(ray.get_actor(killed, namespace="serve"), no_restart=False)
        later = {**body, "input": "a house", "previous_response_id": given[-1]["id"]}
        answer = http.post("/v1/responses", json=later)  # by another one, where the one that was killed gave it
        assert answer.status_code == 200, answer.text
        given.append(answer.json())
        wait_for(lambda gone=killed: len([name for name in replicas() if name != gone]) == 2, SECONDS)
    for response in given:
        assert http.get(f"/v1/responses/{response['id']}").json() == response


@pytest.mark.timeout(900)
@pytest.mark.parametrize("deaths", [1, pytest.param(4, marks=pytest.mark.soak)])
def test_a_replica_that_is_killed_under_load_loses_no_request_and_is_replaced(url: str, deaths: int) -> None:
    import ray

    stop, answered = threading.Event(), list[int]()

    def work(index: int) -> None:
        with _client(url) as own:
            for number in itertools.count():
                if stop.is_set():
                    return
                chat(own, 1000 * index + number)
                answered.append(index)

    def wait_for_more() -> None:
        enough = len(answered) + 6
        wait_for(lambda: len(answered) > enough or any(future.done() for future in working), SECONDS)

    wait_for(lambda: len(replicas()) == 2, SECONDS)
    with ThreadPoolExecutor(3) as pool:
        working = [pool.submit(work, index) for index in range(1, 4)]
        try:
            for _ in range(deaths):
                wait_for_more()
                killed, other = replicas()
                ray.kill(ray.get_actor(killed, namespace="serve"), no_restart=False)
                wait_for(lambda gone=killed: len([name for name in replicas() if name != gone]) == 2, SECONDS)
                assert other in replicas()
                wait_for_more()
        finally:
            stop.set()
        for future in working:
            future.result(SECONDS)  # no request was lost
