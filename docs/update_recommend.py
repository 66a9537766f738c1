"""Put measured tables into a page: ``python docs/update_recommend.py [evidence|trial|regions]``.

From the evidence and the trial that come with the package; ``regions``, which leaves them out, takes some minutes.
"""

from __future__ import annotations

import math
import random
import re
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from squeezebench.recommendation.cells import Evidence, shipped
from squeezebench.recommendation.leave_out import INNER, REGIONS, Tally, leave_out, tally
from squeezebench.recommendation.trial import Trial, read_trial

PAGE = Path(__file__).with_name("recommend.md")

#: Sections that are made anew: between these two comments.
_SECTION = re.compile(r"(<!-- measured: (?P<name>\w+) -->\n).*?(<!-- end -->)", re.DOTALL)


def updated(page: str, made: dict[str, str]) -> str:
    """The page with sections made anew; those that are not in `made` stay."""

    def section(match: re.Match[str]) -> str:
        return f"{match[1]}{made[match['name']]}\n{match[3]}" if match["name"] in made else match[0]

    return _SECTION.sub(section, page)


def evidence_section(evidence: Evidence) -> str:
    """What there is, and where it is from."""
    about = evidence.about
    kinds = Counter(cell.kind for cell in evidence.cells)
    machine = about["machine"]
    where = f"{machine['processor']}, {machine['cores']} cores"
    packages = ", ".join(f"{name} {about['versions'][name]}" for name in ("python", "numpy", "numba"))
    rows = []
    for spec in evidence.specs:
        cells = evidence.of(spec)
        times = [cell.seconds for cell in cells if math.isfinite(cell.seconds)]
        largest = max((cell.point.N for cell in cells if math.isfinite(cell.seconds)), default=0)
        count = Counter(cell.status for cell in cells)
        rows.append(
            (
                f"`{spec}`",
                str(len(times)),
                f"{largest}",
                f"{max(times, default=math.nan):.2g} s",
                ", ".join(f"{n} {status}" for status, n in sorted(count.items())),
            )
        )
    head = (
        f"{len(evidence.points)} points, {len(evidence.cells)} cells: {kinds['exact'] + kinds['own']} against the "
        f"master equation, {kinds['bounded']} bounded, {kinds['sampled']} of trajectories. {where}; {packages}; "
        f"{str(about['created'])[:10]}. Made by `{about['command']}`"
        f"{', ' + about['note'] if about.get('note') else ''}."
    )
    return f"{head}\n\n{table(('spec', 'timed cells', 'largest N', 'longest', 'how cells ended'), rows)}"


def trial_section(head: dict[str, Any], trials: Sequence[Trial]) -> str:
    """The table of the trial."""
    answered = [trial for trial in trials if trial.spec is not None]
    groups = [("all", answered)]
    for name in sorted({family(trial) for trial in answered}):
        groups.append((f"`{name}`", [trial for trial in answered if family(trial) == name]))
    for kind, text in KINDS.items():
        groups.append((text, [trial for trial in answered if trial.kind == kind]))
    rows = [(name, *scores(group)) for name, group in groups if group]
    refused = len(trials) - len(answered)
    outside = sum("outside" in trial.reason for trial in trials)
    slow = sum("takes too much" in trial.reason for trial in trials)
    first = (
        f"{len(trials)} questions at random points inside of the evidence (N, γ_s, Υ, χ, stop and a tolerance of "
        f"0.5 to 10 %, within 5 s), none of them measured before. Refused were {percent(refused, len(trials))}: "
        f"{slow} since what meets the tolerance takes longer, {outside} as outside, {refused - slow - outside} since "
        f"nothing is shown to meet it. The others were carried out and held against a reference. "
        f"`{head['command']}`, on {head['machine']['processor']}, {str(head['created'])[:10]}"
        f"{'; ' + head['note'] if head.get('note') else ''}."
    )
    header = ("of the answered", "number", "tolerance met", "seconds within 3×", "seconds in the interval")
    return f"{first}\n\n{table(header, rows)}"


KINDS = {
    "exact": "against the master equation",
    "own": "against nobody but itself (exact)",
    "bounded": "against other orders and trajectories",
    "statistics": "by its own standard errors (exact)",
}


def family(trial: Trial) -> str:
    """Spec without the number of trajectories."""
    return re.sub(r":n_trajectories=\d+", "", str(trial.spec))


def scores(trials: Sequence[Trial]) -> tuple[str, ...]:
    """Number, and the parts that met the tolerance, and whose time was foreseen."""
    timed = [trial for trial in trials if math.isfinite(trial.ratio)]
    near = sum(1 / 3 <= trial.ratio <= 3 for trial in timed)
    inside = sum(trial.low <= trial.taken <= trial.high for trial in timed)
    return (
        str(len(trials)),
        percent(sum(trial.met for trial in trials), len(trials)),
        percent(near, len(timed)),
        percent(inside, len(timed)),
    )


def region_section(tallies: Sequence[tuple[str, Tally]]) -> str:
    """The table of what was left out."""
    rows = []
    for name, t in tallies:
        rows.append(
            (
                name,
                str(t.asked),
                percent(t.asked - t.answered, t.asked),
                percent(t.met, t.known),
                percent(t.within, t.timed),
            )
        )
    text = (
        "The same evidence asked about its own points, with the point or its whole region left out of it (all points "
        "of the inner regions, a quarter for the others and for single points): at 1, 2, 5 and 10 %, up to a tenth, "
        "three tenths and all of each course, without a limit of time. What meets is known from the cell that was left "
        "out; of trajectories, two of its standard errors are to be within the tolerance."
    )
    header = ("left out", "questions", "refused", "tolerance met", "seconds within 3×")
    inner = [t for name, t in tallies if name in INNER]
    met, known, within, timed = (sum(getattr(t, key) for t in inner) for key in ("met", "known", "within", "timed"))
    together = (
        "Regions at the rim are refused whole: without them their points lie outside of the hull. In the five inner "
        f"ones together {percent(met, known)} of the answers whose truth is known met, and {percent(within, timed)} of "
        "times were within 3×."
    )
    return f"{text}\n\n{table(header, rows)}\n\n{together}"


def left_out(evidence: Evidence) -> list[tuple[str, Tally]]:
    """Tallies of single points, and of every region."""
    # At random: every third point of a Halton sequence has the same digit in one of its coordinates.
    some = random.Random(1).sample(evidence.points, len(evidence.points) // 4)
    found = [("a point", tally(leave_out(evidence, lambda p: lambda q: q == p, only=some)))]
    for name, region in REGIONS.items():
        # Of the rim a quarter is enough to see that it is refused.
        inside = [point for point in (evidence.points if name in INNER else some) if region(point)]
        found.append((name, tally(leave_out(evidence, lambda p, region=region: region, only=inside))))
    return found


def percent(part: int, whole: int) -> str:
    """Part of a whole, with both numbers."""
    return f"{100 * part / whole:.0f} % ({part} of {whole})" if whole else "–"


def table(header: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    """A table."""
    lines = [header, ("---",) + ("---:",) * (len(header) - 1), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


if __name__ == "__main__":
    evidence = shipped()
    sections = {
        "evidence": lambda: evidence_section(evidence),
        "trial": lambda: trial_section(*read_trial()),
        "regions": lambda: region_section(left_out(evidence)),
    }
    if not {*sys.argv[1:]} <= {*sections}:
        sys.exit(__doc__)
    made = {name: sections[name]() for name in sys.argv[1:] or sections}
    PAGE.write_text(updated(PAGE.read_text(encoding="utf-8"), made), encoding="utf-8")
