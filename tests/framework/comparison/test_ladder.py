"""The reference ladder: what is claimed and checked decides, never who agrees best."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

import squeezebench as sb
from squeezebench.comparison import judge
from squeezebench.comparison.budget import with_refinements
from squeezebench.comparison.judge import reference_among, rung_of, spread_of
from squeezebench.comparison.view import View


def view(label: str, error: float, tier: str = "default", **changes: object) -> View:
    """A squeezed result at three times, off by a relative error in everything."""
    T = 3
    values = {
        "xi2": np.full(T, 0.5 * (1 + error)),
        "spin": np.tile([0.0, 0.0, -10.0 * (1 + error)], (T, 1)),
        "covariance": np.tile(np.eye(3) * (1 + error), (T, 1, 1)),
        "n_eff": np.full(T, 20.0),
    }
    tiers = {"fast": 1e-3, "default": 1e-5, "tight": 1e-8}
    base = View(
        label, 20.0, np.arange(float(T)), values, accuracy="exact", tier_error=tiers[tier], tier=tier, solver="m"
    )
    return dataclasses.replace(base, **changes)  # type: ignore[arg-type]


def test_a_closed_form_comes_first_and_a_sampled_result_last() -> None:
    formula = view("formula", 0.0, "fast", closed_form=True, solver="f")
    steps = view("steps", 0.0, "tight", solver="s")
    sampled = view("sampled", 0.0, "tight", sampled=True, solver="q")
    order = [sampled, steps, formula]
    found = []
    while order:
        best = reference_among(order)
        assert best is not None
        found.append((best.label, rung_of(best)))
        order.remove(best)
    assert found == [("formula", "closed form"), ("steps", "exact"), ("sampled", "sampled")]
    assert rung_of(None) == "no reference"


def test_refinement_is_the_budget_and_what_contradicts_itself_comes_last() -> None:
    coarse, fine = with_refinements([view("coarse", 1e-6), view("fine", 0.0, "tight")])
    assert (coarse.checked, fine.checked) == (True, True)
    np.testing.assert_allclose(coarse.refinement["xi2"], 2e-6 + 1e-8, rtol=1e-3)
    bad, worse = with_refinements([view("coarse", 1e-3), view("fine", 0.0, "tight")])
    assert (bad.checked, worse.checked) == (False, False)
    honest = view("honest", 0.0, solver="other")
    assert reference_among([bad, worse, honest]) is honest
    assert rung_of(worse) == "exact, not converged"


def test_without_an_exact_result_the_methods_spread_is_said() -> None:
    a = view("a", 0.0, accuracy="asymptotic")
    b = view("b", 0.05, accuracy="asymptotic")
    assert reference_among([a, b]) is None
    assert spread_of([a, b])["xi2"] == pytest.approx(0.05 / 1.05)


def test_run_refines_what_is_exact_and_says_so() -> None:
    scenario = sb.Scenario(
        name="refined",
        model={"type": "driven_cavity", "N": 4, "upsilon_ratio": 0.9, "gamma_s": 1.0},
        times={"stop": 0.5, "num": 4},
    )
    results = sb.run(scenario, ["mean_field", "permutational", "qutip"], refine=True, isolate=False)
    labels = results.solver.values.tolist()
    assert labels == ["mean_field", "permutational", "permutational(tier=tight)", "qutip", "qutip(tier=tight)"]
    rows = {row.solver: row for row in judge(results)}
    assert rows["qutip"].rung == "exact, refined"
    assert not any(row.broken for row in rows.values())
    basis = sb.compare(results).basis.sel(observable="xi2", solver="permutational", solver_="qutip").item()
    assert basis == "refinement"
    with pytest.raises(sb.InvalidOptionError, match="refine = 1"):
        sb.run(scenario, refine=1)  # type: ignore[arg-type]


def test_closed_forms_say_so() -> None:
    model = sb.SpinModel.driven_cavity(N=10, upsilon_ratio=0.5)
    ds = sb.compare(sb.steady_state(model), sb.steady_state(model, "permutational"))
    assert (ds.verdict.values == "agree").all()
    with pytest.raises(sb.InvalidOptionError, match="closed_form"):
        sb.Claim("exact", closed_form=1)  # type: ignore[arg-type]
