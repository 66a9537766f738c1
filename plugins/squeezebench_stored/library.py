"""The answers that come with the package, and files of more."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import squeezebench as sb

__all__ = ["DATA", "Answer", "answers", "read_answer"]

Array = NDArray[np.float64]

#: Folder of the answers.
DATA = Path(__file__).parent / "data"
#: Two times are the same if they differ by less than this, relative to the last.
_SAME_TIME = 1e-12
#: Places of the covariance that are stored.
_UPPER = np.triu_indices(3)
_SCHEMA = 1


@dataclass(frozen=True)
class Answer:
    """Moments of one problem over time.

    Attributes
    ----------
    problem : Problem
        What was solved.
    spin, covariance : ndarray (T, 3), (T, 3, 3)
        As in `Moments`.
    errors : dict of str to ndarray
        The solver's own estimates of absolute errors: ``"spin"`` (T, 3), ``"covariance"`` (T, 3, 3), ``"xi2"`` (T,).
    provenance : dict
        Which solver found it, with which options, versions and time, and by which command.
    """

    problem: sb.Problem
    spin: Array
    covariance: Array
    errors: dict[str, Array]
    provenance: dict[str, Any]

    def rows(self, problem: sb.Problem) -> NDArray[np.intp] | None:
        """Which of the stored times a problem asks for, −1 after their end; None if it is not the same problem.

        It is the same if its flow and its start are, and each of its times up to the last stored one is stored.
        """
        mine = self.problem
        if (
            problem.is_steady
            or not problem.is_plain
            or problem.model != mine.model
            or problem.initial_state != mine.initial_state
        ):
            return None
        times, asked = mine.times, problem.times
        slack = _SAME_TIME * float(times[-1])
        rows = np.searchsorted(times, asked - slack)
        beyond = asked > times[-1] + slack
        rows[beyond] = 0
        if (np.abs(times[rows] - asked)[~beyond] > slack).any():
            return None
        rows[beyond] = -1
        return rows

    def to_dict(self) -> dict[str, Any]:
        """What a file holds."""
        return {
            "schema": _SCHEMA,
            "problem": self.problem.to_dict(),
            "provenance": self.provenance,
            "spin": self.spin.tolist(),
            "covariance": self.covariance[:, *_UPPER].tolist(),
            # Errors are one number a time for all axes.
            "errors": {
                name: values.reshape(len(values), -1).max(axis=1).tolist() for name, values in self.errors.items()
            },
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Answer:
        """Inverse of `to_dict`."""
        if not isinstance(data, Mapping) or data.get("schema") != _SCHEMA:
            raise sb.StoreError(f"this version reads mappings with schema = {_SCHEMA}")
        problem = sb.Problem.from_dict(data["problem"])
        covariance = np.empty((len(problem.times), 3, 3))
        covariance[:, *_UPPER] = data["covariance"]
        covariance[:, _UPPER[1], _UPPER[0]] = data["covariance"]
        shapes = {"spin": (3,), "covariance": (3, 3)}
        errors = {}
        for name, values in data["errors"].items():
            one = np.array(values, dtype=float)
            shape = shapes.get(name, ())
            errors[name] = np.broadcast_to(one.reshape(-1, *(1 for _ in shape)), (len(one), *shape)).copy()
        return cls(problem, np.array(data["spin"]), covariance, errors, dict(data["provenance"]))

    @property
    def floor(self) -> float:
        """Largest estimated error of ξ², relative to it, up to the last time at which it says anything."""
        from squeezebench.observables.kernels import xi2_wineland

        N = float(self.problem.N)
        xi2 = np.array([xi2_wineland(s, c, N) for s, c in zip(self.spin, self.covariance, strict=True)])
        return float(np.nanmax(np.where(np.isfinite(xi2), self.errors["xi2"] / xi2, np.nan)))


def read_answer(file: Path) -> Answer:
    """The answer that a file holds.

    Raises
    ------
    StoreError
        If it holds none.
    """
    try:
        return Answer.from_dict(json.loads(file.read_text(encoding="utf-8")))
    except (ValueError, KeyError, TypeError, OSError, sb.SqueezebenchError) as error:
        raise sb.StoreError(f"{file} is no stored answer: {error}") from error


@lru_cache(maxsize=1)
def answers() -> tuple[Answer, ...]:
    """All answers that come with the package."""
    return tuple(read_answer(file) for file in sorted(DATA.glob("*.json")))
