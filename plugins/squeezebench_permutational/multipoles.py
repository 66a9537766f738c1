"""The generator on states as multipoles of each J."""

from __future__ import annotations

import math
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

import squeezebench as sb

from .layout import aligned_zeros
from .multipole_layout import MultipoleLayout, moment_scales
from .relay import Relay
from .tensors import Part, generator_parts, root

__all__ = ["MultipoleGenerator", "Tables"]

Array = NDArray[np.float64]

#: Below this many numbers a second thread saves no time.
_WORTH_A_THREAD = 60_000
#: Products that are done together, half as many if the numbers of a k that they share exceed what a cache of 32 MiB
#: holds of three arrays besides all else; measured at N = 500 and 1000: 3.3 and 3.0 ns one by one, 2.0 and 2.5 so.
_TOGETHER, _CACHED = 12, 700_000
#: Bytes of the second cache that a wave may fill, of 2 MiB; and the fewest q of a wave.
_SECOND_CACHE, _LEAST_BAND = 1.5e6, 16
#: Numbers and products between two looks at what the other thread has done, of which one costs 20 µs; and how many
#: pieces of a product's way are enough.
_PIECE, _MOST_PIECES = 100_000, 16

#: Place of a step's table and of its root among those of the main loop: (dk, power) → (table, factor).
_CORE = {(0, 0): 0, (0, 2): 1, (1, 0): 2, (-1, 0): 3, (2, 0): 4, (-2, 0): 5}


