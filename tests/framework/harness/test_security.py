"""What comes out of a store, a plugin or a solver process is data: it runs nothing, reads nothing, is shown as text."""

from __future__ import annotations

import hashlib
import io
import json
import os
import re
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

import squeezebench as sb
from squeezebench.harness.files import read_job
from squeezebench.harness.store import Store
from squeezebench.harness.verify import verify
from squeezebench.harness.wire import ProtocolError, decode, encode, only_arrays, read_frame

from .conftest import turning

FRAMEWORK = Path(sb.__file__).parent


def test_no_module_of_the_framework_or_of_a_plugin_reads_a_pickle() -> None:
    forbidden = re.compile(
        r"^\s*(import|from)\s+(pickle|cPickle|dill|cloudpickle|marshal|shelve|joblib)\b", re.MULTILINE
    )
    for folder in (FRAMEWORK, *FRAMEWORK.parent.parent.glob("plugins/squeezebench_*")):
        for file in folder.rglob("*.py"):
            text = file.read_text()
            assert not forbidden.search(text), file
            assert "allow_pickle=True" not in text, file
            assert "yaml.load" not in text, file


def sealed(build: Any) -> bytes:
    """A file with a right checksum, made by somebody else."""
    content = io.BytesIO()
    with h5py.File(content, "w") as file:
        build(file)
    data = content.getvalue()
    return data + b"\nsqueezebench sha256 " + hashlib.sha256(data).hexdigest().encode() + b"\n"


@pytest.fixture
def store(tmp_path: Path) -> Path:
    sb.run(turning(axes={"N": [4]}, solvers=["mean_field"]), store=tmp_path / "store", isolate=False)
    return tmp_path / "store"


def _external_link(file: Any) -> None:
    file["provenance"] = h5py.ExternalLink("/etc/secret.h5", "/data")


def _soft_link(file: Any) -> None:
    file["provenance"] = h5py.SoftLink("/elsewhere")


def _external_data(file: Any) -> None:
    file.create_dataset("spin", (16,), dtype="i1", external=[("/etc/passwd", 0, 16)])


def _virtual_data(file: Any) -> None:
    layout = h5py.VirtualLayout((4,), dtype=float)
    layout[:] = h5py.VirtualSource("/etc/secret.h5", "data", shape=(4,))
    file.create_virtual_dataset("spin", layout)


@pytest.mark.parametrize("build", [_external_link, _soft_link, _external_data, _virtual_data])
def test_a_job_file_that_would_read_other_files_is_refused(store: Path, build: Any) -> None:
    def whole(file: Any) -> None:
        file.attrs["squeezebench"] = json.dumps({"kind": "squeezebench job", "schema": 1})
        build(file)

    (file,) = (store / "jobs").glob("*.nc")
    file.write_bytes(sealed(whole))
    with pytest.raises(sb.StoreError, match="no job file of squeezebench"):
        read_job(file)
    assert [finding.kind for finding in verify(store)] == ["damaged"]
    with pytest.warns(sb.SqueezebenchWarning, match="left out"):
        assert sb.load(store).status.values.tolist() == [["missing"]]


@pytest.mark.parametrize("name", ["../outside", "/etc/passwd", "a/b", "", "x" * 64, "A" * 64, "..", "a" * 63 + "\n"])
def test_names_cannot_climb_out_of_the_store(store: Path, name: str) -> None:
    opened = Store(store)
    (record,) = opened.read(opened.done([str(sb.load(store).key.values[0, 0])])).values()
    before = set(store.parent.rglob("*"))
    for attempt in (
        lambda: opened.write(name, [record]),
        lambda: opened.write_run({"id": name}),
        lambda: opened.write_timings(name, []),
    ):
        with pytest.raises(sb.StoreError, match="no name of a file in a store"):
            attempt()
    assert set(store.parent.rglob("*")) == before
    with pytest.raises(sb.StoreError, match="has no run"):
        sb.load(store, run=name or "../..")


def test_a_run_whose_scenario_has_an_odd_name_stays_in_its_store(tmp_path: Path) -> None:
    for name in ("../../climb", "/etc/cron.d/x", "a\nb"):
        try:
            scenario = turning(name=name, axes={"N": [4]}, solvers=["mean_field"])
        except sb.SqueezebenchError:
            continue
        sb.run(scenario, store=tmp_path / "store", isolate=False)
    assert [path.name for path in tmp_path.iterdir()] in ([], ["store"])


