"""Fig. 1(d): the distribution of the squeezed steady state on the Bloch sphere, and about its mean direction."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from squeezebench.errors import InvalidOptionError
from squeezebench.report.figure import FigureSpec
from squeezebench.report.style import BLACK, COLOURS, GREY, panel_label

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["FIGURE"]

Array = NDArray[np.float64]

#: The paper's pink, the nearest of the palette.
_PINK = COLOURS[3]
#: Where the camera is, relative to the mean direction: azimuth before it, and elevation above the equator, radians.
_ASIDE, _ABOVE = 0.6, 0.15
#: Picture elements across the sphere.
_PIXELS = 400
#: Contours of Q, relative to its maximum: 1 and 2 standard deviations of a Gaussian.
_LEVELS = (math.exp(-2.0), math.exp(-0.5))


def draw(canvas: Figure, data: Mapping[str, xr.Dataset]) -> None:
    """Q on the sphere, seen from the side of ⟨J⟩, and in the plane normal to it beside a coherent state's."""
    cell = _with_states(data["fig1d"])
    sphere, plane = canvas.subplots(1, 2, width_ratios=(1.15, 1))
    mean = cell.spin.values.reshape(-1, 3)[-1]
    if not np.linalg.norm(mean) > 0:
        raise InvalidOptionError("fig1d: the mean spin vanishes, and with it the direction to look from")
    mean = mean / np.linalg.norm(mean)
    _draw_sphere(sphere, cell, mean)
    _draw_plane(plane, cell, mean)
    panel_label(sphere, "(a)", x=-0.02)
    panel_label(plane, "(b)")


def _with_states(results: xr.Dataset) -> xr.Dataset:
    """First cell of the run that has a state."""
    if "state_J" in results:
        dims = list(results.status.dims)
        for where in np.ndindex(*(results.sizes[dim] for dim in dims)):
            cell = results.isel(dict(zip(dims, where, strict=True)))
            if np.isfinite(cell.state_J.values).any():
                return cell
    raise InvalidOptionError("fig1d: no cell of the run has a state: run it with a solver and keep that give states")


def _q(cell: xr.Dataset, points: Array) -> Array:
    """Q at points (..., 3) of the unit sphere, from a fine grid of polar angles and azimuths."""
    from scipy.interpolate import RegularGridInterpolator

    from squeezebench.observables.husimi import husimi

    # A coherent state's Q has the width √(2/N): 361 × 721 points are fine up to some thousands of spins.
    theta, phi = np.linspace(0, math.pi, 361), np.linspace(-math.pi, math.pi, 721)
    grid = RegularGridInterpolator((theta, phi), husimi(cell, -1, theta[:, None], phi[None, :]))
    x, y, z = np.moveaxis(points, -1, 0)
    values: Array = grid(np.stack([np.arctan2(np.hypot(x, y), z), np.arctan2(y, x)], axis=-1))
    return values


def _draw_sphere(axes: Axes, cell: xr.Dataset, mean: Array) -> None:
    """Orthographic view, with the equator, two meridians and the axes."""
    from matplotlib.colors import LinearSegmentedColormap

    azimuth = math.atan2(mean[1], mean[0]) - _ASIDE
    right = np.array([-math.sin(azimuth), math.cos(azimuth), 0.0])
    ahead = np.array([math.cos(azimuth) * math.cos(_ABOVE), math.sin(azimuth) * math.cos(_ABOVE), math.sin(_ABOVE)])
    up = np.cross(ahead, right)

    across = np.linspace(-1, 1, _PIXELS)
    a, b = np.meshgrid(across, across)
    inside = a**2 + b**2 <= 1
    depth = np.sqrt(np.clip(1 - a**2 - b**2, 0, None))
    points = a[..., None] * right + b[..., None] * up + depth[..., None] * ahead
    values = np.where(inside, _q(cell, points), np.nan)
    shade = np.where(inside, 0.93 - 0.13 * (1 - depth) ** 1.5, np.nan)
    extent = (-1.0, 1.0, -1.0, 1.0)
    picture: dict[str, Any] = {"extent": extent, "origin": "lower", "interpolation": "bilinear"}
    axes.imshow(shade, cmap="gray", vmin=0, vmax=1, **picture)
    pink = LinearSegmentedColormap.from_list("pink", [(*_rgb(_PINK), 0.0), (*_rgb(_PINK), 1.0)])
    axes.imshow(values / np.nanmax(values), cmap=pink, vmin=0, vmax=1, **picture)

    turn = np.linspace(0, 2 * math.pi, 361)
    circle, zero = np.stack([np.cos(turn), np.sin(turn)]), np.zeros_like(turn)
    axes.plot(*circle, color=BLACK, lw=0.7)
    for line in (
        np.stack([circle[0], circle[1], zero], axis=-1),
        np.stack([circle[0], zero, circle[1]], axis=-1),
        np.stack([zero, circle[0], circle[1]], axis=-1),
    ):
        front = line @ ahead >= 0
        for part, style in ((front, {"lw": 0.5}), (~front, {"lw": 0.4, "ls": (0, (2, 2)), "alpha": 0.6})):
            shown = np.where(part[:, None], np.stack([line @ right, line @ up], axis=-1), np.nan)
            axes.plot(*shown.T, color=GREY, **style)
    for unit, label in zip(np.eye(3), "xyz", strict=True):
        if unit @ ahead > 0:  # an axis that points away is hidden by the sphere
            foot = np.array([unit @ right, unit @ up])
            tip = foot * (1 + 0.22 / max(float(np.linalg.norm(foot)), 0.2))
            axes.annotate("", tuple(tip), tuple(foot), arrowprops=_arrow("-|>"), annotation_clip=False)
            x, y = tip + 0.1 * (tip - foot) / np.linalg.norm(tip - foot)
            axes.text(x, y, f"${label}$", ha="center", va="center")
    foot = np.array([mean @ right, mean @ up])
    axes.plot(*foot, marker=".", ms=3, color=BLACK)
    axes.text(foot[0] + 0.16, foot[1] + 0.02, r"$\langle\mathbf{J}\rangle$", ha="left", va="center", fontsize=7)
    axes.set_xlim(-1.2, 1.2)
    axes.set_ylim(-1.1, 1.4)
    axes.set_aspect("equal")
    axes.axis("off")


