"""Make the site: asv's pages without anything from elsewhere, and a page in front."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from squeezebench.errors import InvalidOptionError, SqueezebenchError

from .landing import landing
from .results import read
from .vendor import localise

__all__ = ["build"]

#: Says that a folder is a site of ours, which may be replaced.
MARK = ".squeezebench-dashboard"


def build(output: Path | str, config: Path | str = "asv.conf.json", machine: str | None = None) -> Path:
    """Run ``asv publish`` and make its site complete in itself.

    Parameters
    ----------
    output : path
        Folder to write. It is replaced if it is a dashboard of before; another one must be empty.
    config : path
        asv's configuration.
    machine : str, optional
        Machine that the front page is about, where there are results of several.

    Returns
    -------
    Path
        The front page.

    Raises
    ------
    InvalidOptionError
        If there is no such configuration, or `output` holds something else.
    StoreError
        If there are no results.
    SqueezebenchError
        If asv is not installed, or fails, or loads something that is not brought along.
    """
    target, settings = Path(output), Path(config)
    if not settings.is_file():
        raise InvalidOptionError(
            f"there is no configuration of asv at {str(settings)!r}; expected asv.conf.json of a checkout: go there, "
            "or name it by --config"
        )
    if target.exists() and not target.is_dir():
        raise InvalidOptionError(f"{str(target)!r} is a file; expected a folder for the site: name another one")
    if target.exists() and any(target.iterdir()) and not (target / MARK).exists():
        raise InvalidOptionError(
            f"{str(target)!r} is not empty and is no dashboard; expected an empty folder, or one that this command made"
        )
    if importlib.util.find_spec("asv") is None:
        raise SqueezebenchError('the dashboard needs asv; install it with: python -m pip install "squeezebench[test]"')
    results = read(results_folder(settings), machine)
    with tempfile.TemporaryDirectory(prefix="squeezebench-dashboard-") as name:
        site = Path(name) / "site"
        pages = site / "asv"
        site.mkdir()
        _publish(settings, pages)
        localise(pages)
        _open_as_files(pages)
        (site / "index.html").write_text(landing(results, "asv"), encoding="utf-8")
        (site / MARK).touch()
        if target.exists():
            shutil.rmtree(target)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copytree(site, target)
    return target / "index.html"


def results_folder(config: Path) -> Path:
    """Where asv keeps its results, by its configuration."""
    lines = config.read_text(encoding="utf-8").splitlines()
    text = "\n".join(line for line in lines if not line.lstrip().startswith("//"))
    try:
        settings = json.loads(text)
    except ValueError as error:
        raise InvalidOptionError(f"{str(config)!r} is no configuration of asv: {error}") from None
    return config.resolve().parent / str(settings.get("results_dir", "results"))


def _publish(config: Path, pages: Path) -> None:
    command = [sys.executable, "-m", "asv", "--config", str(config.resolve()), "publish", "--html-dir", str(pages)]
    done = subprocess.run(
        command,
        cwd=config.resolve().parent,
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"PYTHONUTF8": "1"},
    )
    if done.returncode != 0 or not (pages / "index.html").exists():
        said = (done.stderr.strip() or done.stdout.strip())[-500:]
        raise SqueezebenchError(f"asv publish ended with {done.returncode}: {said}")


def _open_as_files(pages: Path) -> None:
    """Let the pages be opened without a server: all data in one script, which they ask where they are files."""
    files = {
        path.relative_to(pages).as_posix(): path.read_text(encoding="utf-8")
        for path in sorted(pages.rglob("*.json"))
        if "vendor" not in path.relative_to(pages).parts
    }
    # "</" would end the script in a page that takes it in.
    text = json.dumps(files).replace("</", "<\\/")
    (pages / "files.js").write_text(f"window.ASV_FILES = {text};\n", encoding="utf-8")
    shutil.copy(Path(__file__).with_name("offline.js"), pages / "offline.js")
    page = pages / "index.html"
    tags = '<script src="files.js"></script>\n    <script src="offline.js"></script>\n    '
    before = '<script language="javascript" type="text/javascript"\n            src="asv.js">'
    text = page.read_text(encoding="utf-8")
    if before not in text:
        raise SqueezebenchError("asv's page is not as expected: it should load asv.js; install asv 0.6.6")
    page.write_text(text.replace(before, tags + before), encoding="utf-8")
