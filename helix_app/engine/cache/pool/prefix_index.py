"""Which blocks hold which verified tokens: the prefix cache's books. No tensors, no torch.

A full block of verified tokens is known by ``(content of the block before it, its token ids)``. Contents are a tree, so
two chains meet only if every token of both is the same: ids are compared, never hashes alone. (Idea: chained block
hashes of vLLM's automatic prefix caching.) A content has one block in each group of layers, or none where that was
given away again: what fell out of a window may go before what comes after it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence


class Content:
    """16 tokens after all that comes before them.

    Attributes:
        before: the content before it; None only of the root.
        tokens: its own.
        blocks: of each group, the block that holds it; -1 for none.
        state: slot of the state of recurrent layers behind its last token; -1 for none.
        uses: sequences whose blocks it names, and contents that come directly after it.
    """

    __slots__ = ("before", "blocks", "number", "state", "tokens", "uses")

    def __init__(self, before: Content | None, tokens: tuple[int, ...], number: int, groups: int) -> None:
        self.before, self.tokens, self.number = before, tokens, number
        self.blocks = [-1] * groups
        self.state = -1
        self.uses = 0


class PrefixIndex:
    """All contents that a block holds, or that lead to one."""

    def __init__(self, groups: int) -> None:
        self._groups = groups
        self._known: dict[tuple[int, tuple[int, ...]], Content] = {}
        self._made = 0
        self.root = Content(None, (), 0, groups)

    def __len__(self) -> int:
        return len(self._known)

    def __iter__(self) -> Iterator[Content]:
        return iter(self._known.values())

    def chain(self, tokens: Sequence[int], size: int, end: int) -> list[Content]:
        """The contents of the longest known beginning of ``tokens[:end]``."""
        found: list[Content] = []
        at = self.root
        for start in range(0, end - size + 1, size):
            content = self._known.get((at.number, tuple(tokens[start : start + size])))
            if content is None:
                break
            found.append(content)
            at = content
        return found

    def after(self, before: Content, tokens: tuple[int, ...]) -> Content:
        """The content of these tokens after another, made where it is not known yet."""
        key = before.number, tokens
        content = self._known.get(key)
        if content is None:
            self._made += 1
            content = self._known[key] = Content(before, tokens, self._made, self._groups)
            before.uses += 1
        return content

    def drop(self, content: Content) -> None:
        """Forget a content that nobody needs any more, and those before it that led only there."""
        at: Content | None = content
        while at is not None and at.before is not None and not at.uses and max(at.blocks) < 0:
            del self._known[at.before.number, at.tokens]
            at.before.uses -= 1
            at = at.before

    def knows(self, content: Content) -> bool:
        """Whether it is still where a prompt would look for it."""
        return content.before is not None and self._known.get((content.before.number, content.tokens)) is content

    def check(self, uses: dict[int, int]) -> None:
        """Raise AssertionError when the tree does not fit together; ``uses``: of each content, by sequences."""
        own: dict[int, int] = dict(uses)
        for content in self:
            assert content.before is self.root or (content.before is not None and self.knows(content.before))
            own[content.before.number] = own.get(content.before.number, 0) + 1
        for content in (self.root, *self):
            assert content.uses == own.pop(content.number, 0), f"{content.number} has another number of uses"
            assert content is self.root or content.uses or max(content.blocks) >= 0, f"{content.number} is of no use"
        assert not own, "sequences use contents that the index does not know"
