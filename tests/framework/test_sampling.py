"""Pooling and standard errors, on synthetic blocks whose answers are known."""

import dataclasses
import math

import numpy as np
import pytest

import squeezebench as sb
from squeezebench.observables import Inputs, builtin
from squeezebench.sampling import delta, effective_blocks, jackknife, pooled, reliable, standard_errors

N = 100


def xi2(spin, covariance):
    problem = sb.Problem(sb.SpinModel(N=N), times=np.arange(float(spin.shape[-2])))
    return Inputs.of(problem, spin, covariance).row("xi2")


def make(weight, spin, covariance, index0=None, count=None):
    B = len(weight)
    index0 = np.arange(B) * 10 if index0 is None else index0
    count = np.full(B, 10) if count is None else count
    return sb.Samples(np.asarray(weight, dtype=float), spin, covariance, count, index0)


def gaussian(rng, B, T=1, per_block=20, weight=None):
    """Blocks of classical spins (40, 0, 0) + noise with standard deviations (3, 2, 5): moments of each block."""
    sizes = np.broadcast_to(per_block, (B,))
    spin, covariance = np.empty((B, T, 3)), np.empty((B, T, 3, 3))
    for b, size in enumerate(sizes):
        draws = rng.normal(size=(T, size, 3)) * [3, 2, 5] + [40, 0, 0]
        spin[b] = draws.mean(axis=1)
        apart = draws - spin[b][:, None]
        covariance[b] = np.einsum("tka,tkb->tab", apart, apart) / size
    if weight is None:
        weight = np.repeat(np.array(sizes, dtype=float)[:, None], T, axis=1)
    return make(weight, spin, covariance, count=np.array(sizes))


def random_blocks(seed, B=7, T=5):
    rng = np.random.default_rng(seed)
    A = rng.normal(size=(B, T, 3, 3))
    return make(rng.uniform(0.5, 2, (B, T)), 10 * rng.normal(size=(B, T, 3)), A @ A.swapaxes(-1, -2))


def without(samples, b):
    """All blocks but the b-th."""
    return sb.Samples(*(np.delete(getattr(samples, field.name), b, 0) for field in dataclasses.fields(samples)))


# ---------------------------------------------------------------- pooling


def test_pooled_moments_are_those_of_all_trajectories_together():
    rng = np.random.default_rng(0)
    draws = rng.normal(size=(60, 3)) @ rng.normal(size=(3, 3)) + [1.0, 2.0, 3.0]
    sizes = [5, 20, 35]
    parts = np.split(draws, np.cumsum(sizes)[:-1])
    spin = np.array([[part.mean(axis=0)] for part in parts])
    covariance = np.array([[np.cov(part.T, bias=True)] for part in parts])
    samples = make(np.array(sizes, dtype=float)[:, None], spin, covariance)
    mean, total = pooled(samples)
    np.testing.assert_allclose(mean[0], draws.mean(axis=0), rtol=1e-14)
    np.testing.assert_allclose(total[0], np.cov(draws.T, bias=True), rtol=1e-13)


@pytest.mark.parametrize("seed", range(5))
def test_pooling_is_bitwise_independent_of_the_order_of_the_blocks(seed):
    samples = random_blocks(seed, B=37)
    order = np.random.default_rng(seed).permutation(37)
    shuffled = sb.Samples(*(getattr(samples, field.name)[order] for field in dataclasses.fields(samples)))
    for one, other in zip(pooled(samples), pooled(shuffled), strict=True):
        np.testing.assert_array_equal(one, other)
    np.testing.assert_array_equal(jackknife(samples, xi2), jackknife(shuffled, xi2))
    np.testing.assert_array_equal(reliable(samples), reliable(shuffled))


def test_moments_from_samples_are_pooled():
    samples = random_blocks(1)
    moments = sb.Moments.from_samples(samples, reason="because")
    np.testing.assert_array_equal(moments.spin, pooled(samples)[0])
    np.testing.assert_array_equal(moments.covariance, pooled(samples)[1])
    assert moments.samples is samples
    assert moments.reason == "because"


