/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The style of a page, and its SHA-256, by which a browser knows it: tests/cli/report.sh tells it.
 */
#ifndef COMPATCAPS_REPORT_STYLE_H
#define COMPATCAPS_REPORT_STYLE_H

#define REPORT_STYLE_SHA256 "qvwXF97thfry98nxwENGQ34Zddw5fUJU2de2xASWf/0="

/* clang-format off */
#define REPORT_STYLE \
":root{color-scheme:light dark;--bg:#fff;--fg:#1d2126;--soft:#545c66;--line:#d5dae0;--card:#f5f7f9;" \
"--link:#0b57a4;--bad:#b3261e;--badbg:#fdecea;--note:#855300;--notebg:#fdf3de;--good:#17693a;--goodbg:#e7f5ec;--life:#c9d3de}\n" \
"@media (prefers-color-scheme:dark){:root{--bg:#14171b;--fg:#e4e8ed;--soft:#a3adb8;--line:#343b44;--card:#1c2127;" \
"--link:#8ec2ff;--bad:#ff9a90;--badbg:#3a1c1b;--note:#f2c25c;--notebg:#352a12;--good:#7ddba3;--goodbg:#15301f;--life:#3b4652}}\n" \
"*{box-sizing:border-box}\n" \
"body{margin:0 auto;max-width:72rem;padding:1rem;background:var(--bg);color:var(--fg);" \
"font:1rem/1.5 system-ui,sans-serif;overflow-wrap:break-word}\n" \
"h1{font-size:1.5rem;line-height:1.25;margin:.5rem 0}\n" \
"h2{font-size:1.25rem;margin:2rem 0 .75rem;padding-bottom:.25rem;border-bottom:1px solid var(--line)}\n" \
"h3{font-size:1.1rem;margin:1.5rem 0 .5rem}\n" \
"h4,summary h3,summary h4{display:inline;font-size:1rem;margin:0}\n" \
"p{margin:.5rem 0}\n" \
"p,li,td.text,.vms th,.facts td,.facts th,h2,h3,h4,.tag{overflow-wrap:anywhere}\n" \
"a{color:var(--link)}\n" \
"code,td.num,td time{font-family:ui-monospace,monospace;font-size:.9em}\n" \
".lead,.soft{color:var(--soft)}\n" \
".verdict{font-size:1.15rem;font-weight:600}\n" \
"table{border-collapse:collapse;width:100%}\n" \
"caption{text-align:left;color:var(--soft);padding:.25rem 0}\n" \
"th,td{text-align:left;vertical-align:top;padding:.3rem .6rem .3rem 0;border-bottom:1px solid var(--line)}\n" \
"thead th{color:var(--soft);font-weight:600;font-size:.9rem}\n" \
"td.num,th.num{text-align:right;white-space:nowrap}\n" \
"tbody th{font-weight:600}\n" \
".cards{display:grid;grid-template-columns:repeat(auto-fit,minmax(8.5rem,1fr));gap:.75rem;margin:1rem 0;padding:0}\n" \
".cards div{background:var(--card);border:1px solid var(--line);border-radius:.5rem;padding:.6rem .8rem}\n" \
".cards .bad{border-color:var(--bad)}.cards .bad small{color:var(--bad);font-weight:600}\n" \
".cards dt{color:var(--soft);font-size:.85rem}\n" \
".cards dd{margin:0;font-size:1.5rem;line-height:1.3;font-weight:600}\n" \
".cards small{display:block;font-size:.8rem;font-weight:400;line-height:1.4}\n" \
".box{border:1px solid var(--line);border-left:.35rem solid var(--life);border-radius:.5rem;padding:.75rem 1rem;margin:.75rem 0;background:var(--card)}\n" \
".box.bad{border-left-color:var(--bad)}\n" \
".box.note{border-left-color:var(--note)}\n" \
".box.good{border-left-color:var(--good)}\n" \
".tag{display:inline-block;border-radius:1rem;padding:0 .6rem;font-size:.85rem;font-weight:600;line-height:1.6}\n" \
".tag.bad{background:var(--badbg);color:var(--bad)}\n" \
".tag.note{background:var(--notebg);color:var(--note)}\n" \
".tag.good{background:var(--goodbg);color:var(--good)}\n" \
"td.short .tag{white-space:nowrap}\n" \
"details{border:1px solid var(--line);border-radius:.5rem;margin:.5rem 0;padding:.5rem .8rem}\n" \
"summary{cursor:pointer}\n" \
"svg{display:block;width:100%;overflow:visible}\n" \
".strip{height:2rem;margin:.5rem 0 0}\n" \
".life{stroke:var(--life);stroke-width:4}\n" \
".tick{stroke:var(--line);stroke-width:1}\n" \
".back{stroke:var(--note);stroke-width:2}\n" \
".bar{fill:var(--link)}\n" \
".mark{stroke:var(--bg);stroke-width:1}\n" \
".mark.bad{fill:var(--bad)}\n" \
".mark.note{fill:var(--note)}\n" \
".mark.good{fill:var(--good)}\n" \
".mark.plain{fill:var(--soft)}\n" \
".axis{display:flex;justify-content:space-between;color:var(--soft);font-size:.85rem;gap:.5rem}\n" \
".axis span:not(:first-child){text-align:right}\n" \
".matrix th,.matrix td{vertical-align:baseline}.matrix tbody th{overflow-wrap:anywhere;min-width:9rem}.matrix thead th{white-space:normal}\n" \
"@media (max-width:64rem){.matrix thead th{overflow-wrap:anywhere}}\n" \
".legend{display:flex;flex-wrap:wrap;gap:.25rem 1.25rem;color:var(--soft);font-size:.9rem;padding:0;list-style:none}\n" \
".legend svg{display:inline-block;width:1rem;height:1rem;vertical-align:-.15rem;margin-right:.3rem}\n" \
".vms th{width:9rem}.vms thead th:nth-child(6){width:auto}.vms thead th:nth-child(3){width:6rem}.vms .num{width:4.5rem}.vms{table-layout:fixed}\n" \
".bars td.line{width:70%}\n" \
".bars svg{height:1.2rem}\n" \
".bars th,.short{white-space:nowrap}\n" \
".stack td.text{width:60%}.events td.text{width:70%}\n" \
".facts th{width:30%}\n" \
"ul.plain{padding-left:1.2rem}\n" \
"footer{margin-top:3rem;border-top:1px solid var(--line);color:var(--soft);font-size:.9rem}\n" \
"@media (max-width:40rem){.vms th{width:auto}.vms :is(th,td):is(:nth-child(2),:nth-child(n+6)){display:none}.bars td.line{width:45%}" \
".stack thead{position:absolute;clip-path:inset(50%);height:1px;width:1px;overflow:hidden}" \
".stack,.stack tbody,.stack caption{display:block}.stack tr{display:flex;flex-wrap:wrap;align-items:baseline;gap:0 .75rem;" \
"border-bottom:1px solid var(--line);padding:.4rem 0}.stack th,.stack td{border:0;padding:.1rem 0}" \
".stack td.text{width:100%;flex-basis:100%}.stack td:empty{display:none}.stack td[data-name]:after{content:\" \" attr(data-name);color:var(--soft)}" \
".axis span:not(:first-child,:last-child){display:none}" \
"th,td{padding-right:.4rem}}\n" \
"@media print{body{max-width:none}}\n"
/* clang-format on */

#endif /* COMPATCAPS_REPORT_STYLE_H */
