"""How the page looks: on a screen, folded on a phone, and on paper. No font, picture or script comes from elsewhere.

Belongs here: CSS. Colours keep at least 4.5:1 against their ground, and every colour goes with a word or a shape.
"""

STYLE = """
:root {
  --ink: #1d2a31; --soft: #4f5d66; --line: #d8dde0; --ground: #fff;
  --effect: #0b5f6a; --none: #3f5873; --few: #8a5a00; --grey: #5d656b; --warm: #fbf3e2;
  --serif: Georgia, "Iowan Old Style", "Times New Roman", serif;
  --sans: "Helvetica Neue", Helvetica, Arial, "Liberation Sans", sans-serif;
}
* { box-sizing: border-box; }
html { font: 100%/1.55 var(--sans); color: var(--ink); background: var(--ground); -webkit-text-size-adjust: 100%; }
body { margin: 0 auto; max-width: 72rem; padding: 0 1.5rem 4rem; }
a { color: var(--effect); text-underline-offset: .15em; }
a:focus-visible, summary:focus-visible, .scrolls:focus-visible { outline: 2px solid var(--effect); outline-offset: 3px; }
small { font-size: .8125rem; color: var(--soft); font-weight: 400; line-height: 1.4; }
.unseen { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }

.bar { display: flex; flex-wrap: wrap; gap: .25rem 1.5rem; align-items: baseline; padding: 1.1rem 0 .8rem; border-bottom: 1px solid var(--line); }
.bar p { margin: 0; }
.brand { font-weight: 700; }
.edition { color: var(--soft); font-size: .875rem; }
.bar nav { margin-left: auto; font-size: .875rem; }
.strip { margin: 1rem 0 0; padding: .55rem .9rem; background: var(--warm); border-left: 4px solid #d9a441; font-size: .9375rem; }

h1, h2 { font-family: var(--serif); font-weight: 400; line-height: 1.15; letter-spacing: -.01em; text-wrap: balance; }
h1 { font-size: clamp(2rem, 1.2rem + 3vw, 3.25rem); max-width: 24ch; margin: 2.75rem 0 1.25rem; }
h2 { font-size: 1.75rem; margin: 0 0 .9rem; }
h3 { font-size: .9375rem; line-height: 1.35; margin: 0; }
main > section { margin-top: 4rem; }
main > .answer { margin-top: 0; }
.lead { font-size: 1.1875rem; line-height: 1.6; max-width: 44rem; margin: 0; }
.measure { max-width: 44rem; margin: 0 0 1.5rem; }
.note { max-width: 48rem; font-size: .875rem; color: var(--soft); margin: .9rem 0 0; }

.sum { display: grid; grid-template-columns: repeat(3, minmax(0, 1fr)); margin: 2.25rem 0 0; border-top: 2px solid var(--ink); border-bottom: 1px solid var(--line); }
.term { padding: .8rem 1.25rem 1rem 0; }
.term + .term { padding-left: 1.25rem; border-left: 1px solid var(--line); }
.sum dt { font-size: .9375rem; font-weight: 700; }
.sum dd { margin: 0; }
.figure { font: 400 2.625rem/1.2 var(--serif); font-variant-numeric: lining-nums tabular-nums; }
.sum .note { margin: 0; }
.sign { color: var(--soft); margin-right: .35em; }
.net .figure, .net dt { color: var(--effect); }

table { border-collapse: collapse; width: 100%; font-size: .9375rem; line-height: 1.4; }
caption { text-align: left; color: var(--soft); font-size: .9375rem; padding-bottom: .6rem; }
caption strong { display: block; color: var(--ink); }
caption small { display: block; margin-top: .1rem; }
th, td { text-align: left; vertical-align: top; padding: .6rem .75rem; border-bottom: 1px solid var(--line); font-weight: 400; }
th:first-child { padding-left: 0; }
td:last-child, th:last-child { padding-right: 0; }
thead th { vertical-align: bottom; font-size: .8125rem; color: var(--soft); line-height: 1.3; border-bottom: 1px solid var(--ink); }
tbody th { font-weight: 700; }
.figures { text-align: right; font-variant-numeric: lining-nums tabular-nums; }
td small, th small { display: block; }
tfoot th, tfoot td { border-top: 1px solid var(--ink); border-bottom: 2px solid var(--ink); font-weight: 700; }
.wide tbody th { width: 17%; }
.results td:nth-child(4), .results td:nth-child(6) { white-space: nowrap; }
.results td:nth-child(5) { font-weight: 700; }
.results thead th:nth-child(4) { width: 9%; }
.results td:nth-child(7) { width: 14%; }
.results td:nth-child(8) { width: 20%; }
.unquoted td.figures { color: var(--soft); font-weight: 400; }
.missing { color: var(--soft); font-weight: 400; }

.mark { font-weight: 700; color: var(--grey); display: inline-block; padding-left: 1.15em; text-indent: -1.15em; }
.mark::before { content: ""; display: inline-block; width: .6em; height: .6em; margin-right: .55em; border: 1.5px solid currentColor; border-radius: 50%; text-indent: 0; }
.mark.effect, .mark.reached { color: var(--effect); }
.mark.effect::before, .mark.reached::before { background: currentColor; }
.mark.no_effect, .mark.on_the_way { color: var(--none); }
.mark.on_the_way::before { background: linear-gradient(90deg, currentColor 50%, transparent 50%); }
.mark.too_few_to_tell { color: var(--few); }
.mark.too_few_to_tell::before { content: "?"; }
.mark.not_comparable::before { content: "×"; }
.mark.too_early::before, .mark.not_covered::before, .mark.none::before { content: "–"; }
.mark.too_few_to_tell::before, .mark.not_comparable::before, .mark.too_early::before, .mark.not_covered::before, .mark.none::before { width: .85em; height: auto; border: 0; margin-right: .3em; }
.meanings { margin: .5rem 0 0; display: grid; grid-template-columns: repeat(auto-fit, minmax(15rem, 1fr)); gap: .75rem 2rem; font-size: .875rem; }
.meanings dd { margin: .1rem 0 0; color: var(--soft); }
.results h3, .chains h3 { margin-top: 1.75rem; }

figure { margin: 0; }
.caption { color: var(--soft); font-size: .9375rem; margin: 0; }
.key { list-style: none; display: flex; flex-wrap: wrap; gap: .25rem 1.75rem; margin: .6rem 0 0; padding: 0; font-size: .8125rem; color: var(--soft); }
.key li { display: flex; align-items: center; gap: .5rem; }
.swatch { flex: none; }
.swatch.point { width: 9px; height: 9px; border-radius: 50%; background: var(--effect); }
.swatch.pointwise { width: 5px; height: 16px; background: #8fbcc1; }
.swatch.band { width: 12px; height: 16px; background: #dcebec; }
.swatch.reference { width: 9px; height: 9px; border-radius: 50%; border: 1.5px solid var(--effect); }
.panels { display: grid; grid-template-columns: repeat(auto-fill, minmax(15rem, 1fr)); gap: 2rem 1.5rem; margin-top: 1.5rem; }
.panel { display: flex; flex-direction: column; justify-content: space-between; gap: .4rem; break-inside: avoid; border-top: 1px solid var(--ink); padding-top: .5rem; }
.panel h3 small { display: flex; flex-wrap: wrap; gap: 0 .75rem; margin-top: .1rem; }
.panel svg { display: block; width: 100%; height: auto; }
details { margin-top: 1.25rem; font-size: .9375rem; }
summary { cursor: pointer; color: var(--effect); }
.scrolls { overflow-x: auto; margin-top: .75rem; }
.narrow { font-size: .875rem; }
.narrow th, .narrow td { padding: .35rem .6rem; }
.narrow th:first-child { padding-left: 0; }
.narrow tbody th { font-weight: 400; }

.chains-grid { display: grid; grid-template-columns: repeat(auto-fill, minmax(31rem, 1fr)); gap: 2.5rem; }
.chain { break-inside: avoid; }
.chain table { font-size: .875rem; table-layout: fixed; }
.chain caption { min-height: 4.75rem; }
.chain caption strong { font-size: 1rem; }
.chain th, .chain td { padding: .45rem .5rem; }
.chain th:first-child { padding-left: 0; }
.chain tbody th { font-weight: 400; }
.chain thead th { width: 14%; }
.chain thead th:nth-child(1) { width: 30%; }
.chain thead th:nth-child(4) { width: 19%; }
.chain thead th:nth-child(5) { width: 23%; }
.chain td.figures { white-space: nowrap; }

.chooser { display: flex; flex-wrap: wrap; gap: .75rem 1.5rem; margin: 0 0 1.5rem; }
.chooser label { display: grid; gap: .2rem; font-size: .875rem; color: var(--soft); }
.chooser select { font: inherit; font-size: 1rem; color: var(--ink); background: #fff; border: 1px solid var(--soft); border-radius: 3px; padding: .4rem .6rem; max-width: 100%; }
.chooser select:focus-visible { outline: 2px solid var(--effect); outline-offset: 2px; }
.planning tbody th { width: 24%; }
.planning td:nth-child(3) { font-weight: 700; }
.planning td:nth-child(8) { width: 18%; }

.limits ul { margin: 0; padding: 0 0 0 1.1rem; max-width: 48rem; }
.limits li { margin-bottom: .55rem; padding-left: .25rem; }
.facts { margin: 0; border-top: 1px solid var(--ink); }
.facts > div { display: grid; grid-template-columns: 15rem 1fr; gap: 0 1.5rem; padding: .5rem 0; border-bottom: 1px solid var(--line); }
.facts dt { color: var(--soft); }
.facts dd { margin: 0; max-width: 44rem; overflow-wrap: anywhere; }
.facts code { font-size: .9em; }
.accounts { display: grid; grid-template-columns: repeat(auto-fit, minmax(20rem, 1fr)); gap: 2rem 3rem; margin-top: 2.25rem; align-items: start; }

@media screen and (max-width: 60rem) {
  body { padding: 0 1.1rem 3rem; }
  h1 { margin-top: 2rem; }
  .lead { font-size: 1.0625rem; }
  main > section { margin-top: 3rem; }
  .sum { grid-template-columns: 1fr; border-bottom: 0; }
  .term, .term + .term { padding: .7rem 0; border-left: 0; border-bottom: 1px solid var(--line); }
  .folding, .folding tbody, .folding tfoot, .folding tr, .folding th, .folding td, .folding caption { display: block; width: auto !important; }
  .folding thead { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
  .folding tr { border-top: 1px solid var(--ink); padding: .5rem 0 .9rem; }
  .folding tfoot tr { border-bottom: 2px solid var(--ink); }
  .folding tfoot th, .folding tfoot td { border: 0; }
  .folding th, .folding td, .chain th, .chain td { padding: .2rem 0; border: 0; white-space: normal !important; }
  .folding td { display: flex; justify-content: space-between; gap: 1rem; text-align: right; }
  .folding td::before { content: attr(data-label); color: var(--soft); font-size: .875rem; font-weight: 400; text-align: left; flex: 0 0 38%; }
  .folding tbody th, .folding tfoot th { font-weight: 700; padding-bottom: .35rem; }
  .chains-grid { grid-template-columns: minmax(0, 1fr); }
  .chain caption { min-height: 0; }
  .chain tr { display: grid; grid-template-columns: .8fr 1.5fr 1.3fr 1.7fr; gap: 0 .6rem; border-top-color: var(--line); padding: .4rem 0 .6rem; }
  .chain tr:first-child { border-top-color: var(--ink); }
  .chain tbody th { grid-column: 1 / -1; }
  .chain td { flex-direction: column; justify-content: flex-start; gap: 0; text-align: left; }
  .chain td::before { font-size: .75rem; flex: none; }
  .facts > div { grid-template-columns: 1fr; }
  .panels { grid-template-columns: repeat(auto-fill, minmax(17rem, 1fr)); }
}
@media print {
  @page { margin: 16mm 14mm; }
  html { font-size: 9.5pt; }
  body { max-width: none; padding: 0; }
  nav, details, .chooser { display: none; }
  h1 { margin-top: 1.25rem; }
  main > section { margin-top: 2rem; }
  h2, h3, caption { break-after: avoid; }
  tr, .term, .facts > div, .limits li { break-inside: avoid; }
  .panels { grid-template-columns: repeat(3, 1fr); }
  .wide { font-size: .8125rem; }
  .wide th, .wide td { padding: .4rem .35rem; }
  .wide th:first-child { padding-left: 0; }
  .wide thead th, .wide small { font-size: .75rem; }
  .chains-grid { grid-template-columns: 1fr 1fr; gap: 1.5rem 2rem; }
  .chain table { font-size: .75rem; }
  .chain th, .chain td { padding: .3rem .3rem; }
  .chain small { font-size: .6875rem; }
  .chain thead th:nth-child(1) { width: 27%; }
  .chain thead th:nth-child(5) { width: 26%; }
  * { -webkit-print-color-adjust: exact; print-color-adjust: exact; }
}
""".strip()
