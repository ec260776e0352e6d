"""``--remote``: a server writes the replies in place of this computer's engine."""

from __future__ import annotations

import argparse
import os
from typing import TYPE_CHECKING

from helix_app.base.errors import InputError
from helix_app.base.process.keys import KeyStore
from helix_app.base.remote import RemoteModel, base_url
from helix_app.protocol.requests import LoadRequest

if TYPE_CHECKING:
    from helix_app.engine.remote.client import RemoteClient

_LOCAL = (
    "target", "draft", "mode", "k", "verify", "certify", "device", "dtype", "context", "batch", "peer", "html", "csv",
)  # fmt: skip


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options that name a server."""
    add = parser.add_argument
    add("--remote", default="", metavar="URL", help="let a server with OpenAI's API write, such as another Helix")
    add("--remote-model", default="", metavar="NAME", help="which of its models, where it has several")
    add("--key-env", default="", metavar="NAME", help="environment variable that holds the server's key")
    parser.set_defaults(local_options={name: parser.get_default(name) for name in _LOCAL})


def load_of(args: argparse.Namespace) -> LoadRequest:
    """The load of that server's model.

    Raises:
        InputError: an address that is none, or an option that a server cannot be told.
    """
    for name, default in args.local_options.items():
        if hasattr(args, name) and getattr(args, name) != default:
            hint = "The server decides that; leave it out."
            raise InputError("option_invalid", option=name.replace("_", "-"), value="used with --remote", hint=hint)
    address, _, model = args.remote.partition("#")
    place = RemoteModel(base_url(address), args.remote_model or model)
    return LoadRequest(place.target, target_name=place.model)


def client_of(args: argparse.Namespace) -> RemoteClient:
    """The client of it; the key of ``--key-env``, or the one that the window has kept.

    Raises:
        InputError: the variable is empty.
    """
    from helix_app.engine.remote.client import RemoteClient

    if not args.key_env:
        return RemoteClient(KeyStore().get)
    key = os.environ.get(args.key_env, "").strip()
    if not key:
        raise InputError("remote_key_empty", variable=args.key_env)
    return RemoteClient(lambda _: key)
