"""The arguments of a Serve file are the options of ``serve``: each works, or is refused by its name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from helix_app.base import settings
from helix_app.base.errors import InputError
from helix_app.base.messages import error_text
from helix_app.base.settings import Settings
from helix_app.server.cluster.options import ClusterOptions, cluster_options
from helix_app.server.cluster.serve_file import options_in
from tests.cli.test_generate import model as model
from tests.cli.test_serve import parsed

NOT_OPTIONS = {"host", "port", "ray", "command", "verbose", "quiet"}


def options(**args: object) -> ClusterOptions:
    return cluster_options(options_in(args))


def test_all_that_serve_takes_is_taken_or_named(model: str) -> None:
    known = options_in({"target": model})
    for name in vars(parsed("--target", model)):
        if name in known or name in NOT_OPTIONS or name.startswith("_"):
            continue
        raise AssertionError(f"serve takes {name}, a Serve file does not")


def test_a_target_alone_is_what_serve_has_by_itself(model: str) -> None:
    made, usual = options(target=model), parsed("--target", model)
    limits = made.server.limits
    assert (limits.running, limits.waiting, limits.seconds) == (usual.max_running, usual.max_waiting, usual.max_seconds)
    assert (made.replicas, made.most, made.cpus, made.gpus) == (1, 1, 1.0, 0.0)
    assert made.load.cache_tokens == 2 * 8192
    assert not made.load.context_required
    assert made.server.model in model


def test_texts_of_a_command_and_values_of_a_file_are_both_read(model: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HELIX_API_KEY", "two")
    texts = options(
        target=model,
        allow_host="helix.lan, other.lan",
        api_key="one",
        cors_origin="http://a/",
        max_running="3",
        max_seconds="9.5",
        replicas="2",
        replica_gpus="0.5",
        context="512",
        dtype="float32",
    )
    values = options(
        **{
            "target": model,
            "allow-host": ["helix.lan", "other.lan"],
            "api-key": ["one"],
            "cors-origin": ["http://a/"],
            "max-running": 3,
            "max-seconds": 9.5,
            "replicas": 2,
            "replica-gpus": 0.5,
            "context": 512,
            "dtype": "float32",
        }
    )
    assert texts == values
    server = texts.server
    assert (server.hosts, server.keys, server.origins) == (("helix.lan", "other.lan"), ("one", "two"), ("http://a",))
    assert (server.limits.running, server.limits.seconds) == (3, 9.5)
    assert (texts.replicas, texts.most, texts.gpus) == (2, 2, 0.5)
    assert (texts.load.context_length, texts.load.context_required, texts.load.dtype) == (512, True, "float32")
    assert texts.load.cache_tokens == 1024


@pytest.mark.parametrize(
    ("args", "says"),
    [
        ({"host": "0.0.0.0"}, "host cannot be 0.0.0.0. Ray Serve has the address"),
        ({"port": 8000}, "http_options"),
        ({"wings": "sk-secret"}, "wings cannot be used. Use some of: target, draft,"),
        ({"keys": "sk-secret"}, "keys cannot be used. `keys` is `api_key` now."),
        ({"model": "x"}, "`model` is `model_name` now."),
        ({"most": 3}, "`most` is `max_replicas` now."),
        ({"gpus": 1}, "`gpus` is `replica_gpus` now."),
        ({"target": ""}, "target cannot be empty. Name a model"),
        ({"target": None}, "target cannot be empty. Name a model"),
        ({"api_key": ""}, "api-key cannot be empty."),
        ({"api_key": " , "}, "api-key cannot be empty."),
        ({"api_key": [""]}, "api-key cannot be empty."),
        ({"api_key": ["one", None]}, "api-key cannot be empty."),
        ({"api_key": False}, "api_key cannot be true or false. Put it in quotes."),
        ({"allow_host": [True]}, "allow_host cannot be true or false. Put it in quotes."),
        ({"max_running": float("inf")}, "max_running cannot be inf. Give a number."),
        ({"replicas": "two"}, "replicas cannot be two. Give a number."),
        ({"replicas": 1.5}, "replicas cannot be 1.5. Give a whole number."),
        ({"max_running": 0}, "max-running cannot be 0. Use 1 to 64."),
        ({"max_seconds": "nan"}, "max-seconds cannot be nan."),
        ({"context": 3}, "context cannot be 3"),
        ({"cache_tokens": 5}, "cache-tokens cannot be 5. Use 64 or more."),
    ],
    ids=str,
)
def test_what_cannot_be_used_is_refused_by_name(model: str, args: dict[str, Any], says: str) -> None:
    with pytest.raises(InputError) as caught:
        options(**{"target": model, **args})
    told = error_text(caught.value.code, caught.value.fields)
    assert says in told
    assert "secret" not in told


def test_what_is_left_empty_is_as_if_it_were_not_there(model: str) -> None:
    names = [name for name in options_in({"target": model}) if name != "target"]
    assert options(target=model, **dict.fromkeys(names)) == options(target=model)
    assert options(target=model).server.keys == ()


@pytest.mark.parametrize("learn", [True, False])
def test_replicas_learn_as_the_settings_of_who_deploys_them_say(
    model: str, learn: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HELIX_HOME", str(tmp_path))
    settings.save(Settings(learn=learn))
    assert bool(options(target=model).load.learned_table) is learn