def test_a_block_without_weight_counts_for_nothing_whatever_it_contains():
    samples = random_blocks(2)
    others = without(samples, 0)
    weight, spin = samples.weight.copy(), samples.spin.copy()
    weight[0], spin[0] = 0, np.nan
    with_it = sb.Samples(weight, spin, samples.covariance, samples.count, samples.index0)
    for one, other in zip(pooled(with_it), pooled(others), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-13)
    for method in (jackknife, delta):
        np.testing.assert_allclose(method(with_it, xi2), method(others, xi2), rtol=1e-10)
    np.testing.assert_allclose(effective_blocks(with_it), effective_blocks(others))


def test_a_time_at_which_nothing_has_weight_is_nan():
    samples = random_blocks(3)
    weight = samples.weight.copy()
    weight[:, 2] = 0
    samples = sb.Samples(weight, samples.spin, samples.covariance, samples.count, samples.index0)
    mean, _ = pooled(samples)
    assert np.isnan(mean[2]).all()
    assert np.isfinite(np.delete(mean, 2, axis=0)).all()
    errors = jackknife(samples, xi2)
    assert np.isnan(errors[2])
    assert np.isfinite(np.delete(errors, 2)).all()
    assert not reliable(samples)[2]


# ---------------------------------------------------------------- standard errors


@pytest.mark.parametrize("method", [jackknife, delta])
def test_the_error_of_a_mean_is_the_textbooks(method):
    rng = np.random.default_rng(4)
    spin = rng.normal(size=(30, 3, 3)) + 7
    samples = make(np.ones((30, 3)), spin, np.zeros((30, 3, 3, 3)))
    errors = method(samples, lambda s, c: s)
    np.testing.assert_allclose(errors, spin.std(axis=0, ddof=1) / math.sqrt(30), rtol=1e-10)


@pytest.mark.parametrize("method", [jackknife, delta])
@pytest.mark.parametrize("sizes", [20, [5, 10, 20, 40] * 15], ids=["equal blocks", "unequal blocks"])
def test_the_error_of_xi2_is_the_spread_over_many_repetitions(method, sizes):
    """400 experiments of 60 blocks: their spread is known within 3.5 %, the mean error bar much better."""
    rng = np.random.default_rng(5)
    # Repetitions are put side by side as times.
    samples = gaussian(rng, 60, T=400, per_block=sizes)
    spread = xi2(*pooled(samples)).std(ddof=1)
    bars = method(samples, xi2)
    assert math.sqrt((bars**2).mean()) == pytest.approx(spread, rel=0.08)


def test_jackknife_and_delta_agree_for_many_blocks():
    samples = gaussian(np.random.default_rng(6), 300, T=20)
    np.testing.assert_allclose(delta(samples, xi2), jackknife(samples, xi2), rtol=0.01)


def test_with_equal_weights_the_jackknife_is_the_plain_one():
    samples = gaussian(np.random.default_rng(7), 12, T=3)
    replicates = []
    for left_out in range(12):
        rest = sb.Samples(
            *(np.delete(np.asarray(getattr(samples, n)), left_out, 0) for n in samples.__dataclass_fields__)
        )
        replicates.append(xi2(*pooled(rest)))
    plain = np.sqrt(11 / 12 * ((replicates - np.mean(replicates, axis=0)) ** 2).sum(axis=0))
    np.testing.assert_allclose(jackknife(samples, xi2), plain, rtol=1e-9)


def test_with_unequal_weights_the_jackknife_is_that_of_pseudo_values():
    """Busing, Meijer and van der Leeden's formula, written out."""
    samples = random_blocks(8, B=6, T=2)
    weight, whole = samples.weight, xi2(*pooled(samples))
    h = weight.sum(axis=0) / weight
    replicates = np.empty((6, 2))
    for b in range(6):
        replicates[b] = xi2(*pooled(without(samples, b)))
    centre = 6 * whole - ((1 - 1 / h) * replicates).sum(axis=0)
    pseudo = h * whole - (h - 1) * replicates
    variance = ((pseudo - centre) ** 2 / (h - 1)).mean(axis=0)
    np.testing.assert_allclose(jackknife(samples, xi2), np.sqrt(variance), rtol=1e-9)


