"""Solvers, options and scenarios that are none: the call, the exception, the message."""

from __future__ import annotations

__all__ = ["SOLVING", "SPECS"]

MODEL = "InvalidModelError"
OPTION = "InvalidOptionError"
SCENARIO = "InvalidScenarioError"
UNKNOWN = "UnknownSolverError"
UNSUPPORTED = "UnsupportedProblemError"
SOLVER = "SolverError"

#: Solving.
SOLVING: list[tuple[str, str, str]] = [
    (
        'solve(model, "mean_field")',
        MODEL,
        "problem = SpinModel(N=4, chi=0.0, drive=(1.8, 0.0, 0.0), twisting=0.0… is no squeezebench.Problem",
    ),
    ('solve(problem, "")', OPTION, "solver name '' is malformed: small letters, digits and _, starting with a letter"),
    (
        "solve(problem, None)",
        OPTION,
        "None is no solver spec: give a name, a text such as 'cumulant:order=3' or a Spec",
    ),
    (
        'solve(problem, "Mean Field")',
        OPTION,
        "solver name 'Mean Field' is malformed: small letters, digits and _, starting with a letter",
    ),
    ('solve(problem, "mean_feild")', UNKNOWN, "unknown solver 'mean_feild'; did you mean 'mean_field'?"),
    (
        'solve(problem, "a" * 1000)',
        UNKNOWN,
        "unknown solver 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa…; known: ...",
    ),
    (
        'solve(problem, "cumulant:")',
        OPTION,
        "solver spec 'cumulant:': '' is no name=value; write name:key=value,key=value",
    ),
    (
        'solve(problem, "cumulant:order")',
        OPTION,
        "solver spec 'cumulant:order': 'order' is no name=value; write name:key=value,key=value",
    ),
    (
        'solve(problem, "cumulant:order=2,order=3")',
        OPTION,
        "solver spec 'cumulant:order=2,order=3': 'order' is given twice; write name:key=value,key=value",
    ),
    (
        'solve(problem, "cumulant:order=\'2")',
        OPTION,
        "solver spec \"cumulant:order='2\": the quote ' is not closed; write name:key=value,key=value",
    ),
    (
        'solve(problem, "cumulant:order=0")',
        OPTION,
        "solver 'cumulant': order = 0: input should be greater than or equal to 1",
    ),
    (
        'solve(problem, "cumulant:order=nan")',
        OPTION,
        "solver 'cumulant': order = 'nan': input should be a valid integer or 'auto'",
    ),
    (
        'solve(problem, "cumulant:order=99999999999999999999")',
        OPTION,
        "solver 'cumulant': option order is a whole number beyond 2^63",
    ),
    ('solve(problem, "cumulant:odrer=3")', OPTION, "solver 'cumulant' has no option 'odrer'; did you mean 'order'?"),
    (
        'solve(problem, "cumulant", order=2.0)',
        OPTION,
        "solver 'cumulant': order = 2.0: input should be a valid integer",
    ),
    (
        'solve(problem, "cumulant", order=True)',
        OPTION,
        "solver 'cumulant': order = True: input should be a valid integer",
    ),
    ('solve(problem, "cumulant", rtol=nan)', OPTION, "solver 'cumulant': option rtol = nan is not finite"),
    (
        'solve(problem, "cumulant", rtol={})',
        OPTION,
        "solver 'cumulant': option rtol is a dict: give a number, text, bool or list of these",
    ),
    ('solve(problem, {"order": 3})', OPTION, "solver {'order': 3} has no 'name': write {name = 'cumulant', order = 3}"),
    (
        'solve(problem, "mean_field", tier="best")',
        OPTION,
        "solver 'mean_field' has no tier 'best'; known: default, fast, reference, tight",
    ),
    (
        'solve(problem, "mean_field", tier=3)',
        OPTION,
        "tier 3 is malformed: small letters, digits and _, starting with a letter",
    ),
    ('solve(problem, "mean_field", seed=-1)', OPTION, "seed = -1: give a whole number of at least 0"),
    ('solve(problem, "mean_field", seed=1.5)', OPTION, "seed = 1.5: give a whole number of at least 0"),
    ('solve(problem, "mean_field", seed=True)', OPTION, "seed = True: give a whole number of at least 0"),
    ('solve(problem, "mean_field", n_threads=0)', OPTION, "n_threads = 0: give a whole number of at least 1"),
    ('solve(problem, "mean_field", n_threads="2")', OPTION, "n_threads = '2': give a whole number of at least 1"),
    ('solve(problem, "mean_field", keep="all")', OPTION, "keep = 'all'; known: series, states, trajectories"),
    ('solve(problem, "mean_field", keep=3)', OPTION, "keep = 3: give a list of series, states, trajectories"),
    ('solve(problem, "mean_field", keep=[None])', OPTION, "keep = None; known: series, states, trajectories"),
    ('solve(problem, "mean_field", label="")', OPTION, "solver 'mean_field': label = '' is no text of one line"),
    (
        'solve(problem, "mean_field", label="two\\nlines")',
        OPTION,
        "solver 'mean_field': label = 'two\\nlines' is no text of one line",
    ),
    (
        'solve(problem, "mean_field", progress=3)',
        OPTION,
        "progress = 3 cannot be called: give a function of (fraction, text)",
    ),
    ('solve(problem, "mean_field", time_limit=-1)', OPTION, "time_limit = -1: give a number of seconds above 0"),
    ('solve(problem, "mean_field", time_limit="1 h")', OPTION, "time_limit = '1 h': give a number of seconds above 0"),
    ('solve(problem, "mean_field", time_limit=nan)', OPTION, "time_limit = nan: give a number of seconds above 0"),
    ('solve(problem, "mean_field", max_memory=0)', OPTION, "max_memory = 0: give a number of bytes above 0"),
    ('solve(problem, "mean_field", max_memory="2 GB")', OPTION, "max_memory = '2 GB': give a number of bytes above 0"),
    ('solve(problem, "mean_field", checkpoint="")', OPTION, "checkpoint = '' is no path: give a folder"),
    ('solve(problem, "mean_field", checkpoint=3)', OPTION, "checkpoint = 3 is no path: give a folder"),
    (
        'solve(Problem(SpinModel(40), times=[0, 1]), "qutip")',
        UNSUPPORTED,
        "solver 'qutip' declines this problem: N = 40 spins have 2^40 states: brute force is for N ≤ 8 "
        "(option max_spins, at most 12)",
    ),
    (
        'solve(problem, "steady_state")',
        UNSUPPORTED,
        "solver 'steady_state' declines this problem: gives the steady state only, not a course over time",
    ),
    ("steady_state(None)", MODEL, "model = None is no SpinModel: give squeezebench.SpinModel(N=…)"),
    (
        "steady_state(problem)",
        MODEL,
        "model = Problem(SpinModel(N=4, chi=0.0, drive=(1.8, 0.0, 0.0), twis… is no SpinModel: give "
        "squeezebench.SpinModel(N=…)",
    ),
    ('steady_state(model, J="2")', MODEL, "J = '2' is no real number: give a finite number"),
    ("steady_state(model, J=1.5)", MODEL, "J = 1.5 is no total spin of N = 4 spins: N/2, N/2 − 1, … ≥ 0"),
    ("steady_state(model, J=-1)", MODEL, "J = -1.0 is negative: give N/2, N/2 − 1, … ≥ 0"),
    ("steady_state(model, J=nan)", MODEL, "J = nan is not finite: give a finite number"),
    ("steady_state(model, J=1, initial=CoherentSpinState())", MODEL, "give J or initial, not both"),
    (
        'steady_state(model, initial="down")',
        MODEL,
        "initial = 'down' is no state: give a CoherentSpinState, DickeState, …",
    ),
    (
        'steady_state(model, "mean_field")',
        UNSUPPORTED,
        "solver 'mean_field' declines this problem: follows states over time and has no steady-state method",
    ),
    (
        "steady_state(SpinModel(4, emission=1.0, collective_emission=1.0))",
        UNSUPPORTED,
        "solver 'steady_state' declines this problem: single-particle dissipation does not conserve J², "
        "which the closed form needs",
    ),
    (
        "steady_state(SpinModel(4, drive=1e200, collective_emission=1e-10))",
        SOLVER,
        "drive = (1e+200, 0.0, 0.0) is too large: |Ω|/√(Γ² + 4χ²) must stay below 1e+150",
    ),
]

