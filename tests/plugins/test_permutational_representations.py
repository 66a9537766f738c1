"""The representations of `permutational` against 2^N, against one another, and against their own error estimates."""

from __future__ import annotations

import itertools
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import squeezebench as sb
from squeezebench.angular import spin_values
from squeezebench_permutational import Permutational, checkpoint
from squeezebench_permutational.algebra import frame_angle, turned_model
from squeezebench_permutational.aligned import _rotation_of, euler_angles
from squeezebench_permutational.layout import Layout
from squeezebench_permutational.multipole_layout import MultipoleLayout
from squeezebench_permutational.multipole_states import blocks_of, multipoles_of, multipoles_of_product
from squeezebench_permutational.multipoles import MultipoleGenerator, Tables
from squeezebench_permutational.relay import Relay
from squeezebench_permutational.stencil import BlockGenerator
from squeezebench_permutational.tensor_kernels import tensor_band

from .. import brute_force

SOLVER = Permutational()
CHI, GAMMA_S = (-1.0, 0.0, 1.0, 3.0), (0.0, 0.5, 4.0, 50.0)


def solve(problem, tier="default", context=None, **options):
    return SOLVER.solve(problem, SOLVER.resolve_options(tier, options), context or sb.Context())


def xi2(problem, moments):
    from squeezebench.observables.kernels import xi2_wineland

    pairs = zip(moments.spin, moments.covariance, strict=True)
    return np.array([xi2_wineland(spin, covariance, float(problem.N)) for spin, covariance in pairs])


def paper(N, u=0.9, chi=0.0, gamma_s=4.0, stop=0.25, num=11, initial=None):
    model = sb.SpinModel.driven_cavity(N=N, upsilon_ratio=u, chi=chi, gamma_s=gamma_s)
    return sb.Problem(model, initial or sb.CoherentSpinState(), times=np.linspace(0, stop, num))


def random_model(rng, N):
    def positive(scale):
        a = rng.normal(size=(3, 3)) + 1j * rng.normal(size=(3, 3))
        return scale * (a @ a.conj().T)

    K = rng.normal(size=(3, 3))
    return sb.SpinModel.general(N, rng.normal(size=3), (K + K.T) / 2, positive(0.1), positive(0.3))


def random_state(rng, layout):
    x = layout.zeros()
    for b, J in enumerate(layout.spins):
        a = rng.normal(size=(round(2 * J) + 1,) * 2)
        layout.block(x, b)[...] = a
    return x


# ---------------------------------------------------------------- parts


