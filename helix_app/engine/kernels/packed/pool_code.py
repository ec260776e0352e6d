"""The native half of the thread pool: workers that look for work without asking Python.

A program is a list of phases, a phase a list of jobs that may run at once, a job a kernel and its items, in pieces.
Whoever runs a program opens a phase, takes pieces of it himself until none is left, closes it and waits for workers
that are inside. One that has not entered is never waited for: it may be descheduled or asleep, and costs nothing. The
layout of what both read is that of ``program.py``.

Workers spin for a moment between phases, then nap, then go back to Python, which sleeps on a semaphore.
"""

from __future__ import annotations

from collections.abc import Sequence

from llvmlite import ir

from helix_app.engine.kernels.packed.emitter import I32, I64, KERNEL, POINTER, VOID, Emitter, Value
from helix_app.engine.kernels.packed.program import INSIDE, JOB_WORDS, LAST, NEXT, OPEN, PHASE

RUN = ir.FunctionType(VOID, [I64, I64, I64])  # (control block, addresses of phases, how many)
WORK = ir.FunctionType(I64, [I64, I64, I64, I64, I64])  # (control block, last phase seen, spins, nap, naps)
_NAP = ir.FunctionType(I32, [I32])
_NAP_MICROSECONDS = 30


def emit_pool(e: Emitter, yielding: str) -> None:
    """Define ``run`` and ``work``.

    Args:
        yielding: the processor's instruction for spinning: ``x86``, ``arm64`` or empty.
    """
    drain = _emit_drain(e)
    _emit_run(e, drain)
    _emit_work(e, drain, yielding)


def _read(e: Emitter, address: Value) -> Value:
    return e.builder.load_atomic(e.builder.inttoptr(address, POINTER), "seq_cst", 8, typ=I64)


def _write(e: Emitter, address: Value, value: Value) -> None:
    e.builder.store_atomic(value, e.builder.inttoptr(address, I64.as_pointer()), "seq_cst", 8)


def _add(e: Emitter, address: Value, value: Value) -> Value:
    """What was there before."""
    return e.builder.atomic_rmw("add", e.builder.inttoptr(address, POINTER), value, "seq_cst")


def _pieces(e: Emitter, job: Value) -> tuple[Value, Value, Value]:
    """Pieces, items and items of a piece of a job."""
    b = e.builder
    items = b.mul(e.load(I64, job, 16), e.load(I64, e.load(I64, job, 24)))
    size = e.load(I64, job, 32)
    return b.sdiv(b.sub(b.add(items, size), e.i64(1)), size), items, size


def _emit_drain(e: Emitter) -> Value:
    """``(control block)``: take pieces of the open phase until there are none."""

    def body(control: Value) -> None:
        b = e.builder
        phase = e.load(I64, control, PHASE)
        jobs, first = e.load(I64, phase), e.plus(phase, 8)
        again, found = b.append_basic_block("again"), b.append_basic_block("found")
        look, next_job, over = (b.append_basic_block(name) for name in ("look", "next_job", "over"))
        b.branch(again)

        b.position_at_end(again)
        taken = _add(e, e.plus(control, NEXT), e.i64(1))
        b.branch(look)

        b.position_at_end(look)
        at, job, index = b.phi(I64), b.phi(I64), b.phi(I64)
        inside = b.append_basic_block("inside")
        b.cbranch(b.icmp_signed("<", index, jobs), inside, over)
        b.position_at_end(inside)
        pieces, items, size = _pieces(e, job)
        b.cbranch(b.icmp_signed("<", at, pieces), found, next_job)

        b.position_at_end(next_job)
        for phi, value in ((at, b.sub(at, pieces)), (job, e.plus(job, 8 * JOB_WORDS)), (index, e.plus(index, 1))):
            phi.add_incoming(value, next_job)
        for phi, value in ((at, taken), (job, first), (index, e.i64(0))):
            phi.add_incoming(value, again)
        b.branch(look)

        b.position_at_end(found)
        begin = b.mul(at, size)
        end = b.add(begin, size)
        end = b.select(b.icmp_signed("<", end, items), end, items)
        function = b.inttoptr(e.load(I64, job), KERNEL.as_pointer())
        b.call(function, (e.load(I64, job, 8), begin, end))
        b.branch(again)

        b.position_at_end(over)

    made = e.function("drain", body, ir.FunctionType(VOID, [I64]))
    made.linkage = "internal"
    return made


