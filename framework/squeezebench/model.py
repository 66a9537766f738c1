"""The model: N spins-1/2 under collective and single-particle driving, interaction and dissipation."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray

from .canonical import complex_matrix, kossakowski, reduced_couplings
from .content import Content
from .errors import InvalidModelError
from .validate import coupling, finite_float, hermitian_matrix, nearest, positive_int, rate, real_vector, shown

if TYPE_CHECKING:
    from qutip import Qobj

__all__ = ["SpinModel"]

_RATES = (
    "collective_emission",
    "collective_pumping",
    "collective_dephasing",
    "emission",
    "pumping",
    "dephasing",
)
_MATRICES = ("quadratic", "collective_matrix", "single_matrix")


@dataclass(frozen=True, eq=False)
class SpinModel(Content):
    r"""Permutation-symmetric Lindblad model of N spins-1/2.

    With :math:`\mathcal L(O)\rho = O\rho O^\dagger - \{O^\dagger O, \rho\}/2` and ħ = 1,

    .. math::

        \dot\rho = -i[\chi J_+J_- + \mathbf\Omega\cdot\mathbf J + \eta J_z^2, \rho]
          + \Gamma\mathcal L(J_-) + \Gamma_\uparrow\mathcal L(J_+) + \Gamma_\phi\mathcal L(J_z)
          + \sum_i [\gamma_s\mathcal L(\sigma^-_i) + w\mathcal L(\sigma^+_i) + \gamma_\phi\mathcal L(\sigma^z_i/2)].

    Parameters
    ----------
    N : int
        Number of spins, at least 1.
    chi : float
        Exchange interaction χ, any sign.
    drive : float or (float, float, float)
        Ω: coefficients of (J_x, J_y, J_z); a bare number is the x component, a detuning is the z component.
    twisting : float
        η: coefficient of J_z², any sign.
    collective_emission, collective_pumping, collective_dephasing : float
        Γ, Γ↑, Γ_φ ≥ 0: rates of L(J₋), L(J₊), L(J_z).
    emission, pumping, dephasing : float
        γ_s, w, γ_φ ≥ 0: rates a spin of L(σ⁻), L(σ⁺), L(σ_z/2).
    quadratic, collective_matrix, single_matrix : nested tuples, optional
        What `general` could not reduce to the named couplings; see there.
    rate_unit : str
        Unit of every rate, for labels only; times are in its inverse.

    Raises
    ------
    InvalidModelError
        If a value is of the wrong kind, not finite, or a rate is negative.

    Notes
    -----
    Equations (1) and (2) of Tucker et al., Phys. Rev. A 102, 051701(R) (2020), and every coupling that PIQS knows.

    Examples
    --------
    >>> from squeezebench import SpinModel
    >>> model = SpinModel(N=2000, drive=900.0, collective_emission=1.0, emission=4.0)
    >>> model.upsilon_ratio, model.critical_n_eff
    (0.9, 1800.0)
    """

    N: int
    chi: float = 0.0
    drive: tuple[float, float, float] = (0.0, 0.0, 0.0)
    twisting: float = 0.0
    collective_emission: float = 0.0
    collective_pumping: float = 0.0
    collective_dephasing: float = 0.0
    emission: float = 0.0
    pumping: float = 0.0
    dephasing: float = 0.0
    quadratic: tuple[tuple[float, ...], ...] | None = field(default=None, repr=False)
    collective_matrix: tuple[tuple[complex, ...], ...] | None = field(default=None, repr=False)
    single_matrix: tuple[tuple[complex, ...], ...] | None = field(default=None, repr=False)
    rate_unit: str = ""

    def __post_init__(self) -> None:
        def put(name: str, value: Any) -> None:
            object.__setattr__(self, name, value)

        put("N", positive_int(self.N, "N"))
        put("chi", coupling(self.chi, "chi"))
        put("twisting", coupling(self.twisting, "twisting"))
        for name in _RATES:
            put(name, rate(getattr(self, name), name))
        bare = not hasattr(self.drive, "__len__")
        drive = (coupling(self.drive, "drive"), 0.0, 0.0) if bare else real_vector(self.drive, "drive")
        put("drive", tuple(coupling(value, f"drive[{axis}]") for value, axis in zip(drive, "xyz", strict=True)))
        if self.quadratic is not None:
            matrix = hermitian_matrix(self.quadratic, "quadratic", real=True)
            put("quadratic", tuple(tuple(row) for row in matrix.real.tolist()))
        for name in ("collective_matrix", "single_matrix"):
            value = getattr(self, name)
            if value is not None:
                matrix = hermitian_matrix(value, name, positive=True)
                put(name, tuple(tuple(row) for row in matrix.tolist()))
        if not isinstance(self.rate_unit, str) or not self.rate_unit.isprintable():
            raise InvalidModelError(f"rate_unit = {shown(self.rate_unit)} is no text: give a unit such as '1/s'")

    # ---------------------------------------------------------------- other ways to make one

    @classmethod
    def driven_cavity(
        cls, N: int, upsilon_ratio: float, chi: float = 0.0, gamma_s: float = 0.0, Gamma: float = 1.0
    ) -> Self:
        """Model in the parameters of the paper: drive along x with Υ = `upsilon_ratio` × Υ_c, Ω = NΥ/2.

        Parameters
        ----------
        N : int
            Number of spins.
        upsilon_ratio : float
            u = Υ/Υ_c with Υ_c = √(Γ² + 4χ²), Eq. (3).
        chi, gamma_s, Gamma : float
            Exchange interaction, single-particle emission and collective emission, in one rate unit.

        Examples
        --------
        >>> from squeezebench import SpinModel
        >>> SpinModel.driven_cavity(N=2000, upsilon_ratio=0.9, gamma_s=4.0).drive
        (900.0, 0.0, 0.0)
        """
        N = positive_int(N, "N")
        chi = finite_float(chi, "chi")
        Gamma = rate(Gamma, "Gamma")
        omega = 0.5 * N * finite_float(upsilon_ratio, "upsilon_ratio") * math.hypot(Gamma, 2 * chi)
        return cls(N=N, chi=chi, drive=(omega, 0.0, 0.0), collective_emission=Gamma, emission=rate(gamma_s, "gamma_s"))

    @classmethod
    def from_cavity(
        cls,
        N: int,
        g: float,
        kappa: float,
        delta_c: float,
        gamma_s: float,
        upsilon_ratio: float,
        rate_unit: str = "1/s",
    ) -> Self:
        """Model from the cavity's numbers, with the field eliminated (bad-cavity limit).

        Γ = 4g²κ/(4Δ_c² + κ²) and χ = 4g²Δ_c/(4Δ_c² + κ²).

        Parameters
        ----------
        N : int
            Number of spins.
        g : float
            Half the one-photon Rabi frequency 2g.
        kappa, delta_c : float
            Cavity linewidth κ > 0 and detuning Δ_c, angular frequencies as g.
        gamma_s, upsilon_ratio : float
            Single-particle emission and Υ/Υ_c.
        rate_unit : str
            Unit that all these rates are in.

        Examples
        --------
        The ⁸⁷Sr clock transition of the paper: 2g = 2π·8 Hz, κ = Δ_c = 2π·150 kHz, 1/γ_s = 10 s.

        >>> import numpy as np
        >>> from squeezebench import SpinModel
        >>> sr87 = SpinModel.from_cavity(N=10_000, g=2 * np.pi * 4, kappa=2 * np.pi * 150e3,
        ...                              delta_c=2 * np.pi * 150e3, gamma_s=0.1, upsilon_ratio=0.9)
        >>> float(round(sr87.collective_emission, 6)), float(round(sr87.emission / sr87.collective_emission, 1))
        (0.000536, 186.5)
        >>> round(sr87.chi / sr87.collective_emission, 12)
        1.0
        """
        g, delta_c = finite_float(g, "g"), finite_float(delta_c, "delta_c")
        kappa = rate(kappa, "kappa")
        if kappa == 0:
            raise InvalidModelError("kappa = 0: a cavity that loses no light cannot be eliminated; give kappa > 0")
        try:
            scale = 4 * (g / math.hypot(2 * delta_c, kappa)) ** 2
        except (OverflowError, ZeroDivisionError) as error:
            message = f"g = {g!r}, kappa = {kappa!r}, delta_c = {delta_c!r} give no finite Γ and χ: give other numbers"
            raise InvalidModelError(message) from error
        model = cls.driven_cavity(N, upsilon_ratio, chi=scale * delta_c, gamma_s=gamma_s, Gamma=scale * kappa)
        return dataclasses.replace(model, rate_unit=rate_unit)

    @classmethod
    def general(
        cls, N: int, h: Any, K: Any = None, collective: Any = None, single: Any = None, rate_unit: str = ""
    ) -> Self:
        r"""Model in canonical form.

        .. math::

            H = \mathbf h\cdot\mathbf J + \sum_{ab} K_{ab} J_a J_b, \qquad
            \mathcal D\rho = \sum_{ab} c_{ab}\,(J_a\rho J_b - \tfrac12\{J_bJ_a, \rho\})
              + \sum_i\sum_{ab} s_{ab}\,(s_a^i\rho s_b^i - \tfrac12\{s_b^is_a^i, \rho\}), \quad s_a = \sigma_a/2.

        Parameters
        ----------
        N : int
            Number of spins.
        h : array_like (3,)
            Linear form.
        K : array_like (3, 3), optional
            Real symmetric quadratic form.
        collective, single : array_like (3, 3), optional
            Hermitian positive semidefinite Kossakowski matrices c and s over (x, y, z).

        Returns
        -------
        SpinModel
            Parts that the named couplings can express are expressed by them, so that equal physics is an equal model.

        Raises
        ------
        InvalidModelError
            If a shape, symmetry or sign is wrong.

        Examples
        --------
        >>> from squeezebench import SpinModel
        >>> SpinModel.general(4, h=(0, 0, 1), K=[[1, 0, 0], [0, 1, 0], [0, 0, 0]]).chi
        1.0
        """
        hx, hy, hz = real_vector(h, "h")
        values = reduced_couplings(K, collective, single)
        return cls(N=N, drive=(hx, hy, hz - values.get("chi", 0.0)), rate_unit=rate_unit, **values)

    # ---------------------------------------------------------------- canonical form

    @property
    def h(self) -> NDArray[np.float64]:
        """Linear form of H, shape (3,): the drive, and χ along z, since J₊J₋ = J_x² + J_y² + J_z."""
        return np.asarray(np.array(self.drive) + np.array([0.0, 0.0, self.chi]))

    @property
    def K(self) -> NDArray[np.float64]:
        """Quadratic form of H, shape (3, 3), real symmetric."""
        named: NDArray[np.float64] = np.diag([self.chi, self.chi, self.twisting])
        return named if self.quadratic is None else np.asarray(named + np.array(self.quadratic))

    @property
    def collective(self) -> NDArray[np.complex128]:
        """Kossakowski matrix of the collective dissipator over (J_x, J_y, J_z), shape (3, 3)."""
        named = kossakowski(self.collective_emission, self.collective_pumping, self.collective_dephasing)
        return named if self.collective_matrix is None else named + np.array(self.collective_matrix)

    @property
    def single(self) -> NDArray[np.complex128]:
        """Kossakowski matrix of the single-spin dissipator over (σ_x, σ_y, σ_z)/2, shape (3, 3)."""
        named = kossakowski(self.emission, self.pumping, self.dephasing)
        return named if self.single_matrix is None else named + np.array(self.single_matrix)

    @property
    def is_named(self) -> bool:
        """Whether the nine named couplings say everything."""
        return all(getattr(self, name) is None for name in _MATRICES)

    @property
    def is_collective(self) -> bool:
        """Whether J² is conserved: no single-spin dissipation."""
        return not self.single.any()

    # ---------------------------------------------------------------- the paper's parameters

    @property
    def _is_paper_hamiltonian(self) -> bool:
        return self.drive[2] == 0 and self.twisting == 0 and self.quadratic is None

    @property
    def upsilon(self) -> float:
        """Υ = 2Ω/N with Ω = |(Ω_x, Ω_y)|; NaN outside the paper's Hamiltonian."""
        return 2 * math.hypot(*self.drive[:2]) / self.N if self._is_paper_hamiltonian else math.nan

    @property
    def upsilon_c(self) -> float:
        """Υ_c = √(Γ² + 4χ²), Eq. (3); NaN outside the paper's Hamiltonian."""
        return math.hypot(self.collective_emission, 2 * self.chi) if self._is_paper_hamiltonian else math.nan

    @property
    def upsilon_ratio(self) -> float:
        """Υ/Υ_c; NaN where Υ_c = 0."""
        return self.upsilon / self.upsilon_c if self.upsilon_c else math.nan

    @property
    def critical_n_eff(self) -> float:
        """N_c = 2Ω/Υ_c, the effective atom number at which the drive is critical; inf where Υ_c = 0."""
        return self.N * self.upsilon / self.upsilon_c if self.upsilon_c else math.inf

    # ---------------------------------------------------------------- content

    def to_dict(self) -> dict[str, Any]:
        """Content as plain JSON types; what is None or empty is left out."""
        data: dict[str, Any] = {"type": "spin_model"}
        for item in dataclasses.fields(self):
            value = getattr(self, item.name)
            if value is None or value == "":
                continue
            data[item.name] = value
        from .content import to_plain

        plain: dict[str, Any] = to_plain(data)
        return plain

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Self:
        """Model of the given content; the inverse of `to_dict`."""
        if not isinstance(data, dict):
            raise InvalidModelError(f"a spin model is a table, not {shown(data)}")
        values = {key: value for key, value in data.items() if key != "type"}
        if data.get("type", "spin_model") != "spin_model":
            raise InvalidModelError(f"type = {shown(data['type'])} is no 'spin_model'")
        known = {item.name for item in dataclasses.fields(cls)}
        for key in values:
            if key not in known:
                raise InvalidModelError(f"unknown entry {shown(key)} of a spin model{nearest(key, known)}")
        if "N" not in values:
            raise InvalidModelError("a spin model needs N, the number of spins")
        for name in ("collective_matrix", "single_matrix"):
            if values.get(name) is not None:
                values[name] = complex_matrix(values[name], name)
        return cls(**values)

    # ---------------------------------------------------------------- QuTiP

    def to_qutip(self) -> tuple[Qobj, list[Qobj]]:
        """Hamiltonian and collapse operators on the full space of 2^N states.

        Returns
        -------
        (Qobj, list of Qobj)
            Tensor products of N two-level systems, spin 0 first; the first basis state of each spin is up.
        """
        from .interop import to_qutip

        return to_qutip(self)

    def to_piqs(self) -> Any:
        """The model as a ``qutip.piqs.Dicke``.

        Raises
        ------
        InvalidModelError
            If a Kossakowski matrix does not reduce to the named rates.

        Examples
        --------
        >>> from squeezebench import SpinModel
        >>> model = SpinModel(N=4, chi=0.3, drive=0.9, emission=0.1)
        >>> SpinModel.from_piqs(model.to_piqs()) == model
        True
        """
        from .interop_piqs import model_to_piqs

        return model_to_piqs(self)

    @classmethod
    def from_piqs(cls, dicke: Any, rate_unit: str = "") -> SpinModel:
        """Model of the same physics as a ``qutip.piqs.Dicke``.

        Parameters
        ----------
        dicke : qutip.piqs.Dicke
            Its Hamiltonian is in the Dicke basis and of the form h·J + J·K·J, up to a constant, which is dropped.
        rate_unit : str
            Unit of its rates.

        Raises
        ------
        InvalidModelError
            If a rate is negative, or the Hamiltonian is not Hermitian or of another form.
        """
        from .interop_piqs import model_from_piqs

        return model_from_piqs(dicke, cls, rate_unit)
