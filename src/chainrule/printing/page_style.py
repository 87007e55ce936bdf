"""How a page of HTML looks and behaves: one style sheet and a few lines of script, both written into the page.

Every rule is about `.chainrule` and below, so that the page can stand inside another one, such as a notebook.
"""

from __future__ import annotations

from typing import Final

STYLE: Final = """\
.chainrule { --page: #fff; --ink: #1c1d21; --faint: #686b73; --line: #e1e3e8; --box: #f7f8fa; --mark: #ffe9a8;
  --forward: #0b6e99; --backward: #a0307f; --update: #2e7d32; --asked: #686b73;
  color: var(--ink); background: var(--page); max-width: 62rem; margin: 0 auto; padding: 0 1rem;
  font: 1rem/1.5 system-ui, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif; color-scheme: light; }
@media (prefers-color-scheme: dark) { .chainrule, .chainrule-page { --page: #16181d; --ink: #e4e6eb; --faint: #9aa0ab;
  --line: #31353e; --box: #1e2127; --mark: #5a4a10; --forward: #5cc3ee; --backward: #ee8fd0; --update: #7fd184;
  --asked: #9aa0ab; color-scheme: dark; } }
.chainrule-page { --page: #fff; margin: 0; background: var(--page); }
@media (prefers-color-scheme: dark) { .chainrule-page { --page: #16181d; } }
.chainrule h1 { font-size: 1.6rem; line-height: 1.25; margin: 1.2rem 0 .6rem; }
.chainrule h2 { font-size: 1.2rem; margin: 2rem 0 .6rem; padding-bottom: .2rem; border-bottom: 1px solid var(--line); }
.chainrule h3 { font-size: 1rem; margin: 1.2rem 0 .4rem; }
.chainrule p { margin: .6rem 0; overflow-wrap: anywhere; }
.chainrule math { font-size: 1.08em; }
.chainrule math math { font-size: inherit; math-style: inherit; math-depth: inherit; }
.chainrule .word { font-family: "Latin Modern Roman", "STIX Two Text", "Times New Roman", serif; font-style: italic; }
.chainrule .items > span { display: inline-block; margin-right: .9rem; padding: 0 .15rem; border-radius: 3px; }
.chainrule .chain { margin: .5rem 0; padding: .35rem .8rem; background: var(--box); border-radius: 4px;
  border-left: 3px solid var(--line); scroll-margin-top: 1rem; break-inside: avoid; }
.chainrule .forward { border-left-color: var(--forward); }
.chainrule .backward { border-left-color: var(--backward); }
.chainrule .update { border-left-color: var(--update); }
.chainrule .box { overflow-x: auto; }
.chainrule .box table { border-collapse: collapse; margin: 0; border: 0; background: none; }
.chainrule .box tr, .chainrule .box tr:hover { background: none; }
.chainrule .box td { padding: .15rem .25rem; border: 0; text-align: left; white-space: nowrap;
  vertical-align: baseline; font-size: 1rem; color: var(--ink); }
.chainrule .box td.why { padding-left: 1.5rem; font-size: .88rem; color: var(--faint); }
.chainrule mtd { text-align: right; text-align: -webkit-right; padding: .15em .4em; }
.chainrule .note, .chainrule .pair { margin: .15rem 0 0 .25rem; font-size: .88rem; color: var(--faint); }
.chainrule .pair a { margin-right: 1rem; }
.chainrule .pair math { font-size: 1.2em; }
.chainrule table.rows { border-collapse: collapse; margin: .6rem 0; }
.chainrule table.rows th, .chainrule table.rows td { padding: .2rem .7rem; text-align: right;
  border-bottom: 1px solid var(--line); font-variant-numeric: tabular-nums; }
.chainrule pre { padding: .8rem; background: var(--box); color: var(--ink); overflow-x: auto; font-size: .88rem; }
.chainrule a { color: inherit; text-decoration: none; border-radius: 3px; }
.chainrule .pair a, .chainrule .items a { text-decoration: underline dotted var(--faint) 1px;
  text-underline-offset: .25em; }
.chainrule a:hover, .chainrule a:focus-visible, .chainrule .on { background: var(--mark); outline: 0; }
.chainrule :target { background: var(--mark); }
@media (max-width: 34rem) { .chainrule { padding: 0 .6rem; font-size: .94rem; }
  .chainrule .chain { padding: .3rem .5rem; } }
@media print { .chainrule, .chainrule-page { --page: #fff; --ink: #000; --faint: #444; --line: #bbb; --box: #fff;
  --mark: #fff; --forward: #666; --backward: #666; --update: #666; color-scheme: light; max-width: none; }
  .chainrule .box { overflow: visible; } .chainrule .pair { display: none; }
  .chainrule h2, .chainrule h3 { break-after: avoid; } }
"""

# Pointing at a quantity marks it wherever it stands; without the script the links still work.
SCRIPT: Final = """\
(() => {
  const mark = (id, on) => {
    for (const one of document.querySelectorAll('[data-q="' + CSS.escape(id) + '"]')) one.classList.toggle("on", on);
    const line = document.getElementById(id);
    if (line) line.classList.toggle("on", on);
  };
  for (const [event, on] of [["mouseover", true], ["mouseout", false], ["focusin", true], ["focusout", false]])
    document.addEventListener(event, (e) => {
      const link = e.target.closest && e.target.closest("[data-q]");
      if (link) mark(link.dataset.q, on);
    });
})();
"""