@pytest.mark.parametrize("n", [1, 2, 3, 8, 61, 202])
def test_tensors_are_orthonormal_and_the_first_two_are_known(n):
    J = (n - 1) / 2
    for q in sorted({0, min(1, n - 1), n // 3, n - 1}):
        band = np.empty((n - q, n - q))
        tensor_band(n, q, band)
        assert np.abs(band @ band.T - np.eye(n - q)).max() < 1e-13
    band = np.empty((n, n))
    tensor_band(n, 0, band)
    assert band[0] == pytest.approx(np.full(n, n**-0.5), abs=1e-14)
    if n > 1:
        m = np.arange(n) - J
        assert band[1] == pytest.approx(m / np.linalg.norm(m), abs=1e-14)


@pytest.mark.parametrize("N", [1, 2, 5, 6])
def test_multipoles_are_moved_like_blocks(N):
    """Every coefficient of the stencil, for general matrices, against the blocks' own coefficients."""
    rng = np.random.default_rng(N)
    for _ in range(3):
        model = random_model(rng, N)
        blocks = Layout.complete(N)
        x = random_state(rng, blocks)
        out, unused = blocks.zeros(), blocks.zeros()
        BlockGenerator(model, blocks).apply(x, out, unused, 1.0, 0.0, 0.0, 0.0)
        layout, y = multipoles_of(blocks, x, 2, N)
        there, total = layout.zeros(), layout.zeros()
        generator = MultipoleGenerator(Tables(model, blocks.spins), layout)
        generator.apply(y, there, total, 1.0, 0.0, 0.0, 0.5)
        expected = multipoles_of(blocks, out, 2, N)[1]
        assert np.abs(there - expected).max() < 1e-13 * np.abs(expected).max()
        assert np.abs(total - 0.5 * there).max() == 0
        assert generator.moments(y) == pytest.approx(BlockGenerator(model, blocks).moments(x), rel=1e-12, abs=1e-11)


@pytest.mark.parametrize("N", [1, 2, 5, 20, 33])
def test_states_go_into_multipoles_and_back(N):
    rng = np.random.default_rng(N)
    blocks = Layout.complete(N)
    x = random_state(rng, blocks)
    layout, y = multipoles_of(blocks, x, 2, N)
    assert np.abs(blocks_of(layout, y)[1] - x).max() < 1e-12
    for start in (sb.CoherentSpinState(0.7, 1.3), sb.CoherentSpinState(2.9, -1.3, 0.6), sb.CoherentSpinState()):
        packed = blocks.pack(start.dicke_blocks(N), 0.4)
        made = multipoles_of_product(start, N, blocks.spins, 0.4, 0.0, N)
        assert np.abs(blocks_of(*made)[1] - packed).max() < 1e-13


def test_what_is_fed_from_beside_a_range_is_not_left_out():
    """All multipoles in ranges of J of every length: as exact as blocks."""
    for N in (14, 15, 16, 17, 30):
        problem = paper(N, chi=3.0, stop=0.3, num=4)
        one, two = (solve(problem, "reference", representation=r) for r in ("multipoles", "blocks"))
        assert np.abs(one.spin - two.spin).max() < 1e-11 * N


def test_frames_next_to_one_another_have_exact_angles():
    """Axes of next to no tilt are noise, their sum is not: an error there turns the state about its own mean spin."""
    rng = np.random.default_rng(0)
    for exponent in np.concatenate([np.linspace(-17, 0.4, 60), [-400]]):
        for b in (min(10.0**exponent, np.pi), max(np.pi - 10.0**exponent, 0.0)):
            a, c = rng.uniform(-4, 4, 2)
            Q = sb.Rotation("z", a).matrix @ sb.Rotation("y", b).matrix @ sb.Rotation("z", c).matrix
            a, b, c = euler_angles(Q)
            again = sb.Rotation("z", a).matrix @ sb.Rotation("y", b).matrix @ sb.Rotation("z", c).matrix
            assert 0 <= b <= np.pi
            assert np.abs(again - Q).max() < 3e-15
            assert np.abs(_rotation_of(Q).matrix - Q).max() < 3e-15


# ---------------------------------------------------------------- courses


@pytest.mark.parametrize("representation", ["multipoles", "aligned"])
@pytest.mark.parametrize("seed", range(10))
def test_it_is_the_master_equation_on_2_to_the_n(seed, representation):
    """General matrices, N = 1 … 5, all kinds of starts."""
    rng = np.random.default_rng(100 + seed)
    N = int(rng.integers(1, 6))
    J = N / 2 - rng.integers(N // 2 + 1)
    start = [
        sb.CoherentSpinState(*rng.uniform(-3, 3, 2)),
        sb.CoherentSpinState(*rng.uniform(-3, 3, 2), rng.random()),
        sb.DickeState(J, rng.integers(round(2 * J) + 1) - J),
    ][seed % 3]
    model = random_model(rng, N)
    problem = sb.Problem(model, start, times=np.linspace(0, rng.choice([0.3, 2.0]), 5))
    moments = solve(problem, "tight", representation=representation)
    spin, covariance = brute_force.moments(problem)
    assert np.abs(moments.spin - spin).max() < 1e-10 * N
    assert np.abs(moments.covariance - covariance).max() < 1e-10 * N**2


@pytest.mark.parametrize("representation", ["multipoles", "aligned"])
def test_schedules_with_rotations(representation):
    schedule = [
        sb.Segment(sb.SpinModel.driven_cavity(24, 0.8, chi=0.4, gamma_s=1.0), 0.1),
        sb.Rotation("x", 0.7),
        sb.Rotation((1, 2, 2), 0.3),
        sb.Segment(sb.SpinModel(24, collective_emission=1.0, emission=1.0, twisting=0.3), 0.05),
        sb.Rotation("z", -1.0),
        sb.Segment(sb.SpinModel.driven_cavity(24, 0.8, gamma_s=1.0), 0.2),
    ]
    problem = sb.Problem(schedule=schedule, initial=sb.CoherentSpinState(), times=np.linspace(0, 0.35, 8))
    one, two = (solve(problem, "tight", representation=r) for r in (representation, "blocks"))
    assert np.abs(one.spin - two.spin).max() < 1e-9
    assert np.abs(one.covariance - two.covariance).max() < 1e-8


def agreement(N, chi, gamma_s, representation, stop, tier="default"):
    """Assert that the error is below the estimate; return how many times, for ξ² at their largest."""
    problem = paper(N, chi=chi, gamma_s=gamma_s, stop=stop)
    reference, moments = (
        solve(problem, "reference", representation="blocks"),
        solve(problem, tier, representation=representation),
    )
    for name, size in (("spin", N / 2), ("covariance", N**2 / 4)):
        error = np.abs(getattr(moments, name) - getattr(reference, name))
        assert (error <= moments.error_estimate[name] + reference.error_estimate[name] + 2e-14 * size * N**0.5).all()
    long = np.linalg.norm(reference.spin, axis=1) > 0.05 * N / 2
    error = np.abs(xi2(problem, moments) - xi2(problem, reference))[long]
    estimate = moments.error_estimate["xi2"][long]
    assert (error <= estimate + reference.error_estimate["xi2"][long] + 1e-12 * N).all()
    return estimate.max() / max(error.max(), 1e-14)


@pytest.mark.parametrize("representation", ["blocks", "multipoles", "aligned"])
def test_estimates_bound_errors_and_are_not_far_above_them(representation):
    ratios = [agreement(20, chi, gamma_s, representation, 0.5) for chi, gamma_s in itertools.product(CHI, GAMMA_S)]
    assert np.median(ratios) < 100


def test_where_nearly_all_multipoles_are_needed_none_are_cut():
    for chi, gamma_s in ((1.0, 0.0), (3.0, 4.0)):
        assert agreement(40, chi, gamma_s, "multipoles", 0.3) < 100


def test_a_step_that_is_taken_back_leaves_the_frame_as_it_was():
    """Fast turning: the first steps of this course are taken back several times."""
    for N, chi in ((60, -1.0), (61, -2.0), (60, 2.0)):
        agreement(N, chi, 50.0, "aligned", 0.02)


@pytest.mark.slow
@pytest.mark.parametrize("N", [60, 100])
@pytest.mark.parametrize("representation", ["multipoles", "aligned"])
def test_representations_agree_within_their_estimates(N, representation):
    ratios = [
        agreement(N, chi, g, representation, 0.25 if N == 60 else 0.1) for chi, g in itertools.product(CHI, GAMMA_S)
    ]
    assert np.median(ratios) < 100


@pytest.mark.slow
def test_500_spins_have_the_known_squeezing():
    problem = paper(500, stop=0.05, num=2)
    moments = solve(problem)
    assert xi2(problem, moments)[-1] == pytest.approx(0.458292, abs=1e-6)


def test_a_start_that_is_narrow_in_m_is_converted_when_it_has_spread():
    problem = paper(100, stop=0.12, num=3, initial=sb.DickeState(50, 0))
    moments = solve(problem)
    exact = solve(problem, "tight", representation="blocks")
    assert np.abs(moments.spin - exact.spin).max() < 1e-7 * 50
    assert (np.abs(moments.covariance - exact.covariance) <= moments.error_estimate["covariance"] + 1e-9).all()


def test_threads_do_not_change_multipoles(monkeypatch):
    monkeypatch.setattr("squeezebench_permutational.multipoles._WORTH_A_THREAD", 0)
    problem = paper(30, chi=0.5, stop=0.1, num=3)
    one, two = (solve(problem, "default", sb.Context(n_threads=n), representation="multipoles") for n in (1, 2))
    assert np.array_equal(one.spin, two.spin)
    assert np.array_equal(one.covariance, two.covariance)


def test_terms_of_one_parity_do_not_end_a_series():
    """Starts that the strong part of the generator leaves alone: every other Chebyshev term is tiny."""
    cases = [
        (sb.SpinModel(14, chi=47.24, drive=(-0.5351, 0, 0)), sb.CoherentSpinState(0, 0), 0.0021168, 14),
        (
            sb.SpinModel(3, drive=(0.00131, 0, -74.9), emission=1.09e-6, dephasing=9.44e-4),
            sb.DickeState(1.5, -1.5),
            0.004,
            3,
        ),
    ]
    for model, start, stop, N in cases:
        problem = sb.Problem(model, start, times=[0, stop])
        exact = solve(problem, "reference")
        for tier in ("fast", "tight"):
            moments = solve(problem, tier)
            error = np.abs(moments.covariance - exact.covariance)
            assert (error <= moments.error_estimate["covariance"] + 1e-13 * N**2).all()


# ---------------------------------------------------------------- checkpoints


class KilledError(Exception):
    pass


@pytest.mark.parametrize(
    ("problem", "options"),
    [
        (paper(20, stop=3.0), {"representation": "blocks"}),
        (paper(40, stop=1.5), {"representation": "multipoles"}),
        (paper(30, stop=0.4), {"representation": "aligned"}),
        (sb.Problem(sb.SpinModel(300, emission=1.0, pumping=0.3), sb.CoherentSpinState(0, 0), times=[0, 1, 3]), {}),
    ],
)
def test_a_killed_course_is_taken_up_to_the_same_numbers(problem, options, tmp_path, monkeypatch):
    monkeypatch.setattr(checkpoint, "_EVERY", 0.0)
    whole = solve(problem, **options)
    calls = []

    def progress(fraction, text=""):
        calls.append(fraction)
        if list(tmp_path.iterdir()) and len(calls) > 3:
            raise KilledError

    with pytest.raises(KilledError):
        solve(problem, context=sb.Context(checkpoint=tmp_path, progress=progress), **options)
    assert len(list(tmp_path.iterdir())) == 1
    resumed: list[float] = []
    again = solve(
        problem, context=sb.Context(checkpoint=tmp_path, progress=lambda f, text="": resumed.append(f)), **options
    )
    assert resumed[0] > 0
    assert np.array_equal(whole.spin, again.spin)
    assert np.array_equal(whole.covariance, again.covariance)
    assert np.array_equal(whole.error_estimate["xi2"], again.error_estimate["xi2"], equal_nan=True)
    assert not list(tmp_path.iterdir())


def test_a_damaged_or_foreign_checkpoint_is_not_read(tmp_path):
    problem = paper(10, stop=0.1, num=3)
    options = SOLVER.resolve_options("default", {})
    saved = checkpoint.Checkpoint(tmp_path, checkpoint.key_of(problem, options))
    for content in (b"", b"PK\x03\x04 not a zip file", b"\x93NUMPY"):
        saved._path.write_bytes(content)
        assert saved.load() is None
        assert np.isfinite(solve(problem, context=sb.Context(checkpoint=tmp_path)).spin).all()


# ---------------------------------------------------------------- bad input


def test_an_atol_that_floats_do_not_reach_is_refused():
    support = SOLVER.full_support(paper(10), SOLVER.resolve_options("default", {"atol": 1e-16}))
    assert not support
    assert "1e-14" in support.reason
    assert "blocks" in support.reason


def test_a_course_that_loses_more_weight_than_atol_bears_says_so(monkeypatch):
    monkeypatch.setattr("squeezebench_permutational.course._LEAK_BUDGET", 1e-9)
    with pytest.raises(sb.SolverError, match="multipoles"):
        solve(paper(100, stop=0.05), representation="aligned", atol=1e-6)


@pytest.mark.parametrize(("chi", "gamma_s"), [(0.0, 4.0), (0.0, 50.0), (1.0, 4.0)])
def test_planning_finds_fewer_multipoles_where_fewer_are_needed(chi, gamma_s):
    from squeezebench_permutational.choice import start

    K = [
        start(paper(40, chi=chi, gamma_s=gamma_s), "multipoles", atol, sb.Context())[1].largest for atol in (1e-3, 1e-9)
    ]
    assert K[0] < K[1]
    assert MultipoleLayout(40, spin_values(40), K[0]).size < MultipoleLayout(40, spin_values(40), K[1]).size


@pytest.mark.parametrize("band", [3, 16, None])
@pytest.mark.parametrize("count", [1, 2, 5, 24])
def test_products_in_waves_by_several_threads_are_those_one_by_one(count, band, monkeypatch):
    """Bitwise: with terms beside the main ones, in one plane and in two, for even and odd numbers of products."""
    if band:
        monkeypatch.setattr(MultipoleGenerator, "_band", lambda self, together: band)
    rng = np.random.default_rng(count)
    for chi, planes in ((0.0, 1), (0.7, 2)):
        model = sb.SpinModel.driven_cavity(N=150, upsilon_ratio=0.9, chi=chi, gamma_s=4.0)
        layout = MultipoleLayout(150, [75.0 - i for i in range(30)], 70, planes)
        tables = Tables(turned_model(model, frame_angle(model)), layout.spins)
        start = layout.zeros()
        layout.view(start)[...] = rng.normal(size=layout.view(start).shape)
        layout.cut(start)
        h, share = rng.uniform(1e-5, 1e-4, count), rng.uniform(0.5, 1.5, count)
        keep = np.where(rng.random(count) < 0.5, 0.0, 1.0)
        single = MultipoleGenerator(tables, layout)
        x, out, total = start.copy(), layout.zeros(), layout.zeros()
        moments = []
        for i in range(count):
            single.apply(x, out, total, h[i], 2.0, keep[i], share[i])
            x, out = out, x
            moments.append(single.moments(x))
        for threads in (1, 2, 3):
            together = MultipoleGenerator(tables, layout, threads)
            y, other, summed, rows = start.copy(), layout.zeros(), layout.zeros(), np.empty((count, 10))
            together.products(y, other, summed, h, 2.0, keep, share, rows)
            together.close()
            last, before = (other, y) if count % 2 else (y, other)
            assert np.array_equal(last, x)
            assert np.array_equal(before, out)
            assert np.array_equal(summed, total)
            assert np.array_equal(rows, np.array(moments))


def test_a_thread_that_fails_does_not_leave_the_others_waiting():
    relay = Relay(2, [0, 1, 2, 3])

    def fail(begin: int, end: int) -> None:
        if end == 2:
            raise MemoryError

    with ThreadPoolExecutor(1) as pool:
        follower = pool.submit(relay.run, 1, lambda begin, end: None)
        with pytest.raises(MemoryError):
            relay.run(0, fail)
        with pytest.raises(sb.SolverError, match="another thread"):
            follower.result(timeout=10)
