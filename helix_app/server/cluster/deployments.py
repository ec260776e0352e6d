"""The Serve application: what runs on the cluster, and how much of it. Needs Ray."""

from __future__ import annotations

from typing import Any

from helix_app.server.cluster.ingress import Ingress
from helix_app.server.cluster.options import ClusterOptions
from helix_app.server.cluster.replica import Replica
from helix_app.server.openai.responses.memory import Memory

_SPARE = 2  # requests of a replica beyond those that it writes, so that health checks and lists pass


def deployments(options: ClusterOptions) -> Any:
    """The Serve application: the ingress, the engines, and what keeps their responses."""
    from ray import serve
    from ray.serve.config import RequestRouterConfig
    from ray.serve.experimental.consistent_hash_router import ConsistentHashRouter

    limits = options.server.limits
    replica = serve.deployment(
        name="helix-engine",
        ray_actor_options={"num_cpus": options.cpus, "num_gpus": options.gpus},
        autoscaling_config={
            "min_replicas": options.replicas,
            "max_replicas": max(options.replicas, options.most),
            "target_ongoing_requests": limits.running,
        },
        max_ongoing_requests=limits.running + _SPARE,
        max_queued_requests=limits.waiting,
        health_check_period_s=5.0,
        health_check_timeout_s=30.0,
        graceful_shutdown_timeout_s=limits.drain_seconds + 10.0,
        request_router_config=RequestRouterConfig(request_router_class=ConsistentHashRouter),
    )(Replica)
    ingress = serve.deployment(
        name="helix", ray_actor_options={"num_cpus": 0}, max_ongoing_requests=10_000, max_queued_requests=-1
    )(Ingress)
    responses = serve.deployment(
        name="helix-responses", ray_actor_options={"num_cpus": 0}, max_ongoing_requests=10_000, max_queued_requests=-1
    )(Memory)
    return ingress.bind(replica.bind(options, responses.bind(*options.room)), limits)