def test_two_blocks_have_an_error_and_one_has_none():
    samples = random_blocks(9, B=2)
    for method in (jackknife, delta):
        assert np.isfinite(method(samples, xi2)).all()
        difference = np.abs(samples.spin[0] - samples.spin[1])
        equal = make(np.ones((2, 5)), samples.spin, samples.covariance)
        np.testing.assert_allclose(method(equal, lambda s, c: s), difference / 2, rtol=1e-12)
        assert np.isnan(method(random_blocks(9, B=1), xi2)).all()
        lonely = sb.Samples(
            np.array([[1.0] * 5, [0.0] * 5]), samples.spin, samples.covariance, samples.count, samples.index0
        )
        assert np.isnan(method(lonely, xi2)).all()
    assert not reliable(random_blocks(9, B=1)).any()


def test_errors_do_not_depend_on_how_many_blocks_are_looked_at_at_once(monkeypatch):
    samples = gaussian(np.random.default_rng(10), 50, T=4)
    from squeezebench import sampling

    whole = jackknife(samples, xi2), delta(samples, xi2)
    monkeypatch.setattr(sampling, "_CHUNK", 12)
    np.testing.assert_allclose((jackknife(samples, xi2), delta(samples, xi2)), whole, rtol=1e-12)


def test_every_observable_has_standard_errors_and_they_are_those_of_its_own_jackknife():
    samples = gaussian(np.random.default_rng(11), 40, T=6)
    model = sb.SpinModel.driven_cavity(N=N, upsilon_ratio=0.9)
    inputs = Inputs.of(sb.Problem(model, times=np.arange(6.0)), *pooled(samples))
    errors = standard_errors(samples, builtin(), inputs)
    for observable in builtin():
        values = observable.compute(inputs)
        assert errors[observable.name].shape == values.shape
        alone = jackknife(
            samples,
            lambda s, c, observable=observable: observable.compute(inputs.with_moments(s, c)),
            over_time=observable.over_time,
            difference=observable.difference,
        )
        np.testing.assert_array_equal(errors[observable.name], alone)
        if observable.over_time:
            assert (errors[observable.name] > 0).all()
    expected = 10 / math.log(10) * errors["xi2"] / inputs.row("xi2")
    np.testing.assert_allclose(errors["xi2_db"], expected, rtol=0.02)


def test_an_axis_that_may_point_either_way_has_the_error_of_its_direction():
    """The squeezed axis (0, 1, 1)/√2 sits where the rule for the sign flips it from block to block."""
    rng = np.random.default_rng(12)
    spin = np.broadcast_to([40.0, 0, 0], (60, 1, 3)) + 0
    tilt = -math.pi / 4 + 0.05 * rng.normal(size=60)
    axis = np.stack([np.zeros(60), np.cos(tilt), np.sin(tilt)], axis=-1)
    across = np.stack([np.zeros(60), -np.sin(tilt), np.cos(tilt)], axis=-1)
    covariance = (axis[:, :, None] * axis[:, None] + 9 * across[:, :, None] * across[:, None])[:, None]
    samples = make(np.ones((60, 1)), spin, covariance)
    inputs = Inputs.of(sb.Problem(sb.SpinModel(N=N), times=[0.0]), *pooled(samples))
    errors = standard_errors(samples, builtin(), inputs)
    assert np.linalg.norm(errors["squeezed_axis"]) == pytest.approx(0.05 / math.sqrt(60), rel=0.3)
    assert errors["squeezing_angle"][0] == pytest.approx(0.05 / math.sqrt(60), rel=0.3)


def test_the_error_of_t_star_is_the_spread_of_crossing_times():
    """Each block's J falls as J₀(1 − t) with its own J₀: t* = 1 − N_c/(2J₀) for J₀ the mean."""
    rng = np.random.default_rng(13)
    B, times = 200, np.linspace(0, 1, 2001)
    J = 50 * (1 + 0.02 * rng.normal(size=B))[:, None] * (1 - times)
    spin = np.stack([0 * J, 0 * J, -J], axis=-1)
    covariance = np.zeros((B, 2001, 3, 3))
    covariance[..., 0, 0] = covariance[..., 1, 1] = J / 2
    samples = make(np.ones((B, 2001)), spin, covariance)
    model = sb.SpinModel.driven_cavity(N=N, upsilon_ratio=0.8)
    inputs = Inputs.of(sb.Problem(model, times=times), *pooled(samples))
    errors = standard_errors(samples, [o for o in builtin() if o.name == "t_star"], inputs)
    expected = J[:, 0].std(ddof=1) / J[:, 0].mean() * 0.8 / math.sqrt(B)
    assert errors["t_star"].shape == ()
    assert float(errors["t_star"]) == pytest.approx(expected, rel=0.01)


