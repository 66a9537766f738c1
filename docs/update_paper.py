"""Put the verdicts of the stored claims into docs/paper.md: ``python docs/update_paper.py``."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

PAGE = Path(__file__).with_name("paper.md")


def findings() -> list[dict[str, Any]]:
    """What ``squeezebench claims`` finds."""
    command = [sys.executable, "-m", "squeezebench", "claims", "--json"]
    done = subprocess.run(command, capture_output=True, check=True, encoding="utf-8")
    found: list[dict[str, Any]] = json.loads(done.stdout)["findings"]
    return found


def table(found: list[dict[str, Any]]) -> str:
    """Rows of claim, statement and verdict."""
    rows = [f"| `{row['name']}` | {row['statement']} ({row['place']}) | {row['verdict']} |" for row in found]
    return "\n".join(["| claim | the paper | verdict |", "|---|---|---|", *rows])


def updated(page: str, found: list[dict[str, Any]]) -> str:
    """The page with its table made anew."""
    return re.sub(
        r"(<!-- claims -->\n).*?(<!-- end -->)", lambda m: f"{m[1]}{table(found)}\n{m[2]}", page, flags=re.DOTALL
    )


if __name__ == "__main__":
    PAGE.write_text(updated(PAGE.read_text(encoding="utf-8"), findings()), encoding="utf-8")