#: Solver specs, claims and scenarios.
SPECS: list[tuple[str, str, str]] = [
    ('Spec("")', OPTION, "solver name '' is malformed: small letters, digits and _, starting with a letter"),
    ('Spec("Upper")', OPTION, "solver name 'Upper' is malformed: small letters, digits and _, starting with a letter"),
    ('Spec("été")', OPTION, "solver name 'été' is malformed: small letters, digits and _, starting with a letter"),
    ("Spec(3)", OPTION, "solver name 3 is malformed: small letters, digits and _, starting with a letter"),
    ('Spec("cumulant", tier="")', OPTION, "tier '' is malformed: small letters, digits and _, starting with a letter"),
    ('Spec("cumulant", label="\\n")', OPTION, "solver 'cumulant': label = '\\n' is no text of one line"),
    (
        'Spec("cumulant", label="x" * 201)',
        OPTION,
        "solver 'cumulant': label = 'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxx'… is longer than 200 characters",
    ),
    ('Spec("cumulant", order=nan)', OPTION, "solver 'cumulant': option order = nan is not finite"),
    ('Spec("cumulant", order=2**63)', OPTION, "solver 'cumulant': option order is a whole number beyond 2^63"),
    ('Spec("cumulant", order=[[1]])', OPTION, "solver 'cumulant': option order is a list of lists: give a plain list"),
    (
        'Spec("cumulant", order=b"3")',
        OPTION,
        "solver 'cumulant': option order is a bytes: give a number, text, bool or list of these",
    ),
    (
        'Spec.parse("cumulant:label=a b,name=x")',
        OPTION,
        "solver spec 'cumulant:label=a b,name=x': 'name' stands before the colon and is no option",
    ),
    (
        'Spec.parse("cumulant:order=1e999")',
        OPTION,
        "solver spec 'cumulant:order=1e999': '1e999' is not finite; write name:key=value,key=value",
    ),
    (
        'Spec.from_dict({"nam": "cumulant"})',
        OPTION,
        "solver {'nam': 'cumulant'} has no 'name': write {name = 'cumulant', order = 3}",
    ),
    ('Spec.from_json("")', OPTION, "not a JSON text: ..."),
    ("Spec.coerce(3)", OPTION, "3 is no solver spec: give a name, a text such as 'cumulant:order=3' or a Spec"),
    ('Claim("perfect")', OPTION, "accuracy = 'perfect': give 'exact', 'asymptotic' or 'mean_field'"),
    ('Claim("exact", sampled="yes")', OPTION, "sampled = 'yes' of a claim: give True or False"),
    ('Claim("exact", floor=-1)', OPTION, "floor = -1: give a relative error of at least 0"),
    ('Claim("exact", floor=nan)', OPTION, "floor = nan: give a relative error of at least 0"),
    ('Claim("exact", observables="xi2")', OPTION, "observables = 'xi2' of a claim: give a tuple of names"),
    ("Scenario()", SCENARIO, "model is missing: give a table with a type, or a problem"),
    ("Scenario(model=model)", SCENARIO, "times is missing: give {stop = …, num = …}, a list or 'steady'"),
    ("Scenario(model=3, times=[0, 1])", SCENARIO, "model = 3: input should be a valid dictionary"),
    ("Scenario(model=model, times=3)", SCENARIO, "times = 3: expected {stop, num, spacing}, a list or 'steady'"),
    ("Scenario(model=model, times=[0, 1], tims=[0, 1])", SCENARIO, "tims: unknown key; did you mean 'times'?"),
    (
        'Scenario(model=model, times=[0, 1], solvers="mean_field")',
        SCENARIO,
        "solvers = 'mean_field': input should be a valid list",
    ),
    (
        "Scenario(model=model, times=[0, 1], tolerance=nan)",
        SCENARIO,
        "tolerance = 'nan': input should be a valid number",
    ),
    (
        'Scenario(model=model, times=[0, 1], keep=["everything"])',
        SCENARIO,
        "keep[0] = 'everything': input should be 'series', 'trajectories' or 'states'",
    ),
    ('Scenario(model=model, times=[0, 1], axes={"N": []})', SCENARIO, "axes.N is empty: give at least one value"),
    (
        'Scenario(model=model, times=[0, 1], axes={"é": [1]})',
        SCENARIO,
        "axes.'é': an axis has a name of letters, digits and _ that starts with a letter",
    ),
    (
        "Scenario(problem=problem, model=model)",
        SCENARIO,
        "problem and model are both given: a problem says everything itself",
    ),
    ('Scenario.from_toml("")', SCENARIO, "path = '' is no path: give a scenario file"),
    ("Scenario.from_toml(3)", SCENARIO, "path = 3 is no path: give a scenario file"),
    ('Scenario.from_toml("nowhere.toml")', SCENARIO, "nowhere.toml: there is no such scenario file"),
    ('Scenario.from_toml("empty")', SCENARIO, "empty is a folder: give a scenario file in it, or a scenario's name"),
    ('Scenario.from_toml("latin.toml")', SCENARIO, "latin.toml: cannot be read as UTF-8 text: ..."),
    ('Scenario.from_toml("syntax.toml")', SCENARIO, "syntax.toml: not a TOML text: ..."),
    ('Scenario.from_text(b"times = 3")', SCENARIO, "b'times = 3' is no text: give the content of a scenario file"),
    ("scenario.point((0,))", SCENARIO, "scenario 'small': index = (0,) is no place in axes of lengths ()"),
    ('scenario.replace(name="a/b")', SCENARIO, "name = 'a/b': expected at most 100 letters, digits, '_', '-' and '.'"),
]
