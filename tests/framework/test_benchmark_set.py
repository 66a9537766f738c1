"""The shared scenarios of the field have the expected values that their files state.

Each value is met by the solver `permutational`, in Dicke blocks, and by bosons in four modes, where there is no total
spin and no Clebsch-Gordan coefficient. The two have no coefficient in common.
"""

from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse
from scipy.sparse.linalg import expm_multiply

import squeezebench as sb
from squeezebench.scenario import builtin

from ..symmetric_bosons import Bosons

SETS = ("dicke_burst", "superradiant_laser", "two_axis_noise", "boundary_time_crystal")
UU, UD, DU, DD = range(4)
#: What an operator does to |u⟩⟨u|, |u⟩⟨d|, |d⟩⟨u|, |d⟩⟨d|, as moves (from, to).
LOWER_LEFT, LOWER_RIGHT = ((UU, DU), (UD, DD)), ((UU, UD), (DU, DD))
RAISE_LEFT, RAISE_RIGHT = ((DU, UU), (DD, UD)), ((UD, UU), (DD, DU))


class Populations:
    """Spins without any phase: polynomials in four variables with as many |u⟩⟨d| as |d⟩⟨u|, N²/4 of them.

    ρ₁^⊗N is (Σ ρ₁ x)^N; a move of one spin is x_to ∂/∂x_from, so that every coefficient is a whole number.
    """

    def __init__(self, N):
        self.N = N
        self.terms = [(a, m, m, N - a - 2 * m) for m in range(N // 2 + 1) for a in range(N - 2 * m + 1)]
        self.index = {term: i for i, term in enumerate(self.terms)}
        self.trace = np.array([float(term[UD] == 0) for term in self.terms])

    def matrix(self, *factors):
        """Product of moves, the last acting first; each a tuple of moves that are summed over all spins."""
        rows, columns, values = [], [], []
        for column, term in enumerate(self.terms):
            image = {term: 1.0}
            for moves in reversed(factors):
                after = {}
                for power, value in image.items():
                    for start, end in moves:
                        if power[start]:
                            moved = list(power)
                            moved[start] -= 1
                            moved[end] += 1
                            after[tuple(moved)] = after.get(tuple(moved), 0.0) + value * power[start]
                image = after
            for power, value in image.items():
                rows.append(self.index[power])
                columns.append(column)
                values.append(value)
        return sparse.csr_array((values, (rows, columns)), shape=(len(self.terms),) * 2)

    def generator(self, collective_emission, pumping):
        """Generator of collective emission and single-spin pumping."""
        self.rate = self.trace @ self.matrix(RAISE_LEFT, LOWER_LEFT)  # the functional ⟨J₊J₋⟩
        loss = self.matrix(RAISE_LEFT, LOWER_LEFT) + self.matrix(RAISE_RIGHT, LOWER_RIGHT)
        emission = self.matrix(LOWER_LEFT, LOWER_RIGHT) - 0.5 * loss
        up = self.matrix(((DD, UU),)) - self.matrix(((DD, DD),))
        decay = self.matrix(((UD, UD),)) + self.matrix(((DU, DU),))
        return (collective_emission * emission + pumping * (up - 0.5 * decay)).tocsc()


def of_populations(point):
    """What the reductions of a scenario without phases give."""
    model, times = point.problem.model, point.problem.times
    bosons = Populations(model.N)
    generator = bosons.generator(model.collective_emission, model.pumping)
    start = np.zeros(len(bosons.terms))
    ups = model.N if point.problem.initial_state.bloch_vector(model.N)[2] > 0 else 0
    start[bosons.index[ups, 0, 0, model.N - ups]] = 1
    states = expm_multiply(generator, start, start=0, stop=times[-1], num=len(times), endpoint=True)
    return point.reductions[0].compute({"time": times, "emission_rate": states @ bosons.rate})


def of_bosons(point):
    """What the reductions of any scenario give, for tens of spins."""
    problem = point.problem
    bosons = Bosons(problem.N)
    start = bosons.product(problem.initial_state.bloch_vector(problem.N))
    times = problem.times
    generator = bosons.liouvillian(problem.model)
    states = expm_multiply(generator, start, start=0, stop=times[-1], num=len(times), endpoint=True)
    moments = [bosons.moments(state) for state in states]
    spin, covariance = (np.array(part) for part in zip(*moments, strict=True))
    ds = sb.external(problem, spin, covariance, name="bosons")
    data = {"time": times, "spin": spin, "xi2": ds.xi2.values}
    return {key: value for reduction in point.reductions for key, value in reduction.compute(data).items()}


def cases(few):
    """Scenario, point and expected values; where there are phases, more than `few` spins are slow."""
    found = []
    for name in SETS:
        scenario = builtin(name)
        for point in scenario.points():
            expected = [entry for entry in scenario.expected if entry.at == point.coords]
            long = name in SETS[2:] and few < point.problem.N
            marks = [pytest.mark.slow] if long else []
            found.append(pytest.param(name, point, expected, id=f"{name}, {point.label}", marks=marks))
    return found


def computed(point):
    ds = sb.solve(point.problem, "permutational")
    data = {"time": point.problem.times, **{name: ds[name].values for name in ("spin", "xi2", "emission_rate")}}
    return {key: value for reduction in point.reductions for key, value in reduction.compute(data).items()}


def check(values, expected):
    assert expected
    for entry in expected:
        assert values[entry.quantity] == pytest.approx(entry.value, rel=entry.tolerance), entry.quantity


@pytest.mark.parametrize(("name", "point", "expected"), cases(60))
def test_the_master_equation_in_dicke_blocks_has_the_expected_values(name, point, expected):
    check(computed(point), expected)


@pytest.mark.parametrize(("name", "point", "expected"), cases(20))
def test_bosons_in_four_modes_have_the_expected_values(name, point, expected):
    check(of_populations(point) if name in SETS[:2] else of_bosons(point), expected)


@pytest.mark.parametrize("name", SETS)
def test_every_expected_value_belongs_to_a_point_and_says_where_it_is_from(name):
    scenario = builtin(name)
    coords = [point.coords for point in scenario.points()]
    assert scenario.expected
    for entry in scenario.expected:
        assert entry.at in coords
        assert entry.source
        assert entry.tolerance
