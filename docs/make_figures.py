"""Make the pictures of the README and the documentation from runs: ``python docs/make_figures.py``."""

from __future__ import annotations

import warnings
from pathlib import Path

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np

import squeezebench as sb

STATIC = Path(__file__).parent / "_static"

#: Okabe and Ito's colours, which colour-blind readers can tell apart; line styles tell them apart in print.
STYLES = {
    "mean_field": ("mean field", "#E69F00", "--", 1.4),
    "cumulant(order=2)": ("cumulants, order 2", "#56B4E9", "-.", 1.6),
    "cumulant(order=3)": ("cumulants, order 3", "#009E73", ":", 2.2),
    "permutational": ("master equation (exact)", "#000000", "-", 1.2),
}


def quickstart() -> None:
    """ξ² and N_eff over time of the larger ensemble of `quickstart`, by every solver that has a value there."""
    results = sb.run("quickstart").isel(N=-1)
    N = int(results.N)
    figure, (above, below) = plt.subplots(
        2, 1, sharex=True, figsize=(6.4, 4.6), height_ratios=(3, 2), layout="constrained"
    )
    for solver, (label, colour, line, width) in STYLES.items():
        course = results.sel(solver=solver)
        above.plot(course.time, course.xi2_db, line, color=colour, lw=width, label=label)
        below.plot(course.time, course.n_eff, line, color=colour, lw=width)
    above.axhline(0, color="0.6", lw=0.8)
    above.set_ylabel(r"$\xi^2$ / dB")
    above.set_title(rf"$N = {N}$ driven spins, $\Upsilon/\Upsilon_c = 0.9$, $\gamma_s = 4\,\Gamma$", fontsize=10)
    above.legend(frameon=False, fontsize=8, ncols=2)
    critical = 0.9 * N
    below.axhline(critical, color="0.3", lw=0.8)
    below.text(0, critical, r" $N_c$", ha="left", va="bottom", fontsize=9)
    below.set_ylabel(r"$N_\mathrm{eff}$")
    below.set_xlabel(r"$\Gamma t$")
    below.set_xlim(0, float(results.time[-1]))
    for axes in (above, below):
        axes.spines[["top", "right"]].set_visible(False)
    above.set_ylim(-1.8, 2.2)
    figure.savefig(STATIC / "quickstart.svg", metadata={"Date": None})
    plt.close(figure)


def instability() -> None:
    """Squeezing that lasts for ever, and what orders 2, 3 and 4 make of it; where the solver ends each."""
    N = 2000
    model = sb.SpinModel.driven_cavity(N=N, upsilon_ratio=0.9)
    problem = sb.Problem(model, times=np.linspace(0, 1.2, 1201))
    exact = float(sb.steady_state(model).xi2[0])
    figure, axes = plt.subplots(figsize=(6.4, 3.2), layout="constrained")
    axes.axhline(exact, color="#000000", lw=1.2, label="steady state, exact")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", sb.SqueezebenchWarning)
        for order, colour, line in ((2, "#0072B2", "-"), (3, "#D55E00", "--"), (4, "#009E73", "-.")):
            free = sb.solve(problem, "cumulant", order=order, guard="none")
            axes.plot(free.time, free.xi2, line, color=colour, lw=1.4, label=f"order {order}, left alone")
            guarded = sb.solve(problem, "cumulant", order=order)
            end = float(guarded.valid_until)
            axes.plot(end, float(guarded.xi2.sel(time=end, method="nearest")), "o", color=colour, ms=6, mfc="white")
    axes.plot([], [], "o", color="0.3", mfc="white", label="the solver stops here: orders part")
    axes.axhline(1.0, color="0.6", lw=0.8)
    axes.set(yscale="log", xlim=(0, 1.2), ylim=(0.2, 30), xlabel=r"$\Gamma t$", ylabel=r"$\xi^2$")
    axes.set_title(rf"$N = {N}$, $\Upsilon/\Upsilon_c = 0.9$, $\gamma_s = 0$", fontsize=10)
    axes.legend(frameon=False, fontsize=8, loc="upper left")
    axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(STATIC / "instability.svg", metadata={"Date": None})
    plt.close(figure)


if __name__ == "__main__":
    mpl.rcParams["svg.hashsalt"] = "squeezebench"  # the same picture gives the same file
    STATIC.mkdir(exist_ok=True)
    quickstart()
    instability()
