"""Reactions as chemists write them."""

from __future__ import annotations

import pytest

from helix_app.gui.formulas.chemistry import plain


@pytest.mark.parametrize(
    ("written", "latex"),
    [
        (r"\ce{H2O}", r"{\mathrm{H}_{2}\mathrm{O}}"),
        (r"\ce{2H2 -> O2}", r"{2\,\mathrm{H}_{2}  \rightarrow  \mathrm{O}_{2}}"),
        (r"\ce{SO4^2-}", r"{\mathrm{SO}_{4}^{2-}}"),
        (r"\ce{Na+}", r"{\mathrm{Na}^{+}}"),
        (r"\ce{Fe^{3+}(aq)}", r"{\mathrm{Fe}^{3+}\,\text{(aq)}}"),
        ("x^2", "x^2"),
    ],
)
def test_reactions(written: str, latex: str) -> None:
    assert plain(written) == latex
