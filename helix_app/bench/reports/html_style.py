"""The style sheet of the HTML report: light and dark, from a phone's width up."""

from __future__ import annotations

STYLE = """
:root {
  color-scheme: light dark;
  --canvas: #ffffff; --panel: #f6f7f9; --border: #e0e4ea; --text: #1a1d23; --muted: #59606d; --track: #e9ecf1;
  --grid: #c9ced6; --helix: #3557cd; --base: #8a9099; --peer1: #c65600; --peer2: #00835f; --whisker: #1a1d23;
}
@media (prefers-color-scheme: dark) {
  :root {
    --canvas: #15171b; --panel: #1b1e23; --border: #2c3139; --text: #e6e9ed; --muted: #a2a9b5; --track: #262b33;
    --grid: #424955; --helix: #7f9bff; --base: #8d95a1; --peer1: #f08a4b; --peer2: #2cc295; --whisker: #e6e9ed;
  }
}
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; }
body { margin: 0; background: var(--canvas); color: var(--text);
  font: 16px/1.5 system-ui, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif; }
main { max-width: 60rem; margin: 0 auto; padding: 2.5rem 1.25rem 4rem; }
h1 { font-size: 1.75rem; line-height: 1.2; margin: 0 0 .35rem; font-weight: 650; text-wrap: balance; }
h2 { font-size: 1.125rem; line-height: 1.3; margin: 3rem 0 .25rem; font-weight: 650; }
p { margin: .25rem 0 1rem; max-width: 44rem; }
.muted, .note { color: var(--muted); }
.note { font-size: .875rem; }
.scroll { overflow-x: auto; margin: .75rem 0 0; }
table { border-collapse: collapse; width: 100%; font-size: .9375rem; font-variant-numeric: tabular-nums; }
th, td { padding: .5rem .75rem .5rem 0; text-align: left; vertical-align: baseline;
  border-bottom: 1px solid var(--border); }
th:last-child, td:last-child { padding-right: 0; }
thead th { color: var(--muted); font-weight: 500; font-size: .875rem; white-space: nowrap; }
tbody th { font-weight: 500; }
td.n, th.n { text-align: right; }
td.n + td:not(.n), th.n + th:not(.n) { padding-left: 1.25rem; }
.scroll td, .scroll th { white-space: nowrap; }
.scroll th:first-child { position: sticky; left: 0; background: var(--canvas); }
.scroll small { display: block; }
tr.total th, tr.total td { font-weight: 650; border-bottom: 0; border-top: 2px solid var(--border); }
.headline { margin: 1.75rem 0 .5rem; }
.headline td, .headline tbody th { padding-top: .75rem; padding-bottom: .75rem; }
.headline td { font-size: 1.25rem; font-weight: 600; }
.headline td.n { white-space: nowrap; }
.headline td + td:last-child small { display: block; }
small { font-size: .875rem; font-weight: 400; color: var(--muted); }
.up, .headline .up { color: var(--helix); font-weight: 600; } .down { color: var(--peer1); font-weight: 600; }
.bars { margin: 1rem 0 0; display: grid; grid-template-columns: minmax(5.5rem, 8rem) 1fr 6.5rem; gap: .45rem .75rem;
  align-items: center; font-size: .9375rem; font-variant-numeric: tabular-nums; }
.bars .track { position: relative; height: 1.375rem; }
.bars .fill { position: absolute; left: 0; top: 0; bottom: 0; background: var(--helix); border-radius: 0 3px 3px 0; }
.bars .fill.quiet { background: var(--base); }
.bars .one { position: absolute; top: -.25rem; bottom: -.25rem; width: 2px; margin-left: -1px;
  background: var(--text); }
.bars .whisker { position: absolute; top: 50%; height: 2px; margin-top: -1px; background: var(--whisker);
  box-shadow: 0 0 0 1px var(--canvas); }
.bars .whisker::before, .bars .whisker::after { content: ""; position: absolute; top: -4px; height: 10px; width: 2px;
  background: var(--whisker); }
.bars .whisker::before { left: 0; } .bars .whisker::after { right: 0; }
.bars .value small { display: block; line-height: 1.2; white-space: nowrap; }
.bars .total { font-weight: 650; }
.bars .axis { position: relative; height: 1.25rem; font-size: .8125rem; color: var(--muted); }
.bars .axis span { position: absolute; transform: translateX(-50%); white-space: nowrap; }
.bars .axis span:first-child { transform: none; }
.two { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 20rem), 1fr)); gap: 0 3rem; }
.columns { display: flex; align-items: flex-end; gap: 4px; height: 11rem; margin-top: 1rem;
  border-bottom: 1px solid var(--grid); }
.columns div { flex: 1; min-width: 0; max-width: 4rem; display: flex; flex-direction: column;
  justify-content: flex-end;
  height: 100%; text-align: center; font-size: .8125rem; font-variant-numeric: tabular-nums; }
.columns i { display: block; background: var(--helix); border-radius: 3px 3px 0 0; min-height: 1px; }
.ticks { display: flex; gap: 4px; font-size: .8125rem; color: var(--muted); text-align: center;
  font-variant-numeric: tabular-nums; }
.ticks span { flex: 1; min-width: 0; max-width: 4rem; }
.plot { position: relative; height: 18rem; margin: 1.25rem 0 2.5rem 2.75rem; }
.plot svg { position: absolute; inset: 0; width: 100%; height: 100%; overflow: visible; }
.plot .grid { stroke: var(--border); stroke-width: 1; vector-effect: non-scaling-stroke; }
.plot .line { fill: none; stroke-width: 2; vector-effect: non-scaling-stroke; stroke-linejoin: round; }
.plot .x, .plot .y { position: absolute; font-size: .8125rem; color: var(--muted);
  font-variant-numeric: tabular-nums; }
.plot .x { top: 100%; padding-top: .35rem; transform: translateX(-50%); white-space: nowrap; }
.plot .y { right: 100%; padding-right: .5rem; transform: translateY(-50%); }
.legend { display: flex; flex-wrap: wrap; gap: .25rem 1.25rem; font-size: .875rem; margin-top: .75rem; }
.legend svg { width: 1.75rem; height: .75rem; margin-right: .4rem; vertical-align: -1px; }
.s0 { stroke: var(--base); } .s1 { stroke: var(--helix); } .s2 { stroke: var(--peer1); stroke-dasharray: 6 4; }
.s3 { stroke: var(--peer2); stroke-dasharray: 2 4; }
dl { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 17rem), 1fr)); gap: .75rem 2rem;
  margin: 1rem 0 0; }
dt { color: var(--muted); font-size: .875rem; } dd { margin: 0; overflow-wrap: anywhere; }
pre { background: var(--panel); padding: .75rem 1rem; border-radius: 6px; overflow-x: auto; white-space: pre-wrap;
  overflow-wrap: anywhere;
  font: .8125rem/1.5 ui-monospace, "Cascadia Mono", Consolas, "DejaVu Sans Mono", monospace; margin: .5rem 0 0; }
code { font: .875em ui-monospace, "Cascadia Mono", Consolas, "DejaVu Sans Mono", monospace; overflow-wrap: anywhere; }
details { margin: .75rem 0 0; } summary { cursor: pointer; color: var(--muted); }
ul { padding-left: 1.25rem; margin: .5rem 0 0; } li { margin: .25rem 0; }
.warn li::marker { color: var(--peer1); }
@media (max-width: 40rem) {
  main { padding: 1.5rem 1rem 3rem; }
  h1 { font-size: 1.5rem; }
  h2 { margin-top: 2.25rem; }
  .headline { font-size: .875rem; } .headline td { font-size: 1rem; } .headline td:last-child { min-width: 7rem; }
  .bars { grid-template-columns: 5.75rem 1fr 5.5rem; gap: .6rem .5rem; font-size: .875rem; }
  .bars small { font-size: .8125rem; }
  .plot { height: 14rem; margin-left: 2.25rem; }
}
@media print { main { max-width: none; } h2 { break-after: avoid; }
  .columns, .plot, .bars, tr { break-inside: avoid; } }
"""
