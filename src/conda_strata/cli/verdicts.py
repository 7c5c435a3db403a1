"""How checks went, in columns on stdout.

A table of rich's would cut or fold a path that is wider than its column. Here such a word stays
whole, so that it can be copied.
"""

from __future__ import annotations

_VERDICTS = {
    "ok": ("✓ ok", "green"),
    "warning": ("! warn", "yellow"),
    "problem": ("✗ fail", "bold red"),
}


def show(level: str, check: str, what: str, fix: str) -> None:
    """Print on stdout how a check went, in columns, with the fix below."""
    import textwrap

    from rich.console import Console
    from rich.text import Text

    from conda_strata.cli import escape

    label, style = _VERDICTS[level]
    terminal = Console(highlight=False)
    indent = " " * 22
    lines = textwrap.wrap(
        f"{label:<7} {escape.line(check):<13} {escape.line(what)}",
        terminal.width,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    )
    if fix:
        lines += textwrap.wrap(
            f"→ {escape.line(fix)}",
            terminal.width,
            initial_indent=indent,
            subsequent_indent=f"{indent}  ",
            break_long_words=False,
            break_on_hyphens=False,
        )
    # A line may begin anywhere in a text now, even with a command of GitHub's.
    text = Text(escape.printed("\n".join(lines)))
    text.stylize(style, 0, len(label))
    terminal.print(text, soft_wrap=True)
