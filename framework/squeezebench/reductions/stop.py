"""The rule when a point's solution may end early."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from squeezebench.content import Content
from squeezebench.errors import InvalidScenarioError
from squeezebench.expressions import evaluate, shown
from squeezebench.literals import scenario_json
from squeezebench.validate import nearest

__all__ = ["StopRule"]


@dataclass(frozen=True, eq=False)
class StopRule(Content):
    """When a point's solution may end early.

    Parameters
    ----------
    rule : str
        ``"squeezing_lost"``: ξ² is above `threshold` while N_eff is below the critical atom number N_c. Where there is
        no finite N_c the rule never holds.
    threshold : float or str
        Of ξ²; a number or an expression.
    after : float or str
        Only times later than this; a number or an expression.
    """

    rule: str = "squeezing_lost"
    threshold: Any = 1.0
    after: Any = 0.0

    def __post_init__(self) -> None:
        if self.rule != "squeezing_lost":
            known = ["squeezing_lost"]
            raise InvalidScenarioError(f"stop: unknown rule {shown(self.rule)}{nearest(str(self.rule), known)}")
        for key in ("threshold", "after"):
            value = getattr(self, key)
            if not isinstance(value, str):
                object.__setattr__(self, key, float(evaluate(value, {}, f"stop.{key}")))

    def resolve(self, names: Mapping[str, Any]) -> Self:
        """Rule with its expressions evaluated."""
        threshold = float(evaluate(self.threshold, names, "stop.threshold"))
        return type(self)(self.rule, threshold, float(evaluate(self.after, names, "stop.after")))

    def holds(self, times: Any, xi2: Any, n_eff: Any, n_c: Any) -> int:
        """Index of the first time at which the rule holds, or −1.

        Parameters
        ----------
        times, xi2, n_eff : array_like (T,)
            The course; NaN never makes the rule hold.
        n_c : float or array_like (T,)
            Critical atom number N_c = 2Ω/Υ_c.
        """
        if isinstance(self.threshold, str) or isinstance(self.after, str):
            raise InvalidScenarioError("stop: threshold or after is an expression; resolve the rule first")
        critical = np.asarray(n_c, dtype=np.float64)
        lost = (np.asarray(xi2) > self.threshold) & (np.asarray(n_eff) < critical) & np.isfinite(critical)
        found = np.flatnonzero(lost & (np.asarray(times) > self.after))
        return int(found[0]) if found.size else -1

    def to_dict(self) -> dict[str, Any]:
        """Content as plain JSON types."""
        return {"rule": self.rule, "threshold": self.threshold, "after": self.after}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Rule of the given content; the inverse of `to_dict`."""
        if not isinstance(data, Mapping):
            raise InvalidScenarioError(f"stop = {shown(data)} is no table: write rule, threshold and after")
        known = ("rule", "threshold", "after")
        for key in data:
            if key not in known:
                raise InvalidScenarioError(f"stop: unknown key {shown(key)}{nearest(str(key), known)}")
        return cls(**data)

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Rule of a JSON text; the inverse of `to_json`."""
        return cls.from_dict(scenario_json(text))
