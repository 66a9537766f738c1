"""The statements of the paper that this package grew from, each with what the solvers find of it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from importlib import resources
from typing import Any

from squeezebench.errors import InvalidOptionError
from squeezebench.validate import nearest, shown

from . import experiments, steady, transient
from .base import Finding, PaperClaim

__all__ = ["CLAIMS", "PAPER", "Finding", "PaperClaim", "chosen", "recompute", "stored"]

PAPER = "Tucker et al., Phys. Rev. A 102, 051701(R) (2020)"

CLAIMS: tuple[PaperClaim, ...] = (
    PaperClaim(
        "critical_drive", "the collective transition lies at Υ_c = √(Γ² + 4χ²)", "Eq. (3)", steady.critical_drive
    ),
    PaperClaim(
        "squeezed_below",
        "the collective steady state is squeezed below Υ_c, increasingly towards it, and not above",
        "Fig. 1(c)",
        steady.squeezed_below,
    ),
    PaperClaim(
        "mean_field_fold",
        "with γ_s ≠ 0 mean field has its critical point at Υ_c' = Υ_c/√2",
        "Effects of single-particle relaxation",
        steady.mean_field_fold,
        quick=False,
    ),
    PaperClaim(
        "metastable_squeezing",
        "Υ_c' separates lasting squeezing from its absence, for spins that start along −x",
        "Effects of single-particle relaxation",
        steady.metastable_squeezing,
        quick=False,
    ),
    PaperClaim(
        "unique_steady_state",
        "Υ_c' is the boundary of a squeezed steady state",
        "Effects of single-particle relaxation",
        steady.unique_steady_state,
        quick=False,
    ),
    PaperClaim(
        "beats_collective",
        "for Υ_c' < Υ < Υ_c single-particle decay squeezes more than the collective steady state",
        "Fig. 2(a)",
        transient.beats_collective,
        quick=False,
    ),
    PaperClaim("robust", "the squeezing is robust to the value of γ_s/Γ", "Fig. 2(a)", transient.robust),
    PaperClaim("time_scale", "it develops on the time scale 1/γ_s", "Fig. 2(a)", transient.time_scale),
    PaperClaim(
        "loss_averaged", "N_eff crosses N_c at t*, when squeezing is lost", "Fig. 2(a)", transient.loss_averaged
    ),
    PaperClaim(
        "loss_single",
        "in a single trajectory squeezing changes abruptly exactly for t > t*, and t* varies",
        "Fig. 2(b)",
        transient.loss_single,
        quick=False,
    ),
    PaperClaim(
        "below_fold", "for Υ < Υ_c' emission does not enhance squeezing", "Fig. 3(a)", transient.below_fold, quick=False
    ),
    PaperClaim("exchange", "χ improves the squeezing, in particular for 0 < χ/Γ ≲ 2", "Fig. 3(b)", transient.exchange),
    PaperClaim("strontium", "⁸⁷Sr, N ~ 10⁴: about 9 dB at about 2 s", "Outlook", experiments.strontium, quick=False),
    PaperClaim(
        "ions",
        "124 ions with NΓ/γ_s ~ 100 reach the conditions for squeezing",
        "Outlook",
        experiments.ions,
        quick=False,
    ),
    PaperClaim(
        "number_fluctuations",
        "fluctuations of N smear the crossover and reduce squeezing: they must be sub-Poissonian",
        "Squeezing mechanism",
        experiments.number_fluctuations,
        quick=False,
    ),
    PaperClaim(
        "dephasing",
        "other single-particle decoherence, such as dephasing, acts similarly",
        "Model",
        experiments.dephasing,
    ),
)


def chosen(names: Iterable[str] | None = None) -> list[PaperClaim]:
    """Claims of the given names, all of them for None.

    Raises
    ------
    InvalidOptionError
        Naming the nearest one, if there is none of a name.
    """
    known = {claim.name: claim for claim in CLAIMS}
    wanted = list(known) if names is None else list(names)
    for name in wanted:
        if name not in known:
            raise InvalidOptionError(f"there is no claim {shown(name)}{nearest(name, list(known))}")
    return [known[name] for name in wanted]


def recompute(
    names: Iterable[str] | None = None, progress: Callable[[int, int, str], None] | None = None
) -> list[Finding]:
    """Examine claims now.

    Parameters
    ----------
    names : iterable of str, optional
        Which; all by default, in about four minutes.
    progress : callable, optional
        Called as ``progress(done, total, name)`` before each.
    """
    claims, findings = chosen(names), []
    for k, claim in enumerate(claims):
        if progress is not None:
            progress(k, len(claims), claim.name)
        findings.append(claim.compute())
    return findings


def stored(names: Iterable[str] | None = None) -> tuple[list[Finding], dict[str, Any]]:
    """Findings that ship with the package, and where they come from: ``created``, ``versions`` and ``machine``."""
    text = (resources.files("squeezebench") / "claims" / "evidence.json").read_text(encoding="utf-8")
    data = json.loads(text)
    there = {item["name"]: Finding(**item) for item in data["findings"]}
    return [there[claim.name] for claim in chosen(names) if claim.name in there], data["provenance"]


def as_document(findings: Iterable[Finding]) -> dict[str, Any]:
    """Findings with their provenance, as plain JSON types: what ``evidence.json`` holds."""
    import datetime

    from squeezebench.content import to_plain
    from squeezebench.versions import machine, versions

    document = {
        "paper": PAPER,
        "provenance": {
            "created": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
            "versions": versions(),
            "machine": machine(),
        },
        "findings": [finding.to_dict() for finding in findings],
    }
    plain: dict[str, Any] = to_plain(document)
    return plain
