"""``serve``: its options, what it refuses, where it says that it is, and how it ends."""

from __future__ import annotations

import argparse
import importlib.util
import socket
import threading
from typing import Any

import httpx
import pytest

from helix_app.base.errors import HelixError, InputError
from helix_app.cli import main as cli, serve
from tests.cli.test_generate import Run, model as model, refused, run as run
from tests.server.fakes import FakeClient


def parsed(*args: str) -> argparse.Namespace:
    return cli.build_parser(("serve",)).parse_args(["serve", *args])


def test_options_become_those_of_the_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HELIX_API_KEY", "two, three")
    args = (
        "--api-key",
        "one",
        "--cors-origin",
        "http://a/",
        "--allow-host",
        "b",
        "--model-name",
        "gpt",
        "--max-running",
    )
    options = serve.options_of(parsed(*args, "3", "--requests-per-minute", "9"))
    assert options.keys == ("one", "two", "three")
    assert (options.origins, options.hosts, options.aliases) == (("http://a",), ("b",), ("gpt",))
    assert (options.limits.running, options.limits.requests_per_minute) == (3, 9)


@pytest.mark.parametrize(
    ("args", "says"),
    [
        (("--port", "70000"), "port cannot be 70000. Use 0 to 65,535."),
        (("--max-running", "0"), "max-running cannot be 0"),
        (("--max-seconds", "0"), "max-seconds"),
        (("--max-body", "-1"), "max-body"),
        (("--requests-per-minute", "-1"), "requests-per-minute"),
        (("--api-key", " "), "api-key"),
        (("--host", "0.0.0.0"), "0.0.0.0 can be reached from other computers"),
        (("--cache-tokens", "1"), "cache-tokens"),
        (("--target", "nothing-of-that-name"), "nothing-of-that-name"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_wrong_options(run: Run, model: str, args: tuple[str, ...], says: str) -> None:
    assert says in refused(run("serve", "--target", model, *args))


def test_a_port_that_is_taken(run: Run, model: str) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        assert f"port {port}" in refused(run("serve", "--target", model, "--port", port), 1)


def test_without_the_extra_it_says_how_to_install_it(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    found = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name, *a: None if name == "uvicorn" else found(name, *a))
    sentence = refused(run("serve"), 1)
    assert "(uvicorn)" in sentence
    assert 'pip install "helix-app[server]"' in sentence


def test_it_serves_until_it_is_stopped(model: str, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    stop, told = threading.Event(), threading.Event()
    lines: list[str] = []

    class Stops:
        def __enter__(self) -> threading.Event:
            return stop

        def __exit__(self, *_: object) -> None:
            pass

    monkeypatch.setattr(serve, "_stops", Stops)
    monkeypatch.setattr(serve, "put", lambda text: (lines.append(text), told.set()))
    client, codes = FakeClient(), []
    args = parsed("--target", model, "--port", "0", "--api-key", "secret", "--model-name", "gpt")
    thread = threading.Thread(target=lambda: codes.append(serve.run(args, client=client)))
    thread.start()
    assert told.wait(60)
    url = lines[0].strip()
    with httpx.Client(base_url=url, trust_env=False, timeout=60) as http:
        assert http.post("/generate", json={"prompt": "say 1"}).status_code == 401
        http.headers["authorization"] = "Bearer secret"
        assert http.post("/generate", json={"prompt": "say 2"}).json()["generated_text"] == "w0 w1 "
        names = [card["id"] for card in http.get("/v1/models").json()["data"]]
        assert names[1:] == ["gpt", "Fake 1B"]
        assert names[0] in model
    stop.set()
    thread.join(60)
    assert codes == [0]
    assert client.closed
    said = capsys.readouterr().err
    assert f"Helix answers at {url}" in said
    assert "HELIX_FORCE_CPU" in said  # a notice of loading
    assert said.endswith("The server has stopped.\n")


def test_a_model_that_fails_to_load_is_told(model: str) -> None:
    class Failing(FakeClient):
        def stream(self, request: Any, cancel: threading.Event, others: Any = None) -> Any:
            from helix_app.protocol.events import Failed

            yield Failed("out_of_memory")

    with pytest.raises(HelixError, match="out_of_memory"):
        serve.run(parsed("--target", model, "--port", "0"), client=Failing())
    with pytest.raises(InputError):
        serve.run(parsed("--target", model, "--host", "0.0.0.0"), client=Failing())
