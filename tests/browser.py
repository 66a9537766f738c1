"""A headless Chromium that tests drive through the DevTools protocol, with its network cut.

>>> with Browser() as browser:                                        # doctest: +SKIP
...     page = browser.open(path)
...     page.evaluate("document.title"), page.errors
"""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
import tempfile
import time
import urllib.request
from pathlib import Path
from typing import Any

import pytest

#: Names under which systems install it; the environment variable CHROMIUM comes first.
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")


def find_chromium() -> str | None:
    """Path of the program, or None."""
    given = os.environ.get("CHROMIUM")
    found = (shutil.which(name) for name in ((given,) if given else NAMES))
    return next((path for path in found if path), None)


#: Mark of tests that need the browser.
needs_chromium = pytest.mark.skipif(
    find_chromium() is None, reason=f"no Chromium here: none of {', '.join(NAMES)} on PATH, and CHROMIUM is not set"
)


class Browser:
    """A browser with a profile of its own; no name resolves in it and every page is offline.

    Parameters
    ----------
    wait : float
        Seconds that it may take to start, and each command to be answered.
    """

    def __init__(self, wait: float = 60.0) -> None:
        self._wait, self._pages = wait, list[Page]()
        self._profile = tempfile.TemporaryDirectory(prefix="chromium-", ignore_cleanup_errors=True)
        program = find_chromium()
        assert program is not None, "no Chromium: mark the test with needs_chromium"
        self._process = subprocess.Popen(
            [
                program,
                "--headless=new",
                "--no-sandbox",
                "--disable-gpu",
                "--disable-dev-shm-usage",
                "--disable-extensions",
                "--disable-background-networking",
                "--no-first-run",
                "--hide-scrollbars",
                "--host-resolver-rules=MAP * ~NOTFOUND",
                "--remote-debugging-port=0",
                f"--user-data-dir={self._profile.name}",
                "about:blank",
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            self._port = self._find_port()
        except BaseException:
            self.close()
            raise

    def _find_port(self) -> int:
        file, end = Path(self._profile.name) / "DevToolsActivePort", time.monotonic() + self._wait
        while time.monotonic() < end:
            if file.exists() and (lines := file.read_text().split()):
                return int(lines[0])
            if self._process.poll() is not None:
                raise RuntimeError(f"Chromium ended with exit code {self._process.returncode}")
            time.sleep(0.05)
        raise TimeoutError(f"Chromium did not start within {self._wait} s")

    def open(self, what: str | os.PathLike[str], *, width: int = 1280, height: int = 900, dark: bool = False) -> Page:
        """Page of a file, or of an address; returns when it has loaded and drawn."""
        url = what if isinstance(what, str) and ":" in what[:8] else Path(what).resolve().as_uri()
        request = urllib.request.Request(f"http://127.0.0.1:{self._port}/json/new?about:blank", method="PUT")
        with urllib.request.urlopen(request, timeout=self._wait) as answer:
            socket = json.load(answer)["webSocketDebuggerUrl"]
        page = Page(socket, str(url), width, height, dark, self._wait)
        self._pages.append(page)
        return page

    def close(self) -> None:
        """End the process and remove its profile."""
        for page in self._pages:
            page.close()
        self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._profile.cleanup()

    def __enter__(self) -> Browser:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()


class Page:
    """One page.

    Attributes
    ----------
    errors : list of str
        What the console got at level warning or error, and exceptions that nobody caught.
    requests : list of str
        Addresses that the page asked for beyond its own file and data inside it.
    """

    def __init__(self, socket: str, url: str, width: int, height: int, dark: bool, wait: float) -> None:
        import websocket

        self.errors: list[str] = []
        self.requests: list[str] = []
        self._url, self._wait, self._count, self._loaded = url, wait, 0, False
        self._socket = websocket.create_connection(socket, timeout=wait, suppress_origin=True)
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.command(f"{domain}.enable")
        offline = {"offline": True, "latency": 0, "downloadThroughput": 0, "uploadThroughput": 0}
        self.command("Network.emulateNetworkConditions", **offline)
        self.size(width, height)
        self.media(dark=dark)
        self.command("Page.navigate", url=url)
        self.wait_for("document.readyState === 'complete'")

    def close(self) -> None:
        """Let go of the page; the browser keeps it until its own end."""
        self._socket.close()

    def command(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Answer of the browser to a DevTools command."""
        self._count += 1
        self._socket.send(json.dumps({"id": self._count, "method": method, "params": parameters}))
        while True:
            message = json.loads(self._socket.recv())
            if message.get("id") == self._count:
                if "error" in message:
                    raise RuntimeError(f"{method}: {message['error']['message']}")
                result: dict[str, Any] = message["result"]
                return result
            self._note(message)

    def _note(self, message: dict[str, Any]) -> None:
        about = message.get("params", {})
        match message.get("method"):
            case "Runtime.exceptionThrown":
                details = about["exceptionDetails"]
                self.errors.append(details.get("exception", {}).get("description", details["text"]))
            case "Runtime.consoleAPICalled" if about["type"] in ("error", "warning", "assert"):
                self.errors.append(" ".join(str(a.get("value", a.get("description", ""))) for a in about["args"]))
            case "Log.entryAdded" if about["entry"]["level"] in ("error", "warning"):
                self.errors.append(f"{about['entry']['text']} {about['entry'].get('url', '')}".strip())
            case "Network.requestWillBeSent":
                address = about["request"]["url"]
                if not address.startswith(("data:", "blob:")) and address.split("#")[0] != self._url.split("#")[0]:
                    self.requests.append(address)

    def evaluate(self, script: str) -> Any:
        """Value of a JavaScript expression, awaited if it is a promise."""
        answer = self.command("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in answer:
            details = answer["exceptionDetails"]
            raise RuntimeError(details.get("exception", {}).get("description", details["text"]))
        return answer["result"].get("value")

    def wait_for(self, script: str) -> Any:
        """Value of the expression as soon as it is true."""
        end = time.monotonic() + self._wait
        while time.monotonic() < end:
            if value := self.evaluate(script):
                return value
            time.sleep(0.05)
        raise TimeoutError(f"not true within {self._wait} s: {script}")

    def size(self, width: int, height: int) -> None:
        """Set the window's size in pixels."""
        self.command(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False
        )

    def media(self, *, dark: bool = False, kind: str = "") -> None:
        """Ask for dark mode, or for the medium ``"print"``."""
        scheme = [{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}]
        self.command("Emulation.setEmulatedMedia", media=kind, features=scheme)

    def move(self, x: float, y: float) -> None:
        """Move the mouse to a place in the window, in pixels."""
        self.command("Input.dispatchMouseEvent", type="mouseMoved", x=x, y=y)

    def click(self, x: float, y: float) -> None:
        """Click with the left button at a place in the window, in pixels."""
        self.move(x, y)
        for kind in ("mousePressed", "mouseReleased"):
            self.command("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)

    def press(self, key: str) -> None:
        """Press a key, such as ``"Tab"``."""
        codes = {"Tab": 9, "Enter": 13, " ": 32}
        text = {"Enter": "\r", " ": " "}.get(key, "")
        about = {"key": key, "windowsVirtualKeyCode": codes.get(key, 0), "text": text}
        self.command("Input.dispatchKeyEvent", type="keyDown" if text else "rawKeyDown", **about)
        self.command("Input.dispatchKeyEvent", type="keyUp", **about)

    def screenshot(self, path: str | os.PathLike[str], *, whole: bool = True) -> None:
        """Picture of the whole page, or of what the window shows."""
        answer = self.command("Page.captureScreenshot", format="png", captureBeyondViewport=whole)
        Path(path).write_bytes(base64.b64decode(answer["data"]))

    def pdf(self, path: str | os.PathLike[str]) -> None:
        """Print the page to a file."""
        Path(path).write_bytes(base64.b64decode(self.command("Page.printToPDF", printBackground=True)["data"]))
