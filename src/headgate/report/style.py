"""The one style of everything that headgate shows: light, dark, and readable where it is stripped."""

from __future__ import annotations

__all__ = ["DARK", "LIGHT", "STYLE"]

LIGHT = (
    "--paper:#fff;--ink:#1c2430;--soft:#5b6675;--line:#d9dfe7;--panel:#f5f7fa;--good:#0b6b3a;--good-bg:#e5f4ea;"
    "--bad:#a3201d;--bad-bg:#fbe9e7;--warn:#8a5a00;--warn-bg:#fdf3dc;--accent:#1f4fa3"
)
DARK = (
    "--paper:#12161c;--ink:#e4e9f0;--soft:#9aa6b5;--line:#2d3642;--panel:#1a2029;--good:#7fd6a2;--good-bg:#12301f;"
    "--bad:#ff9c93;--bad-bg:#3a1917;--warn:#f0c674;--warn-bg:#352a10;--accent:#8fb4ff"
)
# A notebook has a theme of its own, which may differ from the system's: JupyterLab, Colab and VS Code say which.
_NOTEBOOK_DARK = ('[data-jp-theme-light="false"]', 'html[theme="dark"]', "body.vscode-dark", 'body[data-theme="dark"]')
_NOTEBOOK_LIGHT = ('[data-jp-theme-light="true"]', "body.vscode-light", 'body[data-theme="light"]')


def _themes(selectors: tuple[str, ...], colours: str) -> str:
    return f"{','.join(f'{selector} .headgate' for selector in selectors)}{{{colours}}}"


_RULES = f"""
.headgate{{{LIGHT};color:var(--ink);font:14px/1.5 system-ui,sans-serif}}
@media (prefers-color-scheme:dark){{.headgate{{{DARK}}}}}
{_themes(_NOTEBOOK_DARK, DARK)}
{_themes(_NOTEBOOK_LIGHT, LIGHT)}
""" + (
    ".headgate *{box-sizing:border-box}"
    ".headgate p{margin:.25rem 0 .75rem}.headgate a{color:var(--accent)}"
    ".headgate h3{font-size:1.05rem;font-weight:600;margin:1.5rem 0 .5rem}"
    ".headgate .card h3{font-size:.95rem;margin:0 0 .5rem}.headgate h4{font-size:.9rem;margin:.8rem 0 .25rem}"
    ".headgate .lead{font-size:1.05rem;max-width:52rem}.headgate .soft{color:var(--soft)}"
    ".headgate table{border-collapse:collapse;table-layout:auto;width:100%;font-size:.9rem;margin:.25rem 0 .75rem;"
    "color:var(--ink)}"
    ".headgate th,.headgate td{text-align:left;vertical-align:top;padding:.35rem .6rem;"
    "border:0;border-bottom:1px solid var(--line);background:none;white-space:normal;max-width:44rem}"
    ".headgate thead th{color:var(--soft);font-weight:600}.headgate tbody th{font-weight:600}"
    ".headgate tr{background:none}"
    ".headgate td.number,.headgate th.number{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}"
    ".headgate .nowrap{white-space:nowrap}.headgate caption{text-align:left;color:var(--soft);padding:.25rem 0}"
    ".headgate .scroll{overflow-x:auto}.headgate img{max-width:100%;height:auto;display:block;margin:.25rem 0 .75rem}"
    ".headgate .pair{display:grid;grid-template-columns:1fr 1fr;gap:1rem}"
    "@media (max-width:52rem){.headgate .pair{grid-template-columns:1fr}}"
    ".headgate .card{background:var(--panel);border:1px solid var(--line);border-radius:.5rem;"
    "padding:.75rem .9rem;min-width:0}"
    ".headgate .text{white-space:pre-wrap;overflow-wrap:anywhere;margin:.15rem 0 .6rem;padding-left:.7rem;"
    "border-left:3px solid var(--line)}"
    ".headgate .text.bad{border-color:var(--bad)}.headgate .text.good{border-color:var(--good)}"
    ".headgate .badge{display:inline-block;border-radius:.3rem;padding:0 .4rem;font-size:.8rem;font-weight:600;"
    "white-space:nowrap}"
    ".headgate .badge.good{color:var(--good);background:var(--good-bg)}"
    ".headgate .badge.bad{color:var(--bad);background:var(--bad-bg)}"
    ".headgate .badge.warn{color:var(--warn);background:var(--warn-bg)}"
    ".headgate code{font:.85em ui-monospace,monospace;overflow-wrap:anywhere;color:inherit;background:none;padding:0}"
    ".headgate pre{margin:0;white-space:pre-wrap;overflow-wrap:anywhere;color:inherit;background:none}"
    ".headgate del{color:var(--bad);background:var(--bad-bg)}"
    ".headgate ins{color:var(--good);background:var(--good-bg);text-decoration:none;font-weight:600}"
    ".headgate .hidden{font:.75em ui-monospace,monospace;border:1px dashed var(--warn);color:var(--warn);"
    "padding:0 .15rem}"
    ".headgate .figures{display:flex;flex-wrap:wrap;gap:1rem;margin:1rem 0}.headgate .figure{flex:1 1 11rem}"
    ".headgate .figure b{display:block;font-size:1.6rem;line-height:1.2;font-variant-numeric:tabular-nums}"
)
# A notebook has rules for every table and code; the class said three times outweighs them.
STYLE = _RULES.replace(".headgate ", ".headgate.headgate.headgate ")
"""Rules for everything inside an element of the class `headgate`."""