# ---------------------------------------------------------------- reliability


@pytest.mark.parametrize(("B", "least"), [(12, 0.88), (30, 0.97), (100, 0.99), (1000, 1)])
def test_healthy_blocks_are_reliable(B, least):
    """Even a dozen is called unreliable by chance in about one case in ten only."""
    samples = gaussian(np.random.default_rng(14), B, T=300, per_block=40)
    assert reliable(samples).mean() >= least


def test_few_effective_blocks_are_not_reliable():
    assert not reliable(gaussian(np.random.default_rng(15), 8, T=20)).any()
    weight = np.ones((100, 20))
    weight[0] = 50
    samples = gaussian(np.random.default_rng(15), 100, T=20, weight=weight)
    np.testing.assert_allclose(effective_blocks(samples), 149**2 / 2599)
    assert not reliable(samples).any()
    nine = np.full((9, 20), 0.1)
    np.testing.assert_allclose(effective_blocks(gaussian(np.random.default_rng(15), 9, T=20, weight=nine)), 9)
    assert reliable(gaussian(np.random.default_rng(15), 9, T=20, weight=nine)).any()


def with_crossings(rng, chance):
    """400 blocks at 200 independent times, some of which have crossed to the other side of the sphere."""
    samples = gaussian(rng, 400, T=200)
    crossed = rng.uniform(size=(400, 200)) < chance
    samples.spin[crossed] = [-30.0, 25, 25]
    return samples, crossed.sum(axis=0)


def at_one_time(samples, t):
    return dataclasses.replace(
        samples, weight=samples.weight[:, [t]], spin=samples.spin[:, [t]], covariance=samples.covariance[:, [t]]
    )


def test_an_error_bar_that_a_few_rare_blocks_decide_is_not_reliable():
    samples, seen = with_crossings(np.random.default_rng(16), 2 / 400)
    # Each time by itself: these are independent, and none says anything about those beside it.
    trusted = np.array([reliable(at_one_time(samples, t))[0] for t in range(200)])
    assert not trusted[(seen >= 1) & (seen <= 3)].any()
    assert trusted[seen >= 5].all()
    assert trusted[seen == 0].all()  # nobody can know of what has not been seen
    assert reliable(with_crossings(np.random.default_rng(16), 0.1)[0]).all()


def test_reliable_bars_cover_the_truth_in_two_thirds_of_all_cases():
    """Even where crossings in one block of ten make ξ² anything but Gaussian."""
    rng = np.random.default_rng(19)
    truth = np.mean([xi2(*pooled(with_crossings(rng, 0.1)[0])) for _ in range(3)])
    samples, _ = with_crossings(rng, 0.1)
    assert reliable(samples).all()
    covered = np.abs(xi2(*pooled(samples)) - truth) < jackknife(samples, xi2)
    assert covered.mean() == pytest.approx(0.683, abs=0.1)


def test_infinite_variance_is_noticed():
    rng = np.random.default_rng(17)
    samples = gaussian(rng, 200, T=200)
    samples.spin[..., 1:] += rng.standard_t(1.1, size=(200, 200, 2))
    assert reliable(samples).mean() < 0.2


def test_blocks_that_do_not_differ_are_reliable_and_those_without_direction_are_judged_by_their_variance():
    spin, covariance = np.broadcast_to([50.0, 0, 0], (20, 1, 3)), np.broadcast_to(np.diag([0, 25.0, 25]), (20, 1, 3, 3))
    assert reliable(make(np.ones((20, 1)), spin, covariance)).all()
    rng = np.random.default_rng(18)
    wide = covariance * (1 + 0.1 * rng.normal(size=(20, 1, 1, 1)))
    nowhere = np.zeros((20, 1, 3))
    assert reliable(make(np.ones((20, 1)), nowhere, wide)).all()
    wide[3] *= 100
    assert not reliable(make(np.ones((20, 1)), nowhere, wide)).any()


