"""A pass in parts: the programs of a packed decoder, one after another, with copies of the stream between layers."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from helix_app.engine.kernels.packed.pool import Pool
from helix_app.engine.kernels.packed.program import Program
from helix_app.engine.models.packed.layers import PackedProgram
from helix_app.engine.models.packed.memory import Floats

Through = Callable[[int, Callable[[], None]], None]


def run_pass(pool: Pool, program: PackedProgram, through: Through, layers: Sequence[int], x: Floats) -> list[Floats]:
    """Run the programs of a pass.

    Args:
        through: calls what it is given between reading and keeping the states of a recurrent layer, which is named by
            its place among those.
        layers: where these layers begin the stream is taken.
        x: the stream ``[rows, hidden]``, which the programs change.

    Returns:
        Copies of the stream, one of ``layers`` each, in their order.
    """
    taken: dict[int, Floats] = {}
    for index, part in enumerate((*program.before, program.program)):
        cuts = [(program.begins[layer][1], layer) for layer in sorted(set(layers)) if program.begins[layer][0] == index]

        def run(part: Program = part, cuts: list[tuple[int, int]] = cuts) -> None:
            at = 0
            for begin, layer in cuts:
                if begin > at:
                    pool.run(part, at, begin)
                taken[layer], at = x.copy(), begin
            pool.run(part, at)

        if index < len(program.before):
            through(index, run)
        else:
            run()
    return [taken[layer] for layer in layers]
