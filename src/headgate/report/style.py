"""The one style of what headgate shows: light, dark, on a phone, in print, and readable where it is stripped."""

from __future__ import annotations

from collections.abc import Mapping

from headgate.report.palette import DARK, LIGHT

__all__ = ["NARROW", "PAGE_STYLE", "STYLE"]

NARROW = "40rem"
"""Up to this width rows of tables are cards, and charts have their narrow form."""

# A notebook has a theme of its own, which may differ from the system's: JupyterLab, Colab and VS Code say which.
_NOTEBOOK_DARK = ('[data-jp-theme-light="false"]', 'html[theme="dark"]', "body.vscode-dark", 'body[data-theme="dark"]')
_NOTEBOOK_LIGHT = ('[data-jp-theme-light="true"]', "body.vscode-light", 'body[data-theme="light"]')


def _colours(scheme: str, colours: Mapping[str, str]) -> str:
    # Images take over the scheme of the element they are in, whatever the system prefers.
    return f"color-scheme:{scheme};" + ";".join(f"--{name}:{value}" for name, value in colours.items())


_LIGHT, _DARK = _colours("light", LIGHT), _colours("dark", DARK)


def _themes(selectors: tuple[str, ...], colours: str) -> str:
    return f"{','.join(f'{selector} .headgate' for selector in selectors)}{{{colours}}}"


