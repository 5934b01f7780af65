"""How the page looks: quiet, in light and in dark, on a screen and on paper."""

from __future__ import annotations

__all__ = ["STYLE"]

# Colours of the page itself are the reader's (Canvas, CanvasText); verdicts have one
# hue each, which says the same as their word.
STYLE = """
:root { color-scheme: light dark; --line: #8884; --faint: #88888814; --quiet: #6b7280;
  --better: #15803d; --worse: #b91c1c; --tied: #1d4ed8; --undecided: #92400e; }
@media (prefers-color-scheme: dark) { :root { --quiet: #9ca3af; --better: #4ade80;
  --worse: #f87171; --tied: #93c5fd; --undecided: #fbbf24; } }
* { box-sizing: border-box; }
body { font: 15px/1.5 system-ui, -apple-system, "Segoe UI", sans-serif;
  margin: 0 auto; max-width: 1440px; padding: 2.5rem 2rem 4rem; }
header { border-bottom: 1px solid var(--line); padding-bottom: 1rem; }
h1 { font-size: 1.75rem; line-height: 1.2; margin: 0 0 .35rem;
  overflow-wrap: anywhere; }
h2 { font-size: 1.15rem; margin: 2.4rem 0 .7rem; }
p { margin: .25rem 0; } header p { color: var(--quiet); }
.note { color: var(--quiet); font-size: .83rem; margin: .6rem 0 0; }
ul.note { padding-left: 1.2rem; }
.label { border: 1px solid currentColor; border-radius: 99px; color: var(--undecided);
  font-size: .82rem; font-weight: 600; margin-left: .5rem; padding: .1rem .65rem; }
.scroll { overflow-x: auto; }
.calls { max-height: 85vh; overflow-y: auto; }
.calls thead th { background: Canvas; position: sticky; top: 0; z-index: 1; }
.calls td > div { max-height: 20em; overflow-y: auto; }
.plots { display: grid; gap: 1rem;
  grid-template-columns: repeat(auto-fit, minmax(min(100%, 520px), 1fr)); }
img { align-self: start; background: #fff; border: 1px solid var(--line);
  border-radius: 8px; width: 100%; }
table { border-collapse: collapse; font-size: .85rem;
  font-variant-numeric: tabular-nums; }
th, td { border-bottom: 1px solid var(--line); padding: .4rem .5rem; text-align: right;
  vertical-align: top; }
th { color: var(--quiet); font-weight: 600; white-space: nowrap; }
th:first-child, td:first-child { padding-left: .2rem; }
tbody tr:hover { background: var(--faint); }
.pairs th, .pairs td { text-align: left; }
.pairs :is(th, td):is(:nth-child(4), :nth-child(7)) { text-align: right; }
.pairs td { overflow-wrap: break-word; }
.pairs td:nth-child(6) { min-width: 18em; }
.verdict { border: 1px solid currentColor; border-radius: 99px; font-size: .8rem;
  font-weight: 600; padding: .05rem .6rem; white-space: nowrap; }
.better { color: var(--better); } .worse { color: var(--worse); }
.tied { color: var(--tied); } .undecided { color: var(--undecided); }
pre { background: var(--faint); border-radius: 8px; font-size: .8rem; overflow-x: auto;
  padding: 1rem; }
@media (max-width: 600px) { body { padding: 1.25rem 1rem 2.5rem; } }
@media print { @page { margin: 12mm; size: A4 landscape; }
  body { font-size: 9pt; max-width: none; padding: 0; }
  .scroll, .calls { max-height: none; overflow: visible; }
  .calls thead th { position: static; }
  .calls td > div { max-height: none; }
  table { font-size: 7pt; max-width: 100%; } .calls table { font-size: 6.5pt; }
  h2 { break-after: avoid; } tr, img { break-inside: avoid; }
  th, td { padding: .3rem; } .calls tr { break-inside: auto; }
  th, th > div, td > div { overflow-wrap: break-word; white-space: normal !important; }
  td > div[style*="pre-wrap"] { min-width: 9em !important; overflow-wrap: anywhere;
    white-space: pre-wrap !important; }
  .plots { grid-template-columns: 1fr 1fr; }
  pre { overflow-wrap: anywhere; white-space: pre-wrap; }
  .verdict, .label { print-color-adjust: exact; } }
"""