class Tables:
    """Coefficients of one model's generator, for all J of a list and k up to a bound that grows when it must.

    Parameters
    ----------
    model : SpinModel
        What acts.
    spins : sequence of float
        All J that a layout may ask for, largest first.
    """

    def __init__(self, model: sb.SpinModel, spins: Sequence[float]) -> None:
        self.model = model
        self._spins = list(spins)
        self._K = -1
        self._parts: list[Part] = []

    def parts(self, layout: MultipoleLayout) -> list[Part]:
        """Parts with the tables of a layout, (K + 1, n_J)."""
        if layout.K > self._K:
            self._K = min(math.ceil(1.25 * layout.K) + 4, max(self.model.N, 2))
            self._K = max(self._K, layout.K)
            self._parts = generator_parts(self.model, np.array(self._spins), self._K)
        first = self._spins.index(layout.spins[0])
        cut = slice(first, first + len(layout.spins))
        return [
            Part(p.delta, p.dk, p.dq, p.power, p.imaginary, p.table[: layout.K + 1, cut])
            for p in self._parts
            if p.table[: layout.K + 1, cut].any()
        ]

    @property
    def couples_planes(self) -> bool:
        """Whether real and imaginary parts act on one another."""
        small = generator_parts(self.model, np.array(self._spins[: 1 + len(self._spins) // 2]), 4)
        return any(part.imaginary for part in small)


class HasParts(Protocol):
    """What knows the parts of a generator for a layout."""

    def parts(self, layout: MultipoleLayout) -> list[Part]:
        """Parts with tables (K + 1, n_J)."""


class MultipoleGenerator:
    """The generator of one model on one layout.

    Parameters
    ----------
    tables : Tables
        Of the model, in the frame of the state arrays.
    layout : MultipoleLayout
        The coefficients; what leaves them is lost.
    n_threads : int
        Threads among which rows are divided.
    """

    def __init__(self, tables: HasParts, layout: MultipoleLayout, n_threads: int = 1) -> None:
        self.layout = layout
        K, R = layout.K, layout.rows
        k = np.repeat(np.arange(K + 1), np.arange(1, K + 2))
        q = np.arange(R) - k * (k + 1) // 2
        self._k, self._q = k, q
        self._rows = np.zeros((R, 7), dtype=np.uint64)
        self._rows[:, 0] = k
        self._factors = np.zeros((R, 9))
        self._factors[:, 0] = q.astype(np.float64) ** 2
        core = aligned_zeros((K + 1) * 18 * layout.stride)
        shaped = core.reshape(K + 1, 18, layout.stride)
        for place, dk in enumerate((1, -1, 2, -2), start=1):
            self._rows[:, place], self._factors[:, place] = self._source(dk, 0, 0)[:2]
        extra = []
        parts = tables.parts(layout)
        self._alone = not any(part.delta for part in parts)
        for part in parts:
            place_of = _CORE.get((part.dk, part.power)) if part.dq == 0 and not part.imaginary else None
            if place_of is not None:
                # At the place of the source: J lies one place further for each unit less.
                to = 6 * {0: 0, 1: 1, -1: 2}[part.delta] + place_of
                first = 1 + part.delta
                shaped[:, to, first : first + len(layout.spins)] = part.table
            elif self._is_turn(part):
                place = 5 if part.dq == 1 else 6
                self._rows[:, place], real, imaginary = self._source(0, part.dq, 0)
                strength = part.table.flat[np.argmax(np.abs(part.table))]
                self._factors[:, place], self._factors[:, place + 2] = strength * real, strength * imaginary
            else:
                extra.append(part)
        self._core = core
        self._set_extra(extra)
        self._lag = max([2, *(abs(part.dk) for part in extra)])
        self._slant = max([1, *(abs(part.dq) for part in extra)])
        numbers = layout.numbers
        shares = n_threads if numbers > _WORTH_A_THREAD else 1
        self._work = [aligned_zeros(6 * (layout.stride + 16)) for _ in range(shares)]
        self._pool = ThreadPoolExecutor(shares - 1) if shares > 1 else None
        self._scales = moment_scales(np.array(layout.spins))

    @staticmethod
    def _is_turn(part: Part) -> bool:
        """Whether a part is a commutator with J_±, whose table does not depend on J or k."""
        if part.delta or part.dk or part.imaginary or part.power or abs(part.dq) != 1:
            return False
        values = part.table[part.table != 0]
        return bool(np.all(np.abs(values - values[0]) <= 1e-14 * abs(values[0])))

    def _source(self, dk: int, dq: int, power: int) -> tuple[NDArray[np.uint64], Array, Array]:
        """Rows that a step reads, and its factors on real and on imaginary parts; 0 where there is no source."""
        k, q = self._k - dk, self._q - dq
        exists = (k >= 0) & (k <= self.layout.K) & (np.abs(q) <= k)
        k, q = np.where(exists, k, 0), np.where(exists, q, 0)
        factor = root(dk, dq, k.astype(np.float64), q.astype(np.float64)) * q.astype(np.float64) ** power
        factor = np.where(exists, factor, 0.0)
        # c(k, −q) = (−1)^q times the conjugate of c(k, q).
        sign = np.where(q < 0, (-1.0) ** np.abs(q), 1.0)
        rows = (k * (k + 1) // 2 + np.abs(q)).astype(np.uint64)
        return rows, factor * sign, factor * np.where(q < 0, -sign, sign)

    def _set_extra(self, extra: list[Part]) -> None:
        layout = self.layout
        n = len(extra)
        self._extra = np.array([[p.delta, p.imaginary] for p in extra], dtype=np.int64).reshape(-1, 2)
        self._extra_sources = np.zeros((n, layout.rows), dtype=np.uint64)
        self._extra_factors = np.zeros((n, 2, layout.rows))
        self._extra_tables = np.zeros((n, (layout.K + 1) * layout.stride))
        for i, part in enumerate(extra):
            rows, real, imaginary = self._source(part.dk, part.dq, part.power)
            self._extra_sources[i], self._extra_factors[i, 0], self._extra_factors[i, 1] = rows, real, imaginary
            shaped = self._extra_tables[i].reshape(layout.K + 1, layout.stride)
            shaped[:, 1 : 1 + len(layout.spins)] = part.table
        # Imaginary parts of q = 0 are zero, and stay so but for round-off.
        self._zero = self._q == 0

    def weights(self, x: Array) -> Array:
        """Probability of each J, shape (n_J,)."""
        return self.layout.weights(x)

    def close(self) -> None:
        """Let the threads go."""
        if self._pool is not None:
            self._pool.shutdown()

    def apply(self, x: Array, out: Array, total: Array, h: float, shift: float, keep: float, share: float) -> None:
        """Set out = keep·out + h (L + shift) x, and total += share·out; all (size,) and distinct."""
        self.products(x, out, total, np.array([h]), shift, np.array([keep]), np.array([share]), None)

    def products(
        self,
        x: Array,
        out: Array,
        total: Array,
        h: Array,
        shift: float,
        keep: Array,
        share: Array,
        moments: Array | None,
    ) -> None:
        """As many products in a row as factors are given; `x` and `out` change places after each.

        Parameters
        ----------
        x, out, total : ndarray (size,)
            Distinct. The last result is in `out` after an odd number of products, in `x` after an even one.
        h, keep, share : ndarray (n,)
            As for `apply`.
        shift : float
            As for `apply`.
        moments : ndarray (n, 10), optional
            Receives the moments of each product.
        """
        from .multipole_kernels import apply_wave

        layout, count = self.layout, len(h)
        rows = np.empty((0, 10)) if moments is None else moments
        main = (self._rows, layout.ranges, self._factors, self._core)
        further = (self._extra, self._extra_sources, self._extra_factors, self._extra_tables, self._scales, rows)

        def wave(thread: int, first: int, last: int, begin: int, end: int) -> None:
            arrays: tuple[Any, ...] = (*sizes, *main, self._work[thread], self._alone, *further)
            apply_wave(x, out, total, h, shift, keep, share, first, last, begin, end, *arrays)

        threads = len(self._work)
        # Of a wave's products so many are done together that what they share fits into the cache.
        shell = (layout.K + 1) * layout.stride * layout.planes
        together = _TOGETHER if 2 * _TOGETHER * shell < _CACHED else _TOGETHER // 2
        together = max(min(together, math.ceil(count / threads)) // threads, 1)
        blocks = list(pairwise([*range(0, count, together), count]))
        steps, band = layout.K + 1 + self._lag * (count - 1), self._band(together)
        sizes = (self._lag, steps, band, self._slant, layout.planes, layout.plane, layout.stride)
        edges = self._edges(count, steps, band)
        course = Relay(len(blocks), edges)

        def follow(thread: int) -> None:
            for block in range(thread, len(blocks), threads):
                first, last = blocks[block]
                course.run(block, lambda begin, end: wave(thread, first, last, begin, end))  # noqa: B023

        if self._pool is None:
            follow(0)
            return
        waiting = [self._pool.submit(follow, thread) for thread in range(1, threads)]
        follow(0)
        for other in waiting:
            other.result()

    def _band(self, together: int) -> int:
        """How many q a wave of so many products does, so that what it touches fits into the second cache."""
        layout = self.layout
        shells = 3 * self._lag * (together + 1)
        row = 8 * layout.stride * layout.planes
        band = int(_SECOND_CACHE / (shells * row)) - self._slant * together
        return layout.K + 1 if band > layout.K else max(band, _LEAST_BAND)

    def _edges(self, count: int, steps: int, band: int) -> list[int]:
        """Steps of all waves of `count` products between pieces of about equal work."""
        waves = -(-(self.layout.K + 1 + self._slant * (count - 1)) // band)
        if self._pool is None:
            return [0, waves * steps]
        widths = (self.layout.ranges[:, 1] - self.layout.ranges[:, 0]).astype(np.float64) * self.layout.planes
        k = np.arange(self.layout.K + 1)
        work = np.zeros((waves, steps))
        for i in range(count):
            lows = np.maximum(np.arange(waves) * band - self._slant * i, 0)
            highs = np.minimum((np.arange(waves) * band - self._slant * i + band)[:, None], k + 1)
            work[:, self._lag * i : self._lag * i + len(k)] += widths * np.maximum(highs - lows[:, None], 0)
        total = np.concatenate([[0.0], np.cumsum(work)])
        pieces = max(round(total[-1] / _PIECE), 2)
        pieces = min(pieces, _MOST_PIECES * max(count // _TOGETHER, 1))
        edges = np.unique(np.searchsorted(total, np.linspace(0, total[-1], pieces + 1)))
        return [int(edge) for edge in edges]

    def moments(self, x: Array) -> Array:
        """The ten numbers of `kernels.block_moments`, shape (10,)."""
        from .multipole_kernels import multipole_moments

        out = np.empty(10)
        layout = self.layout
        multipole_moments(x, layout.planes, layout.plane, layout.stride, self._scales, out)
        return out
