"""Put the list of conformance checks into its page: ``python docs/update_checks.py``."""

from __future__ import annotations

import re
from pathlib import Path

PAGE = Path(__file__).with_name("conformance.md")

_LIST = re.compile(r"(<!-- list of checks: .*? -->\n).*?(<!-- end of list -->)", re.DOTALL)


def table() -> str:
    """The list as tables, a level each."""
    from squeezebench.testing import CHECKS_VERSION, checks

    lines = [f"\nVersion {CHECKS_VERSION}.\n"]
    for level in ("interface", "physics"):
        lines += [f"\n### {level.capitalize()}\n", "| check | what | holds for |", "|---|---|---|"]
        for entry in checks(level):
            summary = (
                entry.summary.replace("``", "`").replace("|⟨J⟩|", "the length of ⟨J⟩").replace("|J, M⟩", "Dicke states")
            )
            lines.append(f"| `{entry.name}` | {summary} | {entry.holds_for} |")
    return "\n".join(lines) + "\n\n"


def updated(page: str) -> str:
    """The page with its list made anew."""
    return _LIST.sub(lambda found: found[1] + table() + found[2], page)


if __name__ == "__main__":
    PAGE.write_text(updated(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
