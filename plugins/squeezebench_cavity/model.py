"""The model with the cavity's field kept: N spins-1/2 and one mode."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from typing import Any, ClassVar, Self

from squeezebench import InvalidModelError, SpinModel
from squeezebench.content import Content, to_plain
from squeezebench.validate import coupling, finite_float, nearest, positive_int, rate, real_vector, shown

__all__ = ["CavityModel"]

_RATES = ("emission", "pumping", "dephasing")


@dataclass(frozen=True, eq=False)
class CavityModel(Content):
    r"""N spins-1/2 in a lossy cavity with one mode, the field kept: Tavis and Cummings' model with drive and decay.

    .. math::

        H = -\Delta_c a^\dagger a + g(a^\dagger J_- + a J_+) + \boldsymbol\Omega\cdot\mathbf J, \qquad
        \dot\rho = -i[H, \rho] + \kappa L(a)\rho + \sum_i (\gamma L(\sigma^-_i) + w L(\sigma^+_i)
        + \gamma_d L(\sigma_{z,i}/2))\rho

    with L(O)ρ = OρO† − {O†O, ρ}/2. The mode starts empty.

    Parameters
    ----------
    N : int
        Number of spins.
    g : float
        Coupling of one spin; 2g is the one-photon Rabi frequency.
    kappa : float
        Rate κ > 0 at which photons leave the cavity.
    delta_c : float
        Detuning of the spins' transition from the cavity, Δ_c = ω_spin − ω_cavity.
    drive : (float, float, float) or float
        H contains drive · (J_x, J_y, J_z); a bare number is along x. A coherent drive of the mode itself is the same
        after a displacement of the field by its own steady amplitude α, with Ω_x − iΩ_y = 2gα*.
    emission, pumping, dephasing : float
        Rates of single spins.
    rate_unit : str
        Unit of every rate, for labels only.

    Raises
    ------
    InvalidModelError
        If a value is of the wrong kind, not finite, or a rate is negative.

    Notes
    -----
    Tavis and Cummings, Phys. Rev. 170, 379 (1968).

    Examples
    --------
    >>> import squeezebench as sb
    >>> kept = sb.CavityModel.driven(N=8, upsilon_ratio=0.9, kappa=200.0)
    >>> kept.eliminate() == sb.SpinModel.driven_cavity(N=8, upsilon_ratio=0.9)
    True
    """

    #: ``type`` of its table in scenarios.
    scenario_table: ClassVar[str] = "tavis_cummings"

    N: int
    g: float
    kappa: float
    delta_c: float = 0.0
    drive: tuple[float, float, float] = (0.0, 0.0, 0.0)
    emission: float = 0.0
    pumping: float = 0.0
    dephasing: float = 0.0
    rate_unit: str = ""

    def __post_init__(self) -> None:
        def put(name: str, value: Any) -> None:
            object.__setattr__(self, name, value)

        put("N", positive_int(self.N, "N"))
        put("g", coupling(self.g, "g"))
        put("kappa", rate(self.kappa, "kappa"))
        if self.kappa == 0:
            raise InvalidModelError("kappa = 0: no photon ever leaves; give the rate kappa > 0 at which they do")
        put("delta_c", coupling(self.delta_c, "delta_c"))
        bare = not hasattr(self.drive, "__len__")
        drive = (coupling(self.drive, "drive"), 0.0, 0.0) if bare else real_vector(self.drive, "drive")
        put("drive", tuple(coupling(value, f"drive[{axis}]") for value, axis in zip(drive, "xyz", strict=True)))
        for name in _RATES:
            put(name, rate(getattr(self, name), name))
        if not isinstance(self.rate_unit, str) or not self.rate_unit.isprintable():
            raise InvalidModelError(f"rate_unit = {shown(self.rate_unit)} is no text: give a unit such as '1/s'")

    @classmethod
    def driven(
        cls,
        N: int,
        upsilon_ratio: float,
        kappa: float,
        chi: float = 0.0,
        gamma_s: float = 0.0,
        Gamma: float = 1.0,
    ) -> Self:
        """The cavity whose field, when it is eliminated, leaves ``SpinModel.driven_cavity`` of the same numbers.

        Parameters
        ----------
        N : int
            Number of spins.
        upsilon_ratio, chi, gamma_s, Gamma : float
            As for `SpinModel.driven_cavity`.
        kappa : float
            Rate at which photons leave the cavity; then Δ_c = κχ/Γ and g² = Γ(4Δ_c² + κ²)/(4κ).
        """
        Gamma, kappa = rate(Gamma, "Gamma"), rate(kappa, "kappa")
        if Gamma == 0 or kappa == 0:
            raise InvalidModelError(f"Gamma = {Gamma!r}, kappa = {kappa!r}: no cavity leaves these; give both above 0")
        spin = SpinModel.driven_cavity(N, upsilon_ratio, chi=chi, gamma_s=gamma_s, Gamma=Gamma)
        delta_c = kappa * spin.chi / Gamma
        g = 0.5 * math.sqrt(Gamma / kappa) * math.hypot(2 * delta_c, kappa)
        return cls(N=N, g=g, kappa=kappa, delta_c=delta_c, drive=spin.drive, emission=spin.emission)

    def eliminate(self) -> SpinModel:
        """The spins alone, with the field following them at once: Γ = 4g²κ/(4Δ_c² + κ²), χ = 4g²Δ_c/(4Δ_c² + κ²).

        Good while the spins move slowly on the scale 1/κ: √N g and NΓ, and the drive, small against κ.
        """
        scale = 4 * (self.g / math.hypot(2 * self.delta_c, self.kappa)) ** 2
        return SpinModel(
            N=self.N,
            chi=scale * self.delta_c,
            drive=self.drive,
            collective_emission=scale * self.kappa,
            emission=self.emission,
            pumping=self.pumping,
            dephasing=self.dephasing,
            rate_unit=self.rate_unit,
        )

    # What observables ask a model for: the eliminated model's, which is what they are said of.

    @property
    def collective_emission(self) -> float:
        """Γ of the eliminated model."""
        return self.eliminate().collective_emission

    @property
    def upsilon(self) -> float:
        """Υ = 2Ω/N."""
        return self.eliminate().upsilon

    @property
    def upsilon_c(self) -> float:
        """Υ_c of the eliminated model."""
        return self.eliminate().upsilon_c

    @property
    def upsilon_ratio(self) -> float:
        """Υ/Υ_c of the eliminated model."""
        return self.eliminate().upsilon_ratio

    @property
    def critical_n_eff(self) -> float:
        """N_c of the eliminated model."""
        return self.eliminate().critical_n_eff

    @property
    def chi(self) -> float:
        """χ of the eliminated model."""
        return self.eliminate().chi

    def to_dict(self) -> dict[str, Any]:
        """Content as plain JSON types; what is empty is left out."""
        data = {item.name: getattr(self, item.name) for item in dataclasses.fields(self)}
        plain: dict[str, Any] = to_plain({"type": "cavity_model", **{k: v for k, v in data.items() if v != ""}})
        return plain

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Self:
        """Model of the given content; the inverse of `to_dict`."""
        if not isinstance(data, dict):
            raise InvalidModelError(f"a cavity model is a table, not {shown(data)}")
        if data.get("type", "cavity_model") != "cavity_model":
            raise InvalidModelError(f"type = {shown(data['type'])} is no 'cavity_model'")
        values = {key: value for key, value in data.items() if key != "type"}
        known = [item.name for item in dataclasses.fields(cls)]
        for key in values:
            if key not in known:
                raise InvalidModelError(f"unknown entry {shown(key)} of a cavity model{nearest(key, known)}")
        for key in ("N", "g", "kappa"):
            if key not in values:
                raise InvalidModelError(f"a cavity model needs {key}")
        if isinstance(values.get("drive"), list):
            values["drive"] = tuple(finite_float(value, "drive") for value in values["drive"])
        return cls(**values)
