"""A store with a cell of every status, from a plugin that is not to be trusted, and its report."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

import squeezebench as sb
from squeezebench.execution import STATUSES
from squeezebench.host import set_host
from squeezebench.report import write_report

from ...browser import Browser

#: What a plugin or a file may say to become part of the page rather than text on it.
ATTACK = '</script><script>window.attacked=1</script><img src=x onerror="window.attacked=2">'

#: The same without what a file's name cannot hold.
IMAGE = '<img src=x onerror="window.attacked=3">'

PLUGIN = '''
import os
import numpy as np
from pydantic import Field
import squeezebench as sb

ATTACK = {attack!r}


class Anyhow(sb.Solver):
    """Ends as its option says, after a course in closed form: precession about z."""

    name = "anyhow"
    summary = ATTACK

    class Options(sb.Options):
        end: str = Field(default="ok", description=ATTACK)

    def supports(self, problem, options):
        return sb.Support(options.end != "unsupported", ATTACK)

    def claim(self, problem, options):
        return sb.Claim("exact")

    def solve(self, problem, options, context):
        N, t = problem.N, problem.times
        s = problem.initial_state.bloch_vector(N)
        angle = problem.model.drive[2] * t * (1.05 if options.end == "wrong" else 1.0)
        x, y = s[0] * np.cos(angle) - s[1] * np.sin(angle), s[0] * np.sin(angle) + s[1] * np.cos(angle)
        vectors = np.stack([x, y, np.full_like(t, s[2])], axis=-1)
        spin = N / 2 * vectors
        covariance = N / 4 * (np.eye(3) - vectors[:, :, None] * vectors[:, None, :])
        if options.end == "error":
            raise ValueError(ATTACK)
        if options.end == "out_of_memory":
            raise MemoryError(ATTACK)
        if options.end == "crashed":
            print(ATTACK, flush=True)
            os._exit(7)
        if options.end == "timeout":
            raise sb.SolverError(ATTACK, status="timeout")
        if options.end in ("diverged", "unphysical"):
            return sb.Moments(spin, covariance, valid_until=t[len(t) // 2], status=options.end, reason=ATTACK)
        return sb.Moments(spin, covariance)


@sb.hookimpl
def squeezebench_solvers():
    return [Anyhow()]
'''


def turning() -> sb.Scenario:
    """Spins that turn about z at two N, by a solver that ends in every way, one of whose labels is an attack."""
    ends = [status for status in STATUSES if status != "ok"]
    specs = [
        sb.Spec("anyhow", label=f"fine {ATTACK}"),
        sb.Spec("anyhow", label="wrong", end="wrong"),
        sb.Spec("qutip"),
        "mean_field",
        *(sb.Spec("anyhow", label=end, end=end) for end in ends),
        sb.Spec("anyhow", end=IMAGE),  # as good as "ok", and its label has the option's value
    ]
    return sb.Scenario(
        name="turning",
        title=f"Spins that turn {ATTACK}",
        description=ATTACK,
        source=IMAGE,
        model={"type": "spin", "drive": [0, 0, 2.0], "rate_unit": "1/<i>s</i>"},
        expected=[{"quantity": "minimum_xi2", "at": {"N": 3}, "value": 1.0, "tolerance": 1e-3, "source": ATTACK}],
        axes={"N": [3, 4]},
        initial={"type": "coherent", "theta": 1.0, "phi": 0.3},
        times={"stop": 1.0, "num": 9},
        reductions=["minimum_xi2"],
        keep=["series"],
        solvers=specs,
    )


@pytest.fixture(scope="session")
def every_status(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Store of a run with at least one cell of each status."""
    site = tmp_path_factory.mktemp("site")
    (site / "anyhow.py").write_text(PLUGIN.format(attack=ATTACK))
    info = site / "anyhow-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: anyhow\nVersion: 1.0{IMAGE}\n")
    (info / "entry_points.txt").write_text("[squeezebench]\nanyhow = anyhow\n")
    folder = tmp_path_factory.mktemp("run") / f"results {IMAGE}"
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(site))
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        set_host(None)
        results = sb.run(turning(), store=folder)
        assert set(results.status.values.ravel().astype(str)) == set(STATUSES)
        yield folder
        set_host(None)
    from squeezebench.harness.pool import pool

    pool().close()


@pytest.fixture(scope="session")
def report(every_status: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_report(every_status, tmp_path_factory.mktemp("page") / "report.html")


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with Browser() as opened:
        yield opened
