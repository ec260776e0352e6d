"""A frozen program for the CPU: a folder that runs without Python and without a connection.

    python packaging/freeze.py [--model FILE.gguf] [--output FOLDER]

Needs Helix's packages and PyInstaller in the Python that runs it, with a PyTorch for the CPU. Makes
``build/frozen/Helix`` with ``Helix`` (the window) and ``helix-cli`` (the command line).
"""

from __future__ import annotations

import argparse
import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

try:
    import tomllib
except ImportError:  # Python 3.10
    import tomli as tomllib  # type: ignore[no-redef]

ROOT = Path(__file__).resolve().parent.parent
DEFAULT_MODEL = "smollm2-135m-instruct"
# of the packages as they are installed: what no program needs while it runs
_LEFT_OUT = (
    "torch/include/",
    "torch/test/",
    "torch/bin/protoc",  # torch_shm_manager beside it is looked for at import
    "torch/bin/test",
    "torch/bin/upgrader_models",
    "torch/share/",
    "torch/_inductor/",
    "torch/lib/libtorch_python_autograd",
    "llvmlite/tests/",
    "PySide6/Qt/qml/",
    "PySide6/Qt/translations/qtwebengine",
    "PySide6/Qt/plugins/sqldrivers/",
    "PySide6/Qt/plugins/qmltooling/",
    "PySide6/Qt/plugins/designer/",
    "PySide6/qml/",
    "PySide6/plugins/sqldrivers/",
    "PySide6/plugins/qmltooling/",
    "PySide6/plugins/designer/",
)
_LEFT_OUT_LIBRARIES = ("Qt6Quick", "Qt6Qml", "Qt6Designer", "Qt6Sql", "Qt6Test", "Qt6Pdf", "opengl32sw")
# modules that are looked up by name while the program runs, or that libraries look for the sources of
_COLLECTED = ("helix_app", "transformers.models.auto", "pyqtgraph.graphicsItems")
_EXCLUDED = (
    "tkinter",
    "pytest",
    "IPython",
    "matplotlib",
    "pandas",
    "scipy",
    "triton",  # of cards alone, and a gigabyte
    "tensorboard",
    "torch.utils.tensorboard",
    "PIL",
    "setuptools",
    "pip",
    "PyInstaller",
    "PySide6.QtQml",
    "PySide6.QtQuick",
    "PySide6.QtSql",
    "PySide6.QtTest",
    "PySide6.QtDesigner",
    "PyQt5",
    "PyQt6",
)
_SPEC = """
from PyInstaller.utils.hooks import collect_data_files, collect_submodules, copy_metadata

given = {given!r}
hidden = [name for package in given["collected"] for name in collect_submodules(package)]
datas = [(given["resources"], "resources")]
for package in ("ziamath", "ziafont", "latex2mathml", "fastapi_offline", "gguf", "certifi"):
    datas += collect_data_files(package)
for package in given["metadata"]:
    datas += copy_metadata(package)

analysis = Analysis(
    [given["script"]], pathex=[given["root"]], hiddenimports=hidden, datas=datas, excludes=given["excluded"]
)


def kept(entry):
    place = entry[0].replace("\\\\", "/")
    return not place.startswith(tuple(given["left_out"])) and not any(name in place for name in given["libraries"])


analysis.datas = [entry for entry in analysis.datas if kept(entry)]
analysis.binaries = [entry for entry in analysis.binaries if kept(entry)]
pyz = PYZ(analysis.pure)
window = EXE(pyz, analysis.scripts, [], exclude_binaries=True, name="Helix", console=False, icon=given["icon"])
command = EXE(pyz, analysis.scripts, [], exclude_binaries=True, name="helix-cli", console=True, icon=given["icon"])
COLLECT(window, command, analysis.binaries, analysis.datas, name="Helix")
"""
_METADATA = (  # that libraries ask for their versions while the program runs
    "torch",
    "transformers",
    "tokenizers",
    "numpy",
    "safetensors",
    "gguf",
    "huggingface_hub",
    "PySide6-Essentials",
    "tqdm",
    "regex",
    "requests",
    "packaging",
    "filelock",
    "pyyaml",
)


def main() -> int:
    """Make the folder. Returns PyInstaller's exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, help="the default model, to go along")
    parser.add_argument("--output", type=Path, default=ROOT / "build" / "frozen", help="default build/frozen")
    options = parser.parse_args()
    if options.model is not None:
        check_model(options.model)
    work = options.output / "work"
    work.mkdir(parents=True, exist_ok=True)
    spec = work / "helix.spec"
    spec.write_text(_SPEC.format(given=given(work)), encoding="utf-8")
    command = [sys.executable, "-m", "PyInstaller", "--noconfirm", "--clean", "--log-level", "WARN", str(spec)]
    command += ["--distpath", str(options.output), "--workpath", str(work)]
    code = subprocess.run(command, cwd=ROOT, check=False).returncode
    if code:
        return code
    program = options.output / "Helix"
    if options.model is not None:
        place = program / "_internal" / "resources" / bundled_model()[0]
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(options.model, place)
    shutil.copy2(ROOT / "LICENSE", program)
    print(f"{program}: {size_of(program) / 1e6:,.0f} MB")
    return 0


def given(work: Path) -> dict[str, object]:
    """What the specification is filled with."""
    return {
        "root": str(ROOT),
        "script": str(ROOT / "main.py"),
        "resources": str(ROOT / "resources"),
        "collected": list(_COLLECTED),
        "excluded": list(_EXCLUDED),
        "metadata": list(_METADATA),
        "left_out": list(_LEFT_OUT),
        "libraries": list(_LEFT_OUT_LIBRARIES),
        "icon": str(make_icon(work)) if sys.platform == "win32" else None,
    }


def make_icon(folder: Path) -> Path:
    """The window's icon as Windows wants it, in one file."""
    from PySide6.QtCore import QSize
    from PySide6.QtGui import QGuiApplication, QIcon

    application = QGuiApplication.instance() or QGuiApplication([])
    file = folder / "app.ico"
    QIcon(str(ROOT / "resources" / "icons" / "app.svg")).pixmap(QSize(256, 256), 1.0).save(str(file), "ICO")
    del application
    return file


def check_model(file: Path) -> None:
    """Raise SystemExit unless this is the default model of the catalogue."""
    if hashlib.sha256(file.read_bytes()).hexdigest() != bundled_model()[1]:
        raise SystemExit(f"{file} is not the model {DEFAULT_MODEL} of the catalogue")


def bundled_model() -> tuple[str, str]:
    """Where the default model lies below ``resources/`` in a program that ships it, and its checksum."""
    catalogue = tomllib.loads((ROOT / "resources" / "catalog.toml").read_text(encoding="utf-8"))
    entry = next(item for item in catalogue["model"] if item["id"] == DEFAULT_MODEL)
    source = next(source for source in entry["source"] if source["kind"] == "bundled")
    return str(source["path"]), str(entry["sha256"])


def size_of(folder: Path) -> int:
    """Bytes of all files below a folder."""
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file() and not file.is_symlink())


if __name__ == "__main__":
    raise SystemExit(main())
