"""Plugins are loaded one at a time, and what went wrong with one is said about that one."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest

import squeezebench as sb
from squeezebench.host import Host

from .toys import EntryPoint, Precession, plugin_with


def named(name: str, **attributes: Any) -> Any:
    return type("Toy", (Precession,), {"name": name, **attributes})()


def statuses(host: Host) -> dict[str, str]:
    return {record.name: record.status for record in host.plugins}


def test_a_plugin_that_loads_brings_its_solver() -> None:
    host = Host([EntryPoint("good", plugin_with(Precession()))])
    record = host.plugins[0]
    assert (record.status, record.solvers, record.distribution, record.version) == (
        "loaded",
        ["precession"],
        "some-plugin",
        "1.2.3",
    )
    assert host.solver("precession").name == "precession"


@pytest.mark.parametrize(
    "failure",
    [ImportError("no module named fancy"), RuntimeError("boom"), SystemExit(1)],
    ids=lambda e: type(e).__name__,
)
def test_a_plugin_that_does_not_import_is_broken_and_the_rest_goes_on(failure: BaseException) -> None:
    host = Host([EntryPoint("bad", failure), EntryPoint("good", plugin_with(Precession()))])
    assert statuses(host) == {"bad": "broken", "good": "loaded"}
    assert type(failure).__name__ in host.plugins[0].error
    assert "Traceback" in host.plugins[0].traceback
    assert "precession" in host.solvers


def test_another_api_version_is_incompatible() -> None:
    host = Host([EntryPoint("old", plugin_with(named("old", api_version=99)))])
    assert statuses(host) == {"old": "incompatible"}
    assert "99" in host.plugins[0].error


def test_a_misspelt_hook_is_broken() -> None:
    class Plugin:
        @sb.hookimpl
        def squeezebench_solver(self) -> list[Any]:
            return [Precession()]

    host = Host([EntryPoint("typo", Plugin())])
    assert statuses(host) == {"typo": "broken"}
    assert "squeezebench_solver" in host.plugins[0].error


def test_a_taken_solver_name_is_a_duplicate_and_the_first_one_stays() -> None:
    first, second = Precession(), Precession()
    host = Host([EntryPoint("a", plugin_with(first)), EntryPoint("b", plugin_with(second, named("other")))])
    assert statuses(host) == {"a": "loaded", "b": "duplicate"}
    assert host.solver("precession") is first
    assert host.plugins[1].solvers == ["other"]


def test_built_in_plugins_keep_their_names_whatever_a_third_party_is_called() -> None:
    host = Host(
        [
            EntryPoint("aaa", plugin_with(Precession())),
            EntryPoint("zzz", plugin_with(Precession()), distribution="squeezebench"),
        ]
    )
    assert statuses(host) == {"zzz": "loaded", "aaa": "duplicate"}


@pytest.mark.parametrize("name", ["a/b", "<script>", "Upper", "", "9lives", None, 3])
def test_a_solver_name_that_is_no_name_is_broken(name: Any) -> None:
    host = Host([EntryPoint("odd", plugin_with(named(name)))])
    assert statuses(host) == {"odd": "broken"}
    assert host.solvers == {}


def test_hooks_that_raise_or_give_no_list_are_broken() -> None:
    class Raises:
        @sb.hookimpl
        def squeezebench_solvers(self) -> list[Any]:
            raise ValueError("not today")

    class Gives:
        @sb.hookimpl
        def squeezebench_solvers(self) -> Any:
            return Precession()

    host = Host(
        [EntryPoint("raises", Raises()), EntryPoint("gives", Gives()), EntryPoint("x", plugin_with("no solver"))]
    )
    assert set(statuses(host).values()) == {"broken"}
    errors = " ".join(record.error for record in host.plugins)
    assert "not today" in errors
    assert "not a list" in errors
    assert "no solver" in errors


def test_block_and_allow_lists() -> None:
    points = [EntryPoint("a", plugin_with(named("a"))), EntryPoint("b", plugin_with(named("b")))]
    assert statuses(Host(points, disabled=["a"])) == {"a": "blocked", "b": "loaded"}
    assert statuses(Host(points, allowed=["a"])) == {"a": "loaded", "b": "blocked"}


def test_strict_makes_a_failing_plugin_fatal_but_not_a_blocked_one() -> None:
    bad, good = EntryPoint("bad", ImportError("gone")), EntryPoint("good", plugin_with(Precession()))
    with pytest.raises(sb.PluginError, match="'bad' is broken: ImportError: gone"):
        Host([bad, good], strict=True)
    Host([bad, good], disabled=["bad"], strict=True)


def test_an_unknown_solver_names_the_nearest_and_the_reason_of_a_broken_plugin() -> None:
    host = Host([EntryPoint("good", plugin_with(Precession())), EntryPoint("bad", ImportError("gone"))])
    with pytest.raises(sb.UnknownSolverError, match="unknown solver 'precesion'; did you mean 'precession'"):
        host.solver("precesion")
    with pytest.raises(sb.UnknownSolverError, match="plugin 'bad' is broken: ImportError: gone"):
        host.solver("bad")


def test_plugins_bring_observables_and_scenarios() -> None:
    class Inversion(sb.Observable):
        name, long_name = "inversion", "inversion 2⟨J_z⟩/N"

        def compute(self, inputs: Any) -> Any:
            return 2 * inputs.spin[..., 2] / inputs.N

    class Plugin:
        @sb.hookimpl
        def squeezebench_observables(self) -> list[Any]:
            return [Inversion()]

        @sb.hookimpl
        def squeezebench_scenarios(self) -> list[Any]:
            model = {"type": "spin", "N": 2}
            return [sb.Scenario(name="mine", title="Mine", model=model, times={"stop": 1.0, "num": 3})]

    class Taken:
        @sb.hookimpl
        def squeezebench_observables(self) -> list[Any]:
            return [Inversion()]

    host = Host([EntryPoint("a", Plugin()), EntryPoint("b", Taken())])
    assert statuses(host) == {"a": "loaded", "b": "duplicate"}
    assert [observable.name for observable in host.observables] == ["inversion"]
    assert list(host.scenarios) == ["mine"]


def test_the_built_in_plugins_come_in_through_entry_points() -> None:
    host = Host()
    built_in = {r.name: r.status for r in host.plugins if r.distribution == "squeezebench"}
    assert set(built_in) == {
        "cavity",
        "cumulant",
        "mcwf",
        "mean_field",
        "one_axis_twisting",
        "permutational",
        "piqs",
        "qutip",
        "steady_state",
        "stored",
    }
    assert set(built_in.values()) == {"loaded"}
    assert set(built_in) - {"cavity"} | {"cavity_exact", "cavity_cumulant"} <= set(host.solvers)


def test_environment_variables_block_and_allow() -> None:
    code = "from squeezebench.host import get_host; import json; " + (
        "print(json.dumps({r.name: r.status for r in get_host().plugins}))"
    )

    def loaded(**environment: str) -> dict[str, str]:
        import os

        done = subprocess.run(
            [sys.executable, "-c", code], env={**os.environ, **environment}, capture_output=True, text=True, check=True
        )
        found: dict[str, str] = json.loads(done.stdout)
        return found

    assert loaded(SQUEEZEBENCH_DISABLED_PLUGINS="qutip, piqs")["qutip"] == "blocked"
    only = loaded(SQUEEZEBENCH_PLUGINS="mean_field")
    assert [name for name, status in only.items() if status == "loaded"] == ["mean_field"]
    assert "blocked" not in loaded(SQUEEZEBENCH_PLUGINS="").values()
