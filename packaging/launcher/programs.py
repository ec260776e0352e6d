"""The programs that the launcher runs: ``uv``, and Python in an environment."""

from __future__ import annotations

import os
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

_PRIVATE = ("PYTHONHOME", "PYTHONPATH", "VIRTUAL_ENV", "CONDA_PREFIX", "UV_PYTHON")
_START_SECONDS = 120
_INTERNET = r"Software\Microsoft\Windows\CurrentVersion\Internet Settings"  # in the registry of Windows


class Programs:
    """Runs them; tests have another."""

    def uv(self, command: Sequence[str], say: Callable[[str], None]) -> tuple[int, list[str]]:
        """Run ``uv`` and pass its progress on. Returns exit code and lines. Raises OSError."""
        process = subprocess.Popen(list(command), env=with_proxies(clean(os.environ)), stderr=subprocess.PIPE)
        lines = []
        assert process.stderr is not None
        for raw in process.stderr:
            line = raw.decode("utf-8", "replace").rstrip()
            lines.append(line)
            if line and not line.startswith((" + ", " - ", " ~ ")):
                say(f"  {line}")
        return process.wait(), lines

    def starts(self, python: Path) -> bool:
        """Whether an interpreter runs at all."""
        try:
            done = subprocess.run(
                [str(python), "-c", ""], env=clean(os.environ), capture_output=True, timeout=_START_SECONDS
            )
        except (OSError, subprocess.TimeoutExpired):
            return False
        return done.returncode == 0

    def doctor(self, python: Path, app: Path, seconds: float) -> str:
        """What ``doctor`` says as JSON. Raises OSError and subprocess.TimeoutExpired."""
        environment = {name: value for name, value in clean(os.environ).items() if name != "HELIX_FORCE_CPU"}
        command = [str(python), "-m", "helix_app", "doctor", "--json"]
        done = subprocess.run(command, cwd=app, env=environment, capture_output=True, timeout=seconds)
        return done.stdout.decode("utf-8", "replace")


def with_proxies(environment: dict[str, str]) -> dict[str, str]:
    """The same with the proxies that Windows or macOS is set to use: ``uv`` goes by variables alone."""
    own = {name.lower() for name in environment}
    if own & {"http_proxy", "https_proxy", "all_proxy"}:
        return environment
    proxies = urllib.request.getproxies()
    told = {f"{kind.upper()}_PROXY": proxies[kind] for kind in ("http", "https") if kind in proxies}
    if told and "no_proxy" not in own and (direct := _direct()):
        told["NO_PROXY"] = direct
    return {**environment, **told}


def _direct() -> str:
    """Hosts that Windows reaches without its proxy, as ``NO_PROXY`` names them; empty elsewhere."""
    if sys.platform != "win32":
        return ""
    import winreg

    try:
        with winreg.OpenKey(winreg.HKEY_CURRENT_USER, _INTERNET) as key:
            said = str(winreg.QueryValueEx(key, "ProxyOverride")[0])
    except OSError:
        return ""
    hosts = (host.strip() for host in said.split(";"))
    named = (host for host in hosts if host and not host.startswith("<"))  # <local>: any name without a dot
    return ",".join(host[1:] if host.startswith("*.") else host for host in named)


def clean(environment: Mapping[str, str]) -> dict[str, str]:
    """The variables of a process without those that would lead to another Python."""
    return {name: value for name, value in environment.items() if name not in _PRIVATE}
