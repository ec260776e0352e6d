"""``serve run helix_app.server.cluster:application target=...``, and the ``args`` of a Serve file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from helix_app.base.errors import InputError
from helix_app.server.options import Limits

_LIMITS = Limits()
_LISTS = ("api_key", "cors_origin", "allow_host", "model_name")  # of several, with commas or as a list
_DEFAULTS: dict[str, Any] = {
    "target": "",
    "draft": "auto",
    "device": "auto",
    "dtype": "auto",
    "context": 0,
    "cache_tokens": 0,
    "max_running": _LIMITS.running,
    "max_waiting": _LIMITS.waiting,
    "max_seconds": _LIMITS.seconds,
    "max_body": _LIMITS.body_bytes,
    "requests_per_minute": _LIMITS.requests_per_minute,
    "replicas": 1,
    "max_replicas": 0,
    "replica_cpus": 1.0,
    "replica_gpus": 0.0,
    **dict.fromkeys(_LISTS, ()),
}
_ELSEWHERE = ("host", "port")
_RENAMED = {"keys": "api_key", "model": "model_name", "most": "max_replicas", "gpus": "replica_gpus"}


def application(args: Mapping[str, object]) -> Any:
    """The replicas that the options of ``serve`` ask for, under their names without ``--``; only a target is needed.

    Raises:
        HelixError: an option that there is not or that makes no sense, or a model that is not there.
    """
    from helix_app.server.cluster.deployments import deployments
    from helix_app.server.cluster.options import cluster_options

    return deployments(cluster_options(options_in(args)))


def options_in(args: Mapping[str, object]) -> dict[str, Any]:
    """Every option with its value, of the type that it has; one that is empty has the usual one. Raises InputError."""
    given = {name.replace("-", "_"): value for name, value in args.items()}
    for name, value in given.items():
        if name in _ELSEWHERE:
            raise _wrong(name, value, "Ray Serve has the address: name it under http_options of the Serve file.")
        if name in _RENAMED:  # what is given for a name that is not known may be a secret
            raise _wrong(name, "used", f"`{name}` is `{_RENAMED[name]}` now.")
        if name not in _DEFAULTS:
            raise _wrong(name, "used", f"Use some of: {', '.join(_DEFAULTS)}.")
    if not given.get("target"):
        raise _wrong("target", "empty", "Name a model, or the path of one that is the same on each node.")
    chosen = {name: value for name, value in given.items() if value is not None}  # as YAML has what is left empty
    return {name: _read(name, chosen.get(name, default), default) for name, default in _DEFAULTS.items()}


def _read(name: str, value: object, default: Any) -> Any:
    if name in _LISTS:
        several = value if isinstance(value, (list, tuple)) else str(value).split(",")
        if isinstance(value, bool) or any(isinstance(one, bool) for one in several):  # ``no`` and ``on`` in YAML
            raise _wrong(name, "true or false", "Put it in quotes.")
        return ["" if one is None else str(one).strip() for one in several]  # what is empty is refused later
    try:
        made = type(default)(value)
    except (TypeError, ValueError, OverflowError):
        raise _wrong(name, value, "Give a number.") from None
    if isinstance(value, float) and made != value:
        raise _wrong(name, value, "Give a whole number.")
    return made


def _wrong(name: str, value: object, hint: str) -> InputError:
    return InputError("option_invalid", option=name, value=value, hint=hint)
