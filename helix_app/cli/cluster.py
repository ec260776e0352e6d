"""``serve --ray``: the local API as a Ray Serve application, until Ctrl-C. Needs the extra ``cluster``."""

from __future__ import annotations

import argparse
import importlib.util
import signal
import threading
from typing import Any

from helix_app.base.errors import HelixError, InputError
from helix_app.cli.common import put, say
from helix_app.protocol.requests import LoadRequest
from helix_app.server.options import ServerOptions

NAME = "helix"
_POLL_SECONDS = 0.1


def run(args: argparse.Namespace, load: LoadRequest, options: ServerOptions, stop: threading.Event) -> int:
    """Deploy, and take it down once ``stop`` is set; 0 then. Joins the Ray cluster of this machine, or begins one.

    Raises:
        HelixError: Ray is missing, or the replicas do not come up.
    """
    if importlib.util.find_spec("ray") is None or importlib.util.find_spec("ray.serve") is None:
        raise HelixError("server_ray", missing="ray")
    if not args.port:
        raise InputError("option_invalid", option="port", value="0 with --ray", hint="Name a port.")
    import ray
    from ray import serve

    from helix_app.server.cluster.deployments import deployments
    from helix_app.server.cluster.options import ClusterOptions

    most = max(args.replicas, args.max_replicas)
    chosen = ClusterOptions(load, options, args.replicas, most, args.replica_cpus, args.replica_gpus)
    _init(ray)
    serve.start(proxy_location="HeadOnly", http_options={"host": args.host, "port": args.port})
    try:
        serve.run(deployments(chosen), name=NAME, route_prefix="/")
        url = f"http://{args.host}:{args.port}"
        say(f"Helix answers at {url} as {options.model}, from {args.replicas} to {most} replicas. Ctrl-C ends it.")
        put(f"{url}\n")
        while not stop.wait(_POLL_SECONDS):
            pass
    finally:
        serve.delete(NAME)
        if not serve.status().applications:  # those of others in the same cluster stay
            serve.shutdown()
        ray.shutdown()
    say("The server has stopped.")
    return 0


def _init(ray: Any) -> None:
    """Join or begin the cluster; Ray's own handler of SIGTERM, which ends the program at once, is not kept."""
    if ray.is_initialized():
        return
    main = threading.current_thread() is threading.main_thread()
    before = signal.getsignal(signal.SIGTERM)
    ray.init(include_dashboard=False, log_to_driver=False, configure_logging=False)
    if main:
        signal.signal(signal.SIGTERM, before)
