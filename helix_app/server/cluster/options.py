"""How replicas are set up."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from helix_app.base import settings
from helix_app.protocol.requests import LoadChoice, LoadRequest
from helix_app.server.options import ServerOptions, cache_tokens, options_from


@dataclass(frozen=True)
class ClusterOptions:
    """How the replicas are set up.

    Attributes:
        load: the model, the same in each.
        server: of each replica; its ``waiting`` is that of the ingress as well.
        replicas, most: how few and how many there are; between them the number of waiting requests decides.
        cpus, gpus: of one replica.
    """

    load: LoadRequest
    server: ServerOptions = field(default_factory=ServerOptions)
    replicas: int = 1
    most: int = 1
    cpus: float = 1.0
    gpus: float = 0.0

    @property
    def room(self) -> tuple[int, int]:
        """Responses that are kept for all replicas, and bytes of them: as much as each would keep by itself."""
        times, limits = max(self.replicas, self.most), self.server.limits
        return times * limits.stored, times * limits.stored_bytes


def cluster_options(given: Mapping[str, Any]) -> ClusterOptions:
    """What the options of ``serve`` ask for; a context or cache of 0 is the usual one. Raises HelixError.

    Replicas learn from replies where the settings on this computer allow it.
    """
    from helix_app.engine.loading.limits import check_context
    from helix_app.hub.resolve import api_name, to_load_request

    server, context = options_from(given), given["context"] or None
    if context is not None:
        check_context(context)
    learn = settings.read()[0].learn
    choice = LoadChoice(given["target"], given["draft"], given["device"], given["dtype"], context, learn=learn)
    load = replace(
        to_load_request(choice),
        cache_tokens=cache_tokens(given["cache_tokens"] or None, context),
        context_required=context is not None,
    )
    return ClusterOptions(
        load,
        replace(server, model=api_name(given["target"])),
        given["replicas"],
        max(given["replicas"], given["max_replicas"]),
        given["replica_cpus"],
        given["replica_gpus"],
    )