def test_what_a_solver_knows_and_its_blocks_do_not_show_makes_a_bar_unreliable():
    samples = gaussian(np.random.default_rng(20), 200, T=20)
    assert reliable(samples).all()
    bar = jackknife(samples, xi2) / xi2(*pooled(samples))
    for part, expected in ((2.0, True), (8.0, False)):
        doubt = np.zeros((200, 20))
        doubt[:, 5] = part * bar[5]
        found = reliable(dataclasses.replace(samples, doubt=doubt))
        assert found[5] == expected
        assert found[:5].all()
        assert found[6:].all()


# ---------------------------------------------------------------- what is refused


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"weight": np.ones(3)}, r"samples.weight has shape \(3,\)"),
        ({"weight": np.ones((0, 2))}, r"samples.weight has shape \(0, 2\)"),
        ({"weight": np.ones((3, 2)) - 2}, "the entry -1.0"),
        ({"weight": np.full((3, 2), np.nan)}, "the entry nan"),
        ({"weight": np.ones((1025, 2))}, "1025 blocks"),
        ({"spin": np.ones((3, 2))}, r"samples.spin has shape \(3, 2\).*must be \(3, 2, 3\)"),
        ({"spin": np.full((3, 2, 3), np.inf)}, "samples.spin has an infinite entry"),
        ({"spin": np.ones((3, 2, 3), dtype=complex)}, "samples.spin has entries of type complex128"),
        ({"covariance": np.ones((3, 2, 3))}, "samples.covariance has shape"),
        ({"doubt": np.ones(2)}, r"samples.doubt has shape \(2,\)"),
        ({"doubt": np.full((3, 2), -1.0)}, "entries from -1"),
        ({"doubt": np.full((3, 2), np.nan)}, "entries from nan"),
        ({"count": np.ones(3)}, "samples.count .*float64: give 3 whole numbers"),
        ({"count": np.array([1, 0, 1])}, "samples.count has the entry 0"),
        ({"index0": np.array([0, 1])}, "samples.index0 has shape"),
        ({"index0": np.array([0, 5, 0])}, "samples.index0 has the same entry twice"),
    ],
)
def test_samples_that_cannot_be_pooled_are_told_why(changes, message):
    valid = {
        "weight": np.ones((3, 2)),
        "spin": np.ones((3, 2, 3)),
        "covariance": np.zeros((3, 2, 3, 3)),
        "count": np.ones(3, dtype=int),
        "index0": np.arange(3),
    }
    pooled(sb.Samples(**valid))
    with pytest.raises(sb.SolverError, match=message):
        pooled(sb.Samples(**(valid | changes)))


@pytest.mark.parametrize(
    ("found", "closed"),
    [
        ("....", "...."),
        ("x..x", "x..x"),
        ("xx.x", "xxxx"),
        (".xx.x..", ".xxxx.."),
        ("..xxx..x...xx", "..xxxxxx...xx"),
        ("xxxx", "xxxx"),
    ],
)
def test_times_between_two_unreliable_stretches_are_unreliable_if_they_are_fewer(found, closed):
    from squeezebench.sampling import _closed

    good = np.array([letter == "." for letter in found])
    assert _closed(good).tolist() == [letter == "." for letter in closed]


@pytest.mark.parametrize(
    ("found", "could", "kept"),
    [
        (".....!!!!..", "...........", "...!!!!!!.."),  # half as many before, none after
        (".!!!!!!..", ".........", "!!!!!!!.."),
        ("...!!...", "........", "...!!..."),  # so few may be chance
        (".....!!!!!", ".....  ...", "....!!!!!!"),  # only those count where blocks could have told
        ("....!!!!", "....    ", "....!!!!"),
    ],
)
def test_times_before_an_unreliable_stretch_are_unreliable(found, could, kept):
    from squeezebench.sampling import _with_run_up

    good, able = (np.array([letter == "." for letter in word]) for word in (found, could))
    assert _with_run_up(good, able).tolist() == [letter == "." for letter in kept]