def _emit_run(e: Emitter, drain: Value) -> None:
    def body(control: Value, phases: Value, count: Value) -> None:
        b = e.builder

        def phase(i: Value) -> None:
            place = e.load(I64, phases, e.times(i, 8))

            def add(j: Value, total: list[Value]) -> Sequence[Value]:
                return [b.add(total[0], _pieces(e, e.plus(place, e.plus(e.times(j, 8 * JOB_WORDS), 8)))[0])]

            (pieces,) = e.loop(e.load(I64, place), [e.i64(0)], add)
            _write(e, e.plus(control, NEXT), e.i64(0))
            _write(e, e.plus(control, PHASE), place)
            alone = b.icmp_signed("<=", pieces, e.i64(1))
            with b.if_else(alone) as (then, otherwise):
                with then:
                    b.call(drain, (control,))
                with otherwise:
                    number = e.plus(e.load(I64, control, LAST), 1)
                    e.store(number, control, LAST)
                    _write(e, e.plus(control, OPEN), number)
                    b.call(drain, (control,))
                    _write(e, e.plus(control, OPEN), e.i64(0))
                    wait, over = b.append_basic_block("wait"), b.append_basic_block("closed")
                    b.branch(wait)
                    b.position_at_end(wait)
                    b.cbranch(b.icmp_signed("!=", _read(e, e.plus(control, INSIDE)), e.i64(0)), wait, over)
                    b.position_at_end(over)

        e.span(e.i64(0), count, phase)

    e.function("run", body, RUN)


def _emit_work(e: Emitter, drain: Value, yielding: str) -> None:
    """A worker; returns the last phase it saw after so many naps without work, -1 at the end."""

    def body(control: Value, seen: Value, spins: Value, nap: Value, naps: Value) -> Value:
        b = e.builder
        start, look = b.block, b.append_basic_block("look")
        b.branch(look)
        b.position_at_end(look)
        last, idle = b.phi(I64), b.phi(I64)
        last.add_incoming(seen, start)
        idle.add_incoming(e.i64(0), start)
        number = _read(e, e.plus(control, OPEN))
        ended, going, rest, enter = (b.append_basic_block(name) for name in ("ended", "going", "rest", "enter"))
        b.cbranch(b.icmp_signed("<", number, e.i64(0)), ended, going)

        b.position_at_end(going)
        none = b.or_(b.icmp_signed("==", number, e.i64(0)), b.icmp_signed("==", number, last))
        b.cbranch(none, rest, enter)

        b.position_at_end(enter)
        _add(e, e.plus(control, INSIDE), e.i64(1))
        still, left = b.append_basic_block("still"), b.append_basic_block("left")
        b.cbranch(b.icmp_signed("==", _read(e, e.plus(control, OPEN)), number), still, left)
        b.position_at_end(still)
        b.call(drain, (control,))
        b.branch(left)
        b.position_at_end(left)
        _add(e, e.plus(control, INSIDE), e.i64(-1))
        last.add_incoming(number, left)
        idle.add_incoming(e.i64(0), left)
        b.branch(look)

        b.position_at_end(rest)
        if yielding == "x86":
            e.intrinsic("llvm.x86.sse2.pause", VOID)
        elif yielding == "arm64":
            e.intrinsic("llvm.aarch64.hint", VOID, e.const(I32, 1))
        waited = e.plus(idle, 1)
        spin, doze, sleep = (b.append_basic_block(name) for name in ("spin", "doze", "sleep"))
        b.cbranch(b.icmp_signed("<", waited, spins), spin, doze)
        b.position_at_end(doze)
        over = b.append_basic_block("over")
        b.cbranch(b.icmp_signed("<", waited, b.add(spins, naps)), sleep, over)
        b.position_at_end(sleep)
        b.call(b.inttoptr(nap, _NAP.as_pointer()), (e.const(I32, _NAP_MICROSECONDS),))
        b.branch(spin)
        b.position_at_end(spin)
        last.add_incoming(last, spin)
        idle.add_incoming(waited, spin)
        b.branch(look)

        b.position_at_end(over)
        b.branch(ended)
        b.position_at_end(ended)
        result = b.phi(I64)
        result.add_incoming(e.i64(-1), look)
        result.add_incoming(last, over)
        return result

    e.function("work", body, WORK)