def _draw_plane(axes: Axes, cell: xr.Dataset, mean: Array) -> None:
    """Contours about the mean direction, angles from it along e_φ and e_θ; a coherent state's are circles."""
    N = float(cell.n_spins)
    x, y = mean[:2] / (np.hypot(*mean[:2]) or 1.0)
    along_phi = np.array([-y, x, 0.0]) if np.hypot(x, y) > 0 else np.array([0.0, 1.0, 0.0])
    along_theta = np.cross(along_phi, mean)
    # cos^(2N)(α/2) falls to each level at this angle α.
    radii = [2 * math.acos(level ** (1 / (2 * N))) for level in _LEVELS]
    reach = min(2.0 * radii[0], math.pi)
    across = np.linspace(-reach, reach, 161)
    a, b = np.meshgrid(across, across)
    angle = np.hypot(a, b)
    offset = a[..., None] * along_phi + b[..., None] * along_theta
    directions = np.cos(angle)[..., None] * mean + np.sinc(angle / math.pi)[..., None] * offset
    values = _q(cell, directions)
    values /= values.max()
    axes.contourf(a, b, values, levels=[*_LEVELS, 1.001], colors=[_lighter(_PINK, 0.55), _PINK])
    turn = np.linspace(0, 2 * math.pi, 181)
    for radius in radii:
        axes.plot(radius * np.cos(turn), radius * np.sin(turn), color=GREY, lw=0.7, ls="--")
    squeezed = cell.squeezed_axis.values.reshape(-1, 3)[-1]
    if np.isfinite(squeezed).all():
        tip = 0.8 * reach * np.array([squeezed @ along_phi, squeezed @ along_theta])
        axes.annotate("", tuple(tip), tuple(-tip), arrowprops=_arrow("<->"))
    xi2 = float(cell.xi2.values.ravel()[-1])
    axes.set_title(rf"$N = {N:g}$, $\xi^2 = {xi2:.3f}$ ({10 * math.log10(xi2):.1f} dB)".replace("-", "−"))
    axes.set_xlabel(r"angle along $\mathbf{e}_\phi$ (rad)")
    axes.set_ylabel(r"angle along $\mathbf{e}_\theta$ (rad)")
    axes.set_aspect("equal")
    axes.set_xlim(-reach, reach)
    axes.set_ylim(-reach, reach)
    axes.text(0.97, 0.03, "dashed: coherent", transform=axes.transAxes, ha="right", va="bottom", color=GREY, fontsize=7)


def _arrow(style: str) -> dict[str, Any]:
    return {"arrowstyle": style, "lw": 0.6, "color": BLACK, "shrinkA": 0, "shrinkB": 0}


def _rgb(colour: str) -> tuple[float, float, float]:
    from matplotlib.colors import to_rgb

    r, g, b = to_rgb(colour)
    return r, g, b


def _lighter(colour: str, by: float) -> tuple[float, ...]:
    return tuple(1 - (1 - part) * (1 - by) for part in _rgb(colour))


FIGURE = FigureSpec(
    title="Husimi function of the squeezed collective steady state on the Bloch sphere",
    draw=draw,
    scenarios=("fig1d",),
    size=(5.2, 2.5),
    keep=("series", "states"),
)