_RULES = f"""
.headgate{{{_LIGHT};color:var(--ink);overflow-wrap:break-word;font:14px/1.5 system-ui,sans-serif}}
@media (prefers-color-scheme:dark){{.headgate{{{_DARK}}}}}
{_themes(_NOTEBOOK_DARK, _DARK)}
{_themes(_NOTEBOOK_LIGHT, _LIGHT)}
""" + (
    ".headgate *{box-sizing:border-box}"
    ".headgate p{margin:.25rem 0 .75rem}.headgate a{color:var(--accent)}"
    ".headgate h2{font-size:1.15rem;font-weight:600;line-height:1.3;margin:1.6rem 0 .5rem}"
    ".headgate h3{font-size:1rem;font-weight:600;line-height:1.3;margin:1.2rem 0 .35rem}"
    ".headgate .card h3{margin:0 0 .5rem}.headgate ul,.headgate ol{margin:.25rem 0 .75rem;padding-left:1.4rem}"
    ".headgate .lead{font-size:1.05rem;max-width:52rem}.headgate .soft{color:var(--soft)}"
    ".headgate .verdict{background:var(--panel);border:1px solid var(--line);border-left:.4rem solid var(--before);"
    "border-radius:.5rem;padding:.7rem .9rem;margin:.25rem 0 1rem}"
    ".headgate .verdict.good{border-left-color:var(--good)}.headgate .verdict.bad{border-left-color:var(--bad)}"
    ".headgate .verdict.warn{border-left-color:var(--warn)}"
    ".headgate .says{font-size:1.15em;font-weight:600;margin:0;max-width:60rem}"
    ".headgate .verdict.good .sign{color:var(--good)}.headgate .verdict.bad .sign{color:var(--bad)}"
    ".headgate .verdict.warn .sign{color:var(--warn)}"
    ".headgate .shift{display:flex;flex-wrap:wrap;gap:.4rem 2rem;margin:.5rem 0 0}.headgate .shift div{min-width:9rem}"
    ".headgate dt{color:var(--soft)}.headgate dd{margin:0}"
    ".headgate .verdict>p:last-child{margin-bottom:0}"
    ".headgate .next{margin:.6rem 0 0}.headgate .next p{margin:.25rem 0}"
    ".headgate .next pre,.headgate pre.copy{background:var(--paper);border:1px solid var(--line);border-radius:.3rem;"
    "padding:.4rem .6rem;margin:.25rem 0 .5rem}"
    ".headgate table{border-collapse:collapse;table-layout:auto;width:100%;font-size:.9rem;margin:.25rem 0 .75rem;"
    "color:var(--ink)}"
    ".headgate th,.headgate td{text-align:left;vertical-align:top;padding:.35rem .6rem;"
    "border:0;border-bottom:1px solid var(--line);background:none;white-space:normal;max-width:44rem;"
    "overflow-wrap:break-word}"
    ".headgate thead th{color:var(--soft);font-weight:600;overflow-wrap:normal}.headgate tbody th{font-weight:400}"
    # A URI can be broken anywhere, a message cannot.
    ".headgate tbody th:has(code){min-width:10rem}.headgate .why{min-width:12rem;overflow-wrap:anywhere}"
    ".headgate tr{background:none}"
    ".headgate td.number,.headgate th.number{text-align:right;font-variant-numeric:tabular-nums;"
    "overflow-wrap:normal}.headgate td.number{white-space:nowrap}"
    ".headgate .nowrap{white-space:nowrap}.headgate caption{text-align:left;color:var(--soft);padding:.25rem 0}"
    ".headgate .scroll{overflow-x:auto}.headgate img{max-width:100%;height:auto;display:block;margin:.25rem 0 .75rem}"
    ".headgate .pair{display:grid;grid-template-columns:1fr 1fr;gap:1rem}"
    "@media (max-width:52rem){.headgate .pair{grid-template-columns:1fr}}"
    ".headgate .card{background:var(--panel);border:1px solid var(--line);border-radius:.5rem;"
    "padding:.75rem .9rem;min-width:0}"
    ".headgate .text{white-space:pre-wrap;overflow-wrap:anywhere;margin:.15rem 0 .6rem;padding-inline-start:.7rem;"
    "border-inline-start:3px solid var(--line)}"
    ".headgate .text.bad{border-color:var(--bad)}.headgate .text.good{border-color:var(--good)}"
    ".headgate .badge{display:inline-block;border-radius:.3rem;padding:0 .4rem;font-size:.8rem;font-weight:600;"
    "white-space:nowrap;color:var(--before);background:var(--before-bg)}"
    ".headgate .badge.good{color:var(--good);background:var(--good-bg)}"
    ".headgate .badge.bad{color:var(--bad);background:var(--bad-bg)}"
    ".headgate .badge.warn{color:var(--warn);background:var(--warn-bg)}"
    ".headgate code{font:.85em ui-monospace,monospace;overflow-wrap:anywhere;color:inherit;background:none;padding:0}"
    ".headgate pre{margin:0;white-space:pre-wrap;overflow-wrap:anywhere;color:inherit;background:none}"
    ".headgate del{color:var(--bad);background:var(--bad-bg)}"
    ".headgate ins{color:var(--good);background:var(--good-bg);text-decoration:none;font-weight:600}"
    ".headgate .hidden{font:.75em ui-monospace,monospace;border:1px dashed var(--warn);color:var(--warn);"
    "padding:0 .15rem}"
    ".headgate details{margin:.25rem 0 .75rem}.headgate summary{cursor:pointer;color:var(--accent);padding:.15rem 0}"
    ".headgate .codes dt{color:var(--ink);font-weight:600;margin-top:.6rem}.headgate .codes dd{max-width:52rem}"
    ".headgate .figures{display:flex;flex-wrap:wrap;gap:1rem;margin:1rem 0}.headgate .figure{flex:1 1 11rem}"
    ".headgate .figure b{display:block;font-size:1.6rem;line-height:1.2;font-variant-numeric:tabular-nums}"
    # A row of a table is a card, and each cell says its column.
    f"@media (max-width:{NARROW}){{.headgate table,.headgate caption,.headgate tbody{{display:block}}"
    ".headgate thead{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}"
    ".headgate tbody tr{display:block;background:var(--panel);border:1px solid var(--line);border-radius:.5rem;"
    "padding:.4rem .7rem;margin:.5rem 0}"
    ".headgate tbody th,.headgate tbody td,.headgate tbody td.number{display:block;max-width:none;text-align:start;"
    "white-space:normal;border:0;padding:.15rem 0}"
    ".headgate tbody th:has(code){min-width:0}"
    ".headgate td[data-label]::before,.headgate tbody th[data-label]::before{content:attr(data-label) ': ';"
    "color:var(--soft)}"
    ".headgate .scroll{overflow-x:visible}}"
    f"@media print{{.headgate{{{_LIGHT};font-size:10pt}}"
    ".headgate .verdict,.headgate .card,.headgate tr,.headgate figure,.headgate img,.headgate .figure,"
    ".headgate dd{break-inside:avoid}.headgate h2,.headgate h3,.headgate thead,.headgate dt{break-after:avoid}"
    # On paper nothing can be opened, and codes want their meaning.
    ".headgate .notes::details-content{content-visibility:visible;block-size:auto}"
    ".headgate table{font-size:.8rem}.headgate th,.headgate td{padding:.25rem .35rem}"
    ".headgate td.number{white-space:normal}"
    ".headgate td,.headgate thead th{overflow-wrap:anywhere}.headgate tbody th:has(code){min-width:8rem}"
    ".headgate .why{min-width:9rem}"
    ".headgate .scroll{overflow:visible}.headgate .badge,.headgate ins,.headgate del{"
    "-webkit-print-color-adjust:exact;print-color-adjust:exact}.headgate a{color:inherit;text-decoration:none}}"
)
# A notebook has rules for every table and code; the class said three times outweighs them.
STYLE = _RULES.replace(".headgate ", ".headgate.headgate.headgate ")
"""Rules for everything inside an element of the class `headgate`."""

PAGE_STYLE = (
    f":root{{{_LIGHT}}}@media (prefers-color-scheme:dark){{:root{{{_DARK}}}}}@media print{{:root{{{_LIGHT}}}}}"
    "body{margin:0;background:var(--paper);color:var(--ink)}"
    "main.headgate{max-width:76rem;margin:0 auto;padding:2rem 1.25rem 1rem;font-size:15px}"
    "footer.headgate{max-width:76rem;margin:0 auto;padding:0 1.25rem 3rem}"
    "h1{font-size:1.7rem;line-height:1.2;margin:0 0 .5rem}footer dl{border-top:1px solid var(--line);"
    "padding-top:1rem;display:grid;grid-template-columns:max-content 1fr;gap:.15rem 1rem;overflow-wrap:anywhere}"
    "@media (max-width:40rem){footer dl{grid-template-columns:1fr}footer dd{margin-bottom:.35rem}}"
    "@page{margin:15mm}@media print{main.headgate.headgate,footer.headgate.headgate{max-width:none;padding:0}}"
)
"""Rules for a whole page."""
