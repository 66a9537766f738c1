"""Figures of the shared scenarios, drawn from small runs: what they show is what the runs hold."""

from __future__ import annotations

import numpy as np
import pytest

import squeezebench as sb
from squeezebench.report import draw
from squeezebench.scenario import builtin

SMALL = {
    "oat_decoherence": {"axes": {"N": [6]}, "solvers": ["one_axis_twisting", "cumulant:order=2"]},
    "dicke_burst": {"axes": {"N": [6, 10]}, "solvers": ["permutational", "cumulant:order=2", "mcwf:n_trajectories=20"]},
    "superradiant_laser": {"axes": {"N": [6], "pump_ratio": [0.25, 0.5]}, "solvers": ["permutational"]},
    "two_axis_noise": {"axes": {"N": [6]}, "solvers": ["permutational", "cumulant:order=2"]},
    "boundary_time_crystal": {"axes": {"N": [6]}, "solvers": ["permutational", "mean_field"]},
    "number_fluctuations": {
        "axes": {"mean_number": [16], "offset": [-1, 0, 1]},
        "solvers": ["permutational", "cumulant:order=2"],
    },
    "sequence_hold": {"axes": {"open": [0, 1], "N": [6]}, "solvers": ["permutational", "mean_field"]},
    "cavity_kept": {"axes": {"N": [4], "ratio": [25, 100]}},
}


@pytest.mark.parametrize("name", SMALL)
def test_a_figure_of_the_set_shows_its_runs_and_marks_expected_values(name):
    results = sb.run(builtin(name).replace(**SMALL[name]))
    figure = draw(name, {name: results})
    lines = [line for axes in figure.axes for line in axes.lines]
    shown = [np.asarray(line.get_ydata(), dtype=float) for line in lines]
    assert any(np.isfinite(values).sum() > 1 for values in shown)
    marked = [line for line in lines if line.get_marker() == "o" and line.get_markerfacecolor() == "none"]
    here = [e for e in sb.check_expected(results) if np.isfinite(e.measured)]
    assert bool(marked) == bool(here)


def test_the_bistable_figure_has_the_fold_the_metastable_state_and_the_true_one():
    few = {"N": [6], "upsilon_ratio": [0.5, 0.62, 0.74]}
    data = {
        "crf_bistability": sb.run(builtin("crf_bistability").replace(axes=few, solvers=["permutational"])),
        "crf_bistability_branches": sb.run(
            builtin("crf_bistability_branches").replace(axes={"upsilon_ratio": [0.3, 0.5, 0.6, 0.7, 0.8]})
        ),
        "crf_bistability_courses": sb.run(
            builtin("crf_bistability_courses").replace(
                model={"type": "driven_cavity", "N": 6, "upsilon_ratio": 0.66, "gamma_s": 0.03},
                times={"stop": 5, "num": 21},
                solvers=["permutational", "mcwf:n_trajectories=8"],
            )
        ),
    }
    figure = draw("crf_bistability", data)
    first = figure.axes[0]
    labels = [line.get_label() for line in first.lines]
    assert "true steady state, $N = 6$" in labels
    metastable = next(line for line in first.lines if str(line.get_label()).startswith("metastable"))
    assert max(metastable.get_xdata()) < 0.7142  # it ends at the fold
    assert np.nanmin(metastable.get_ydata()) < 0.8
