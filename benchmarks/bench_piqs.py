"""QuTiP's PIQS, with the rows and columns inside the J blocks only and as it is: time, memory, error."""

from __future__ import annotations

import numpy as np
import qutip  # noqa: F401  # needed by each process anyway; imported here, a forking launcher imports it once

from . import common


class Evolution:
    """u = 0.9, γ_s/Γ = 4, to Γt = 0.25, building of the Liouvillian included. Nothing here is compiled."""

    params = ((20, 40, 60), ("restricted", "stock"))
    param_names = ("N", "form")
    rounds = common.ROUNDS
    repeat = (1, 5, 5.0)
    warmup_time = 0.0
    min_run_count = 1

    def setup(self, N: int, form: str) -> None:
        self.call = _prepare(N, form)

    def time_solve(self, N: int, form: str) -> None:
        self.call()


class Memory:
    """The same; building takes most of it."""

    params = ((20, 60), ("restricted", "stock"))
    param_names = ("N", "form")

    def setup(self, N: int, form: str) -> None:
        self.call = _prepare(N, form)

    def peakmem_solve(self, N: int, form: str) -> None:
        self.call()


class Accuracy:
    """Against the closed form of one-axis twisting with emission and dephasing; its own floor is 5e-5."""

    params = (6, 20, 40)
    param_names = ("N",)

    def setup(self, N: int) -> None:
        problem = common.twisting(N, 11, emission=1.0, dephasing=0.5)
        moments = common.prepare("one_axis_twisting", problem)()
        self.reference = np.asarray(N * common.xi2(moments.spin, moments.covariance))
        self.call = common.prepare("piqs", problem, "tight", warm=common.driven(4, 0.25))

    def track_error(self, N: int) -> float:
        return common.xi2_error(self.call(), self.reference, N)

    track_error.unit = "relative error of xi2"  # type: ignore[attr-defined]  # how asv takes it


def _prepare(N: int, form: str) -> common.Call:
    if (N, form) == (60, "stock"):
        raise NotImplementedError("60 spins in all pairs of Dicke states take a minute and 2 GB")
    return common.prepare("piqs", common.driven(N, 0.25), warm=common.driven(4, 0.25), restrict=form == "restricted")
