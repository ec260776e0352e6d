"""One round or one token in figures, and what the whole run says about k."""

from __future__ import annotations

from html import escape

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QSizePolicy, QVBoxLayout, QWidget

from helix_app.base import messages
from helix_app.gui.glossary import terms
from helix_app.gui.glossary.term import PROPERTY
from helix_app.gui.inspect.charts import SurvivalChart, WhatIfChart, policy_name
from helix_app.gui.kit import figures, pictures
from helix_app.gui.look.theme import Theme
from helix_app.gui.tokens import words
from helix_app.runs import what_if
from helix_app.runs.trace import PROMPT, Trace

MOST_ROWS = 24  # proposals listed


class RoundDetails(QLabel):
    """What a round proposed and what became of it."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._shown: tuple[Trace, int, int | None] | None = None
        self.setTextFormat(Qt.TextFormat.RichText)
        self.setWordWrap(True)
        self.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Minimum)
        theme.changed.connect(self.on_theme_changed)

    def show_round(self, trace: Trace, number: int, token: int | None = None) -> None:
        """Show a round; ``token`` is the one of it that was picked."""
        self._shown = (trace, number, token)
        self.on_theme_changed()

    def on_theme_changed(self) -> None:
        """Write it in the colours of the theme."""
        if self._shown is None:
            self.setText("")
            return
        trace, number, token = self._shown
        parts = [self._token(trace, token)] if token is not None else []
        parts.append(self._prompt(trace) if number == PROMPT else self._round(trace, number))
        self.setText("".join(parts))

    def _muted(self, text: str) -> str:
        return f'<span style="color: {self._theme.palette.muted}">{escape(text)}</span>'

    def _token(self, trace: Trace, token: int) -> str:
        first, *rest = words.token_lines(trace, token, brief=True)
        lines = "<br>".join(escape(line) for line in rest)
        return f'<p style="margin: 0 0 10px 0"><b>{escape(first)}</b><br>{lines}</p>'

    def _prompt(self, trace: Trace) -> str:
        text = messages.fill(
            self.tr("{n:token|tokens} of prompt, {c} of them from the cache, in {t}"),
            n=trace.prompt_tokens,
            c=figures.count(trace.cached_tokens),
            t=figures.seconds(trace.prefill_seconds),
        )
        lines = [f"<b>{escape(self.tr('Prompt'))}</b>", escape(text)]
        if trace.left_out:
            out = self.tr("{n:oldest message was|oldest messages were} not sent: the context was full")
            lines.append(escape(messages.fill(out, n=trace.left_out)))
        if trace.request is not None and trace.request.template:
            lines.append(escape(self.tr("Chat template: this conversation's own, not the model's")))
        if trace.request is not None and trace.request.raw:
            lines.append(escape(self.tr("A text that was continued as it stood, without a chat template")))
        return f"<p style='margin: 0'>{'<br>'.join(lines)}</p>"

    def _round(self, trace: Trace, number: int) -> str:
        event = trace.rounds[number]
        head = self.tr("Round {n} of {all}").format(
            n=figures.count(event.index + 1), all=figures.count(trace.rounds[-1].index + 1)
        )
        took = self.tr("draft {d} · verify {v} · overhead {o}").format(
            d=words.milliseconds(event.draft_seconds),
            v=words.milliseconds(event.verify_seconds),
            o=words.milliseconds(event.overhead_seconds),
        )
        found = self.tr("k = {k} proposed, {a} accepted, {n} written").format(
            k=event.k, a=event.accepted, n=len(event.emitted)
        )
        lines = [f"<b>{escape(head)}</b>", escape(found), escape(took)]
        lines.append(self._muted(self.tr("Why this k: {reason}").format(reason=words.reason(trace, number))))
        if event.source:
            lines.append(self._muted(self.tr("Drafted by: {source}").format(source=words.source(event.source))))
        at = self.tr("{t} after the request").format(t=figures.seconds(trace.times[number]))
        lines.append(self._muted(at))
        return f'<p style="margin: 0">{"<br>".join(lines)}</p>{self._proposals(trace, number)}'

    def _proposals(self, trace: Trace, number: int) -> str:
        event = trace.rounds[number]
        if not event.proposed:
            return ""
        p = self._theme.palette
        titles = (self.tr("draft token"), "q", "p", "min(1, p/q)", "")
        head = "".join(f'<td style="color: {p.muted}; padding: 1px 8px 1px 0">{escape(t)}</td>' for t in titles)
        rows = [f"<tr>{head}</tr>"]
        for position, proposed in enumerate(event.proposed[:MOST_ROWS]):
            kept = position < event.accepted
            verdict = "✓" if kept else "✗" if position == event.accepted else "·"
            text = escape(words.quoted(proposed.text[:24]))
            cells = (
                text if kept else f"<s>{text}</s>",
                words.probability(proposed.draft_prob),
                words.probability(proposed.target_prob),
                words.probability(words.ratio(proposed)),
                verdict,
            )
            rows.append("<tr>" + "".join(f'<td style="padding: 1px 8px 1px 0">{cell}</td>' for cell in cells) + "</tr>")
        more = len(event.proposed) - MOST_ROWS
        below = f"<p>{escape(self.tr('and {n} more').format(n=more))}</p>" if more > 0 else ""
        return f'<table style="margin-top: 8px">{"".join(rows)}</table>{below}'


class RunFacts(QWidget):
    """Acceptance by position, and what other k might have given.

    Attributes:
        survival, what_if: the charts.
    """

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.survival = SurvivalChart(theme)
        self.what_if = WhatIfChart(theme)
        self.summary = QLabel()
        self.summary.setWordWrap(True)
        self.summary.setFont(theme.fonts.small)
        self.summary.setToolTip(
            self.tr(
                "From this run's own costs and acceptance. It takes drafts to be as good everywhere as where they were"
                " made; a controller that drafts only where it pays was choosier."
            )
        )
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        for title, hint, chart, term in (
            (
                self.tr("Acceptance rate by position"),
                self.tr("% of drafts that stand up to token n"),
                self.survival,
                "acceptance",
            ),
            (
                self.tr("What if? An estimate"),
                self.tr("tok/s at a fixed k, and adding or taking one; line: measured, dashes: a bound"),
                self.what_if,
                "what_if",
            ),
        ):
            name, words_ = QLabel(title), QLabel(hint)
            for widget in (name, words_):
                terms.give(widget, term)
            chart.setProperty(PROPERTY, term)
            name.setFont(theme.fonts.strong)
            name.setWordWrap(True)
            words_.setFont(theme.fonts.small)
            words_.setProperty("tone", "muted")
            words_.setWordWrap(True)
            column.addWidget(name)
            column.addWidget(words_)
            column.addWidget(chart)
            column.addSpacing(4)
            pictures.PictureMenu(chart, "acceptance" if chart is self.survival else "what-if")
        column.addWidget(self.summary)

    def show_trace(self, trace: Trace) -> None:
        """What the rounds so far say."""
        self.survival.show_positions(what_if.survival(trace.rounds))
        found = what_if.estimates(trace.rounds)
        self.what_if.show_estimates(found)
        self.summary.setText(self.in_words(found))

    def in_words(self, found: list[what_if.Estimate]) -> str:
        """The best of what was observed, against what was measured."""
        measured = next((e for e in found if e.policy == "measured"), None)
        others = [e for e in found if e.policy in ("fixed", "additive") and e.observed]
        if measured is None or not others:
            return ""
        best = max(others, key=lambda e: e.tokens_per_second)
        return self.tr(
            "Measured {m} tok/s. Best of the others: {what}, about {n} tok/s. Hatched: k never tried."
        ).format(
            m=figures.rate(measured.tokens_per_second),
            what=policy_name(best),
            n=figures.rate(best.tokens_per_second),
        )
