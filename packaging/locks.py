"""The lock files of the launcher: every version of an environment, with the checksums of its wheels.

    python packaging/locks.py [--uv PROGRAM] [--upgrade]

Resolves for Python 3.12 on each system, on whichever machine this runs, with versions that Python 3.11 has wheels of,
too. Without ``--upgrade`` versions stay as they are where they can. PyTorch of another index than the usual one (for a
card, or for the CPU on Linux) has a version and no checksum; ROCm's has no line at all, since its name depends on the
card: ``launcher/variants.py`` adds it.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

try:
    import tomllib
except ImportError:  # Python 3.10
    import tomli as tomllib  # type: ignore[no-redef]

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "packaging" / "locks"
PYTHONS = ("3.11", "3.12")  # the launcher makes environments of the last one
_PLATFORMS = {
    "windows": "x86_64-pc-windows-msvc",
    "linux": "x86_64-manylinux_2_34",
    "macos": "aarch64-apple-darwin",
}
_CUDA_PARTS = ("nvidia-", "cuda-", "triton")  # that PyTorch for CUDA brings along on Linux


@dataclass(frozen=True)
class Package:
    """One line of a lock file; ``size`` in bytes is that of the wheel."""

    name: str
    version: str
    hashes: tuple[str, ...]
    size: int


def main() -> int:
    """Write all lock files. Returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--uv", default=shutil.which("uv") or "uv", help="the program uv")
    parser.add_argument("--upgrade", action="store_true", help="take the newest versions that fit")
    options = parser.parse_args()
    resolved = {
        name: resolve(options.uv, system, extras, name, upgrade=options.upgrade)
        for name, system, extras in (
            ("cpu-windows", "windows", ("server",)),
            ("cuda-linux", "linux", ("server",)),
            ("cpu-macos", "macos", ("server",)),
            ("directml-windows", "windows", ("server", "directml")),
        )
    }
    locks = {
        **resolved,
        "cpu-linux": unhashed_torch(without_cuda(resolved["cuda-linux"])),
        "cuda-windows": unhashed_torch(resolved["cpu-windows"]),
        "rocm-windows": without_torch(resolved["cpu-windows"]),
        "rocm-linux": without_torch(without_cuda(resolved["cuda-linux"])),
    }
    sizes = {}
    for name, packages in sorted(locks.items()):
        (FOLDER / f"{name}.txt").write_text(lock_text(packages), encoding="utf-8", newline="\n")
        sizes[name] = sum(package.size for package in packages if package.hashes)
    text = json.dumps(sizes, indent=2, sort_keys=True) + "\n"
    (FOLDER / "sizes.json").write_text(text, encoding="utf-8", newline="\n")
    return 0


def resolve(uv: str, system: str, extras: tuple[str, ...], name: str, *, upgrade: bool) -> tuple[Package, ...]:
    """All packages of an environment. Raises subprocess.CalledProcessError where they do not fit together."""
    lock = FOLDER / f"{name}.txt"
    before = lock.read_text(encoding="utf-8") if lock.exists() and not upgrade else ""
    kept = [line.split()[0] for line in before.splitlines() if "==" in line]
    if "directml" in extras:
        kept += (ROOT / "packaging" / "constraints-directml.txt").read_text(encoding="utf-8").splitlines()
    found: tuple[Package, ...] = ()
    for python in PYTHONS:
        newer = _resolve(uv, system, extras, python, kept)
        hashes = {package.name: package.hashes for package in found}
        found = tuple(
            Package(p.name, p.version, tuple(sorted({*p.hashes, *hashes.get(p.name, ())})), p.size) for p in newer
        )
        kept = [f"{package.name}=={package.version}" for package in found]
    return found


def _resolve(uv: str, system: str, extras: tuple[str, ...], python: str, kept: list[str]) -> tuple[Package, ...]:
    with tempfile.TemporaryDirectory() as folder:
        output, constraints = Path(folder) / "pylock.toml", Path(folder) / "constraints.txt"
        constraints.write_text("\n".join(kept) + "\n", encoding="utf-8")
        command = [uv, "pip", "compile", str(ROOT / "pyproject.toml"), "--quiet", "--format", "pylock.toml"]
        command += ["--python-version", python, "--python-platform", _PLATFORMS[system], "--no-build"]
        command += [f"--extra={extra}" for extra in extras]
        subprocess.run([*command, "--constraints", str(constraints), "--output-file", str(output)], check=True)
        return read_pylock(tomllib.loads(output.read_text(encoding="utf-8")))


def read_pylock(content: dict[str, Any]) -> tuple[Package, ...]:
    """The packages of a pylock file that was resolved for one system."""
    packages = []
    for item in content["packages"]:
        wheels = item.get("wheels") or []
        if not wheels:
            raise SystemExit(f"{item['name']} {item['version']} has no wheel for this system")
        hashes = tuple(sorted({wheel["hashes"]["sha256"] for wheel in wheels}))
        packages.append(Package(item["name"], item["version"], hashes, max(wheel.get("size", 0) for wheel in wheels)))
    return tuple(sorted(packages, key=lambda package: package.name))


def unhashed_torch(packages: tuple[Package, ...]) -> tuple[Package, ...]:
    """The same with PyTorch from whichever index the launcher names."""
    return tuple(Package(p.name, p.version, (), 0) if p.name == "torch" else p for p in packages)


def without_torch(packages: tuple[Package, ...]) -> tuple[Package, ...]:
    """The same without PyTorch."""
    return tuple(package for package in packages if package.name != "torch")


def without_cuda(packages: tuple[Package, ...]) -> tuple[Package, ...]:
    """The same without what only PyTorch for CUDA needs."""
    return tuple(package for package in packages if not package.name.startswith(_CUDA_PARTS))


def lock_text(packages: tuple[Package, ...]) -> str:
    """The lines of a lock file."""
    lines = ["# Made by packaging/locks.py."]
    for package in packages:
        hashes = "".join(f" --hash=sha256:{each}" for each in package.hashes)
        lines.append(f"{package.name}=={package.version.partition('+')[0]}{hashes}")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    raise SystemExit(main())
