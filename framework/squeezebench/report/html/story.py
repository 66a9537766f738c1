"""How every cell ended, and everything that it takes to make the numbers again."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

from squeezebench.execution import FAILED

from .markup import Cell, Panel, head, packed, table, text
from .material import Material

__all__ = ["provenance_panel", "status_panel"]

#: Rows of the table of reasons; the CSV has all.
MAX_ROWS = 300

_MEANS = {
    "ok": "the whole course",
    "unsupported": "the solver declines this problem: an answer, not a failure",
    "diverged": "the method left its own range; the part before is kept",
    "unphysical": "its moments can be those of no state; the part before is kept",
    "timeout": "the time limit has passed",
    "out_of_memory": "no memory, or killed for taking too much",
    "crashed": "the solver's process ended by a signal or an exit code",
    "error": "anything else that went wrong",
    "missing": "planned, and not there yet",
}


def status_panel(material: Material) -> Panel:
    """Counts, then every cell that is not ok with its reason."""
    judgements, labels = material.judgements, material.labels
    counts = Counter(j.status for j in judgements)
    overview: list[list[Cell | str]] = [
        [Cell(_name(s), kind="bad" if s in FAILED else ""), str(n), _MEANS.get(s, "")] for s, n in counts.most_common()
    ]
    rows: list[Any] = []
    csv: list[Any] = [["point", "solver", "status", "reason", "signal", "exit_code", "limit", "output", "key"]]
    for p, point in enumerate(material.points):
        for k, j in enumerate(material.at(p)):
            record = material.record(k, p)
            story = {} if record is None else record.provenance
            ended = story.get("ended") or {}
            output = str(story.get("output", ""))
            ends = [ended.get("signal") or "", ended.get("exit_code"), ended.get("limit") or ""]
            csv.append([point, labels[k], j.status, j.reason, *ends, output, "" if record is None else record.key])
            if j.status == "ok":
                continue
            kind = "bad" if j.status in FAILED else "open"
            words = zip(("signal", "exit code", "limit:"), ends, strict=True)
            said = " ".join(f"{name} {value}" for name, value in words if value)
            printed = f"it printed: {output.strip()[-400:]}" if output.strip() else ""
            why = Cell(j.reason or "no reason given", "; ".join(part for part in (said, printed) if part))
            rows.append([labels[k], point or "the only point", Cell(_name(j.status), kind=kind), why])
    body = table("How cells ended", ["status", "cells", "meaning"], overview)
    if rows:
        body += table("Cells that did not end ok", ["solver", "point", "status", "reason"], rows[:MAX_ROWS])
    note = f"The first {MAX_ROWS} of {len(rows)} reasons; the CSV has all." if len(rows) > MAX_ROWS else ""
    command = material.command("store failures", "{}")
    lead = "What became of each cell, and why where it is not ok."
    return Panel("statuses", "Statuses", lead, body, csv, command, note=note)


def _name(status: str) -> str:
    return status.replace("_", " ")


def provenance_panel(material: Material) -> Panel:
    """Versions, machine, seed, resolved options, the scenario itself."""
    from squeezebench.scenario import Scenario

    manifest = material.manifest
    records = list(material.records.values())
    machines = Counter(json.dumps(r.timing.get("machine") or {}, sort_keys=True) for r in records)
    facts = [
        ["scenario", str(manifest["name"])],
        ["run", str(manifest["id"])],
        ["made", str(manifest["created"])],
        ["seed", str(manifest["seed"])],
        ["tolerance", str(manifest["tolerance"])],
        ["kept", ", ".join(manifest["keep"]) or "reductions only"],
        *(["machine", ", ".join(f"{k}: {v}" for k, v in json.loads(m).items()) or "–"] for m in machines),
        ["versions", ", ".join(f"{name} {version}" for name, version in manifest["versions"].items())],
    ]
    solvers = [
        [
            str(s["label"]),
            f"{s['plugin']} {s['plugin_version']}",
            str(s["spec"].get("tier", "")),
            ", ".join(f"{k} = {v}" for k, v in s["options"].items()) or "none",
            str(s["summary"]),
        ]
        for s in manifest["solvers"]
    ]
    scenario = Scenario.from_dict(manifest["scenario"])
    toml = scenario.to_toml()
    name = f"{manifest['name'] or 'scenario'}.toml"
    body = table("The run", ["", ""], facts)
    body += table("Solvers", ["solver", "plugin", "tier", "options as resolved", "what it is"], solvers)
    body += (
        f"{head('Scenario')}<details><summary>{text(name)}</summary><pre tabindex=0>{text(toml)}</pre></details>"
        f'<p><button type=button data-file="scenario" data-name="{text(name)}">Save the scenario</button></p>'
        f'<script type="application/gzip;base64" id="file-scenario">{packed(toml)}</script>'
    )
    csv: list[Any] = [["what", "value"], *facts]
    csv += [[f"solver {s[0]}", f"{s[1]}; tier {s[2]}; {s[3]}"] for s in solvers]
    lead = "All that it takes to compute the same numbers again."
    return Panel("provenance", "Provenance", lead, body, csv, material.run_command)
