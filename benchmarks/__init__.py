"""Benchmarks of squeezebench for asv; one file a subject.

Python runs this file before any of the others, and with it before numpy and numba are imported: the environment is
set here.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import sys
from pathlib import Path

#: Threads of the libraries below us: one, unless whoever runs the suite says otherwise. Where numba is at work already,
#: as in a test that imports a fault from here, it would be too late, and numba refuses to compile after a change.
if "numba" not in sys.modules:
    for _variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"):
        os.environ.setdefault(_variable, "1")

#: Packages whose kernels are measured.
PACKAGES = (
    "squeezebench",
    *(f"squeezebench_{name}" for name in ("mean_field", "cumulant", "steady_state", "permutational", "mcwf")),
)


def _sources_hash() -> str:
    """Hash of the sources of the installed packages."""
    digest = hashlib.sha256()
    for name in PACKAGES:
        spec = importlib.util.find_spec(name)
        if spec is not None and spec.origin is not None:
            for file in sorted(Path(spec.origin).parent.rglob("*.py")):
                digest.update(file.read_bytes())
    return digest.hexdigest()[:16]


# numba's disk cache does not see an edit in another file than the kernel's own: a commit must never run the kernels of
# the one before it, so each state of the sources has a folder of its own. Processes of one state share it.
if "NUMBA_CACHE_DIR" not in os.environ:
    os.environ["NUMBA_CACHE_DIR"] = str(Path(__file__).resolve().parent.parent / ".asv" / "numba" / _sources_hash())
