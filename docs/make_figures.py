"""Make the pictures of the README and the documentation from runs: ``python docs/make_figures.py [RESULTS]``."""

from __future__ import annotations

import sys
import warnings
from pathlib import Path

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np

import squeezebench as sb
from squeezebench.comparison import judge

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


def choosing(store: str) -> None:
    """How long each method can be trusted, and its error against its cost, from a run of docs/choosing.toml."""
    results = sb.load(store, "choosing")
    judgements = judge(results)
    solvers = [str(label) for label in results.solver.values]
    sizes, drives = results.N.values, results.upsilon_ratio.values
    share = np.full((len(solvers), len(drives), len(sizes)), np.nan)
    end = float(results.time[-1])
    for j in judgements:
        where = (
            solvers.index(j.solver),
            drives.tolist().index(j.point["upsilon_ratio"]),
            sizes.tolist().index(j.point["N"]),
        )
        share[where] = 1.0 if j.is_reference or j.good_until == np.inf else np.nan_to_num(j.good_until) / end
    shown = [k for k, name in enumerate(solvers) if not name.startswith("mcwf")]
    figure, panels = plt.subplots(1, len(shown), figsize=(8, 2.3), sharey=True, layout="constrained")
    for k, axes in zip(shown, panels, strict=True):
        axes.imshow(share[k], cmap="cividis", vmin=0, vmax=1, aspect="auto")
        for i, n in np.ndindex(*share[k].shape):
            value = share[k, i, n]
            axes.text(
                n, i, f"{100 * value:.0f}", ha="center", va="center", color="k" if value > 0.5 else "w", fontsize=8
            )
        axes.set_title(solvers[k], fontsize=8)
        axes.set_xticks(range(len(sizes)), sizes, fontsize=8)
        axes.set_yticks(range(len(drives)), drives, fontsize=8)
        axes.set_xlabel("$N$", fontsize=8)
    panels[0].set_ylabel(r"$\Upsilon/\Upsilon_c$", fontsize=8)
    figure.savefig(STATIC / "choosing_validity.svg", metadata={"Date": None})
    plt.close(figure)

    figure, axes = plt.subplots(figsize=(6.4, 3.6), layout="constrained")
    colours = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#000000", "#E69F00")
    markers = "ov^sD*"
    for k, name in enumerate(solvers):
        mine = [j for j in judgements if j.solver == name and not j.is_reference and j.point["upsilon_ratio"] == 0.9]
        if not mine or any(j.timing_grade == "batch" for j in mine):
            continue
        work = [j.seconds for j in mine]
        error = [j.deviations["xi2"]["relative_deviation"] for j in mine]
        axes.loglog(work, error, marker=markers[k], color=colours[k], lw=0.8, label=name)
        for j, x, y in zip(mine, work, error, strict=True):
            axes.annotate(str(j.point["N"]), (x, y), xytext=(4, 3), textcoords="offset points", fontsize=7)
    exact = [j for j in judgements if j.solver == "permutational" and j.point["upsilon_ratio"] == 0.9]
    for j in exact:
        axes.axvline(j.seconds, color="0.7", lw=0.8, zorder=0)
        axes.text(j.seconds, 1e-6, f" exact, N = {j.point['N']}", rotation=90, fontsize=7, color="0.3", va="bottom")
    axes.set(xlabel="seconds", ylabel=r"worst $|\Delta\xi^2|/\xi^2$ while it stands by its values")
    figure.legend(frameon=False, fontsize=8, loc="outside upper center", ncols=3)
    axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(STATIC / "choosing_work.svg", metadata={"Date": None})
    plt.close(figure)


def maps() -> None:
    """The two validity maps that come with the package."""
    from squeezebench.evidence import stored_map
    from squeezebench.report import save
    from squeezebench.report.validity_map import validity_figure

    for name in ("validity_size", "validity_drive"):
        save(validity_figure(stored_map(name)), STATIC / f"{name}.svg")


if __name__ == "__main__":
    mpl.rcParams["svg.hashsalt"] = "squeezebench"  # the same picture gives the same file
    STATIC.mkdir(exist_ok=True)
    if sys.argv[1:]:  # a folder of results of: squeezebench run docs/choosing.toml --threads 1 --timing 3 -o FOLDER
        choosing(sys.argv[1])
    else:
        quickstart()
        instability()
        maps()
