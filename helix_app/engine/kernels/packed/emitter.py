"""A thin layer over llvmlite's IRBuilder: what the kernels need of a processor, with a form that any processor has.

Addresses are 64-bit integers. A function is ``(args, begin, end)``: the address of its arguments, 64-bit integers one
after the other, and the items that it is to work on. Nothing here is ever reordered: sums have one order, so that a
row's bits depend on the row alone.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from llvmlite import ir

from helix_app.engine.kernels.packed.formats import LANES as LANES

I8, I16, I32, I64 = (ir.IntType(bits) for bits in (8, 16, 32, 64))
F32 = ir.FloatType()
VOID = ir.VoidType()
POINTER = ir.PointerType()
KERNEL = ir.FunctionType(VOID, [I64, I64, I64])  # (args, begin, end)
FORMS = ("avx2", "vnni256", "vnni512", "generic")

Value = Any  # llvmlite has no types of its own
_SWAP_RADIX = 2.0**112  # 127 - 15: between the exponents of float32 and of float16
EXP_LOW = -87.0
_LAST_PLACE = 12582912.0  # 1.5 * 2**23: its last place is that of whole numbers
LOG2E = 1.4426950408889634
LN2_HIGH, LN2_LOW = 0.693359375, -2.12194440e-4
EXP_TERMS = (1.9875691500e-4, 1.3981999507e-3, 8.3334519073e-3, 4.1665795894e-2, 1.6666665459e-1, 5.0000001201e-1)


def vector(kind: Any, count: int) -> Any:
    """The type of so many numbers."""
    return ir.VectorType(kind, count)


F8 = vector(F32, LANES)
B32, W16 = vector(I8, 32), vector(I16, 16)


class Emitter:
    """Emits into one module.

    Attributes:
        builder: where the next instruction goes.
        form: ``avx2``; of products also ``vnni256`` and ``vnni512``, AVX2 with VNNI in registers of so many bits; or
            ``generic``.
        fused: the processor multiplies and adds with one rounding; it is two elsewhere.
        groups: of 32 bytes in a register of products.
        plain: what VNNI forms have beyond AVX2 is plain IR of the same meaning, which runs anywhere.
    """

    def __init__(self, module: Any, form: str, fused: bool, plain: bool = False) -> None:
        self.module, self.form, self.fused, self.plain = module, form, fused, plain
        self.has_avx2, self.has_vnni = form != "generic", form.startswith("vnni")
        self.groups = 2 if form == "vnni512" else 1
        self.builder: Any = None
        self._constants: dict[tuple[str, str], Value] = {}  # made once: each writes itself out once, too

    # ----------------------------------------------------------------- functions

    def function(self, name: str, body: Callable[..., Value], kind: Any = KERNEL) -> Any:
        """Define a function; ``body`` gets its arguments and gives what it returns."""
        made = ir.Function(self.module, kind, name)
        outer, self.builder = self.builder, ir.IRBuilder(made.append_basic_block("start"))
        result = body(*made.args)
        if result is None:
            self.builder.ret_void()
        else:
            self.builder.ret(result)
        self.builder = outer
        return made

    def intrinsic(self, name: str, result: Any, *values: Value) -> Value:
        """Call a function that LLVM itself has."""
        found = self.module.globals.get(name)
        if found is None:
            found = ir.Function(self.module, ir.FunctionType(result, [value.type for value in values]), name)
        return self.builder.call(found, values)

    # ----------------------------------------------------------------- numbers and memory

    def const(self, kind: Any, value: Any) -> Value:
        """A constant; of a vector, one number for all lanes or a list of them."""
        key = str(kind), repr(value)  # which tells 0.0 from -0.0 and from 0
        found = self._constants.get(key)
        if found is None:
            found = self._constants[key] = ir.Constant(kind, list(value) if isinstance(value, tuple) else value)
        return found

    def i64(self, value: int) -> Value:
        return self.const(I64, value)

    def plus(self, address: Value, offset: Value | int) -> Value:
        if isinstance(offset, int):
            return address if offset == 0 else self.builder.add(address, self.i64(offset))
        return self.builder.add(address, offset)

    def times(self, a: Value, b: Value | int) -> Value:
        return self.builder.mul(a, self.i64(b) if isinstance(b, int) else b)

    def load(self, kind: Any, address: Value, offset: Value | int = 0) -> Value:
        """What lies at an address, however aligned."""
        place = self.builder.inttoptr(self.plus(address, offset), POINTER)
        value = self.builder.load(place, typ=kind)
        value.align = 1
        return value

    def store(self, value: Value, address: Value, offset: Value | int = 0) -> None:
        place = self.builder.inttoptr(self.plus(address, offset), POINTER)
        self.builder.store(value, place).align = 1

    def words(self, args: Value, count: int) -> list[Value]:
        """The first arguments of a kernel."""
        return [self.load(I64, args, 8 * i) for i in range(count)]

    def splat(self, value: Value, count: int = LANES) -> Value:
        kind = vector(value.type, count)
        one = self.builder.insert_element(self.undefined(kind), value, self.const(I32, 0))
        return self.builder.shuffle_vector(one, self.undefined(kind), self.const(vector(I32, count), 0))

    def pick(self, a: Value, b: Value, lanes: Sequence[int]) -> Value:
        """Lanes of two vectors; those of ``b`` are counted on from those of ``a``."""
        return self.builder.shuffle_vector(a, b, self.const(vector(I32, len(lanes)), list(lanes)))

    def part(self, a: Value, lanes: Sequence[int]) -> Value:
        """Lanes of one vector."""
        return self.pick(a, self.undefined(a.type), lanes)

    def repeated(self, a: Value, times: int) -> Value:
        """The lanes of a vector, so many times."""
        return a if times == 1 else self.part(a, [*range(a.type.count)] * times)

    def eight(self, a: Value, group: int) -> Value:
        """Eight lanes: the first ones, the next ones."""
        return a if a.type.count == LANES else self.part(a, range(LANES * group, LANES * (group + 1)))

    def lane(self, a: Value, index: int) -> Value:
        return self.builder.extract_element(a, self.const(I32, index))

    def undefined(self, kind: Any) -> Value:
        return self.const(kind, ir.Undefined)

    # ----------------------------------------------------------------- arithmetic

    def fma(self, a: Value, b: Value, c: Value) -> Value:
        """a * b + c, rounded once where the processor can."""
        if not self.fused:
            return self.builder.fadd(self.builder.fmul(a, b), c)
        name = f"llvm.fma.v{a.type.count}f32" if isinstance(a.type, ir.VectorType) else "llvm.fma.f32"
        return self.intrinsic(name, a.type, a, b, c)

    def maximum(self, a: Value, b: Value) -> Value:
        """The greater of each lane; ``b`` where one is no number."""
        return self.builder.select(self.builder.fcmp_ordered(">", a, b), a, b)

    def sum(self, a: Value) -> Value:
        """Of eight lanes, in a fixed order."""
        b = self.builder
        four = b.fadd(self.part(a, range(4)), self.part(a, range(4, 8)))
        two = b.fadd(self.part(four, (0, 1)), self.part(four, (2, 3)))
        return b.fadd(self.lane(two, 0), self.lane(two, 1))

    def greatest(self, a: Value) -> Value:
        """Of eight lanes."""
        four = self.maximum(self.part(a, range(4)), self.part(a, range(4, 8)))
        two = self.maximum(self.part(four, (0, 1)), self.part(four, (2, 3)))
        return self.maximum(self.lane(two, 0), self.lane(two, 1))

    def half(self, bits: Value) -> Value:
        """float16 ``<n x i16>`` as float32; exact. Infinities become large numbers in the generic form."""
        b, count = self.builder, bits.type.count
        if self.has_avx2:
            return b.fpext(b.bitcast(bits, vector(ir.HalfType(), count)), vector(F32, count))
        wide = b.zext(bits, vector(I32, count))
        size = b.shl(b.and_(wide, self.const(wide.type, 0x7FFF)), self.const(wide.type, 13))
        scaled = b.fmul(b.bitcast(size, vector(F32, count)), self.const(vector(F32, count), _SWAP_RADIX))
        sign = b.shl(b.and_(wide, self.const(wide.type, 0x8000)), self.const(wide.type, 16))
        return b.bitcast(b.or_(b.bitcast(scaled, wide.type), sign), vector(F32, count))

    def to_half(self, numbers: Value) -> Value:
        """float32 as the bits of float16 ``<n x i16>``, to the nearest, ties to even; numbers within its range."""
        b, count = self.builder, numbers.type.count
        if self.has_avx2:
            return b.bitcast(b.fptrunc(numbers, vector(ir.HalfType(), count)), vector(I16, count))
        wide = vector(I32, count)
        bits = b.bitcast(numbers, wide)
        size = b.and_(bits, self.const(wide, 0x7FFFFFFF))
        # small ones are rounded by adding a number whose last place is that of a float16's
        small = b.fadd(b.bitcast(size, numbers.type), self.const(numbers.type, 0.5))
        tiny = b.sub(b.bitcast(small, wide), self.const(wide, 0x3F000000))
        odd = b.and_(b.lshr(size, self.const(wide, 13)), self.const(wide, 1))
        moved = b.sub(size, self.const(wide, (112 << 23) - 0xFFF))  # another bias, and just under half a last place
        usual = b.lshr(b.add(moved, odd), self.const(wide, 13))
        is_tiny = b.icmp_unsigned("<", size, self.const(wide, 113 << 23))
        sign = b.lshr(b.and_(bits, self.const(wide, 0x80000000 - 2**32)), self.const(wide, 16))
        return b.trunc(b.or_(b.select(is_tiny, tiny, usual), sign), vector(I16, count))

    def half_at(self, address: Value, offset: int) -> Value:
        """One float16 in memory as float32.

        Through a whole register: a load of a half alone waits for whatever that register held before.
        """
        b = self.builder
        one = b.zext(self.load(I16, address, offset), I32)
        bits = b.insert_element(self.const(vector(I32, 4), 0), one, self.const(I32, 0))
        return self.lane(self.half(self.part(b.bitcast(bits, vector(I16, 8)), range(4))), 0)

    def two_halves(self, address: Value, offset: int) -> tuple[Value, Value]:
        """Two float16 side by side, each in all eight lanes."""
        b = self.builder
        bits = b.insert_element(self.const(vector(I32, 4), 0), self.load(I32, address, offset), self.const(I32, 0))
        four = self.half(self.part(b.bitcast(bits, vector(I16, 8)), range(4)))
        return self.part(four, [0] * LANES), self.part(four, [1] * LANES)

    def at_least(self, x: Value, least: float) -> Value:
        """What is less is ``least``; what is no number stays so."""
        low = self.const(x.type, least)
        return self.builder.select(self.builder.fcmp_ordered("<", x, low), low, x)

    def nearest(self, x: Value) -> Value:
        """The nearest whole number, ties to even, of numbers under 2**22."""
        large = self.const(x.type, _LAST_PLACE)
        return self.builder.fsub(self.builder.fadd(x, large), large)

    def exp(self, x: Value) -> Value:
        """Of eight lanes, none much over 0; under -87 it is that of -87. Cephes' expf."""
        b, whole = self.builder, vector(I32, LANES)
        x = self.at_least(x, EXP_LOW)
        n = self.nearest(b.fmul(x, self.const(F8, LOG2E)))
        x = self.fma(n, self.const(F8, -LN2_HIGH), x)
        x = self.fma(n, self.const(F8, -LN2_LOW), x)
        y = self.const(F8, EXP_TERMS[0])
        for term in EXP_TERMS[1:]:
            y = self.fma(y, x, self.const(F8, term))
        y = b.fadd(self.fma(y, b.fmul(x, x), x), self.const(F8, 1.0))
        scale = b.shl(b.add(b.fptosi(n, whole), self.const(whole, 127)), self.const(whole, 23))
        return b.fmul(y, b.bitcast(scale, F8))

    # ----------------------------------------------------------------- bytes
    # in registers of 32 bytes, and of 64 where the form has them

    def maddubs(self, unsigned: Value, signed: Value) -> Value:
        """Sums of neighbouring products, ``<n x u8> . <n x i8>`` to ``<n/2 x i16>``; they must fit."""
        kind = vector(I16, unsigned.type.count // 2)
        name = self._instruction(kind, "avx2.pmadd.ub.sw", "avx512.pmaddubs.w.512")
        if name:
            return self.intrinsic(name, kind, unsigned, signed)
        wide = vector(I16, unsigned.type.count)
        return self._paired(self.builder.mul(self.builder.zext(unsigned, wide), self.builder.sext(signed, wide)))

    def madd(self, a: Value, c: Value, total: Value = None) -> Value:
        """Sums of neighbouring products, ``<n x i16> . <n x i16>`` to ``<n/2 x i32>``, added to what is given.

        Of VNNI LLVM makes one instruction of both where that is faster on the processor.
        """
        b, kind = self.builder, vector(I32, a.type.count // 2)
        name = self._instruction(kind, "avx2.pmadd.wd", "avx512.pmaddw.d.512")
        if name:
            sums = self.intrinsic(name, kind, a, c)
        else:
            wide = vector(I32, a.type.count)
            sums = self._paired(b.mul(b.sext(a, wide), b.sext(c, wide)))
        return sums if total is None else b.add(total, sums)

    def dot(self, unsigned: Value, signed: Value, total: Value = None) -> Value:
        """Sums of four neighbouring products, ``<n x u8> . <n x i8>`` to ``<n/4 x i32>``, added to what is given.

        Sums of two must fit 16 bits, but for VNNI.
        """
        b, kind = self.builder, vector(I32, unsigned.type.count // 4)
        if not self.has_vnni:
            pairs = self.maddubs(unsigned, signed)
            return self.madd(pairs, self.const(pairs.type, 1), total)
        total = self.const(kind, 0) if total is None else total
        if not self.plain:
            name = f"llvm.x86.avx512.vpdpbusd.{32 * kind.count}"
            return self.intrinsic(name, kind, total, b.bitcast(unsigned, kind), b.bitcast(signed, kind))
        wide = vector(I16, unsigned.type.count)
        products = b.mul(b.zext(unsigned, wide), b.sext(signed, wide))
        for place in range(4):
            total = b.add(total, b.sext(self.part(products, range(place, wide.count, 4)), kind))
        return total

    def folded(self, sums: Value) -> Value:
        """The groups of a register of eight sums each, added."""
        return sums if sums.type.count == LANES else self.builder.add(self.eight(sums, 0), self.eight(sums, 1))

    def signed_by(self, x: Value, sign: Value) -> Value:
        """Bytes of ``x``, negated where those of ``sign`` are negative."""
        if self.has_avx2 and x.type.count == 32:
            return self.intrinsic("llvm.x86.avx2.psign.b", B32, x, sign)
        b = self.builder
        return b.select(b.icmp_signed("<", sign, self.const(x.type, 0)), b.neg(x), x)

    def bytes_of(self, x: Value, index: Sequence[int]) -> Value:
        """Bytes by constant places within each 16; 128 and more give 0."""
        name = self._instruction(x.type, "avx2.pshuf.b", "avx512.pshuf.b.512")
        if name:
            return self.intrinsic(name, x.type, x, self.const(x.type, [i if i < 128 else -128 for i in index]))
        lanes = [i + k // 16 * 16 if i < 128 else x.type.count for k, i in enumerate(index)]
        return self.pick(x, self.const(x.type, 0), lanes)

    def looked_up(self, table: Sequence[int], index: Value) -> Value:
        """Bytes of a table of sixteen, by bytes of 0 to 15."""
        kind = index.type
        name = self._instruction(kind, "avx2.pshuf.b", "avx512.pshuf.b.512")
        if name:
            return self.intrinsic(name, kind, self.const(kind, [*table] * (kind.count // 16)), index)
        b, found = self.builder, self.const(kind, table[0])
        for place, value in enumerate(table[1:], 1):
            found = b.select(b.icmp_unsigned("==", index, self.const(kind, place)), self.const(kind, value), found)
        return found

    def shifted(self, x: Value, right: int) -> Value:
        """Bytes shifted by so many bits, to the left for less than 0; bits of the neighbour come in."""
        return x if right == 0 else self.spread(x, (right,))

    def spread(self, x: Value, rights: Sequence[int]) -> Value:
        """Bytes shifted once by each of some numbers of bits, all to one side, one after the other."""
        b, count = self.builder, x.type.count // 2
        wide = vector(I16, count * len(rights))
        shift = b.lshr if max(rights) > 0 else b.shl
        amounts = [abs(right) for right in rights for _ in range(count)]
        many = b.bitcast(self.repeated(x, len(rights)), wide)
        return b.bitcast(shift(many, self.const(wide, amounts)), vector(I8, 2 * wide.count))

    def _instruction(self, kind: Any, narrow: str, wide: str) -> str:
        """The intrinsic for a register of this kind; empty where plain IR is to be emitted."""
        if kind.count * kind.element.width == 512:
            return "" if self.plain else f"llvm.x86.{wide}"
        return f"llvm.x86.{narrow}" if self.has_avx2 else ""

    def _paired(self, products: Value) -> Value:
        """Sums of neighbours."""
        count = products.type.count
        return self.builder.add(self.part(products, range(0, count, 2)), self.part(products, range(1, count, 2)))

    # ----------------------------------------------------------------- control

    def loop(
        self,
        count: Value,
        carried: Sequence[Value],
        body: Callable[[Value, list[Value]], Sequence[Value]],
        step: int = 1,
    ) -> list[Value]:
        """for i in range(0, count, step): carried = body(i, carried); what is carried at the end."""
        b = self.builder
        before, head = b.block, b.append_basic_block("head")
        inside, after = b.append_basic_block("body"), b.append_basic_block("after")
        b.branch(head)
        b.position_at_end(head)
        i = b.phi(I64)
        i.add_incoming(self.i64(0), before)
        held = []
        for value in carried:
            phi = b.phi(value.type)
            phi.add_incoming(value, before)
            held.append(phi)
        b.cbranch(b.icmp_signed("<", i, count), inside, after)
        b.position_at_end(inside)
        result = body(i, held)
        i.add_incoming(b.add(i, self.i64(step)), b.block)
        for phi, value in zip(held, result):
            phi.add_incoming(value, b.block)
        b.branch(head)
        b.position_at_end(after)
        return held

    def span(self, begin: Value, end: Value, body: Callable[[Value], None]) -> None:
        """for item in range(begin, end)."""

        def one(i: Value, _: list[Value]) -> Sequence[Value]:
            body(self.builder.add(begin, i))
            return ()

        self.loop(self.builder.sub(end, begin), (), one)

    def when(self, condition: Value, body: Callable[[], None]) -> None:
        """Run ``body`` only if the condition holds."""
        with self.builder.if_then(condition):
            body()