def test_an_index_that_lies_is_not_believed(store: Path) -> None:
    scenario = turning(axes={"N": [4, 5]}, solvers=["mean_field"])
    index = json.loads((store / "index.json").read_text())
    (name,) = index["files"]
    index["files"][name]["cells"] |= dict.fromkeys(sb.run(scenario, isolate=False).key.values.ravel(), "ok")
    index["files"]["../../../etc/passwd"] = {"stamp": [0, 0], "cells": {}}
    (store / "index.json").write_text(json.dumps(index))
    results = sb.run(scenario, store=store, isolate=False)
    assert (results.status == "ok").all()
    assert np.isfinite(results.spin).all()


@pytest.mark.parametrize(
    "damage", [b"", b"\x00" * 40, b"\xff" * 40, b'{"head": 1}', encode({"a": 1})[:-1], encode({"a": np.ones(9)})[:-3]]
)
def test_rubbish_is_no_message(damage: bytes) -> None:
    with pytest.raises(ProtocolError):
        decode(damage)


def test_messages_carry_numbers_and_texts_and_nothing_else() -> None:
    tree = {
        "a": [1, 2.5, None, True, "ü\0"],
        "b": {"c": np.arange(6).reshape(2, 3), "d": np.array(1j)},
        "e": np.empty(0),
    }
    back = decode(encode(tree))
    assert back["a"] == tree["a"]
    np.testing.assert_array_equal(back["b"]["c"], tree["b"]["c"])
    assert back["b"]["d"] == 1j
    assert back["e"].shape == (0,)
    for bad in (object(), lambda: 0, np.array([object()]), np.array(["text"]), b"bytes", {1, 2}):
        with pytest.raises(TypeError):
            encode({"x": bad})
    assert only_arrays({"f": lambda: 0, "o": object(), "n": {"x": [1, 2], "t": "text"}}).keys() == {"n"}
    with pytest.raises(ProtocolError, match="too long"):
        read_frame(io.BytesIO(b"sqz1" + (2**60).to_bytes(8, "little")))
    with pytest.raises(ProtocolError, match="no frame"):
        read_frame(io.BytesIO(b"\x80\x04\x95 a pickle"))


@pytest.mark.parametrize(
    "command",
    [("solvers",), pytest.param(("run", "long.toml", "-o", "r"), marks=pytest.mark.slow), ("store", "failures", "r")],
)
def test_text_of_plugins_is_shown_as_text(hostile: Path, tmp_path: Path, command: tuple[str, ...]) -> None:
    (tmp_path / "long.toml").write_text(
        'name = "long"\ntitle = "[bold]no markup[/bold]"\naxes.N = [13]\nmodel = {type = "spin", drive = [0, 0, 2.0]}\n'
        "times = {stop = 1.0, num = 5}\nsolvers = ['hostile:fault=talkative,label=\"[red]x[/red]\"']\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(hostile), "FORCE_COLOR": "1", "COLUMNS": "200"}
    if command[0] == "store":
        sb.run(str(tmp_path / "long.toml"), store=tmp_path / "r")
    done = subprocess.run(
        [sys.executable, "-m", "squeezebench", *command],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    shown = done.stdout + done.stderr
    assert "Traceback" not in shown
    assert "\x1b[31mred" not in shown  # the plugin's own colour
    assert "\x1b]8" not in shown  # a link
    expected = {
        "solvers": "[link=file:///etc/passwd]click[/link]",
        "run": "[red]x[/red]",
        "store": "[bold red]not markup[/]",
    }
    assert expected[command[0]] in re.sub(r"\x1b\[[0-9;]*m", "", shown)


def test_a_local_cluster_listens_on_the_loopback_interface_only() -> None:
    from squeezebench.harness.dask import _local_cluster

    with _local_cluster(1) as client:
        info = client.scheduler_info()
        addresses = [info["address"], *info["workers"]]
        assert all(address.startswith("tcp://127.0.0.1:") for address in addresses), addresses
        # whatever listens in this process, a dashboard too
        mine = {os.readlink(item) for item in Path("/proc/self/fd").iterdir() if item.is_symlink()}
        listening = []
        for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
            local, state, inode = line.split()[1], line.split()[3], line.split()[9]
            if state == "0A" and f"socket:[{inode}]" in mine:
                listening.append(socket.inet_ntoa(bytes.fromhex(local.split(":")[0])[::-1]))
        assert listening
        assert set(listening) == {"127.0.0.1"}
