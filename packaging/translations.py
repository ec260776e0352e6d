"""The catalogue of translations: what the program says, and what is said for it in another language.

    python packaging/translations.py update            take new texts into every .ts file, drop those that are gone
    python packaging/translations.py missing de        print the texts without a translation, as JSON to be filled
    python packaging/translations.py fill de FILE      take translations from such a file
    python packaging/translations.py release           make the .qm files that the window reads

A new language: ``update fr`` begins its file; fill it, name it in ``LANGUAGES`` of ``helix_app/gui/kit/language.py``
and in the setting ``language``. Qt Linguist opens the files, too.
"""

from __future__ import annotations

import argparse
import ast
import json
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "resources" / "translations"
PACKAGE = ROOT / "helix_app"
_SAYING = ("say", "mark")  # functions of base/language.py

Catalogue = dict[tuple[str, str], str]  # (context, English) to its translation; empty without one


class Unclear(Exception):
    """A text that is not there to be read: no constant, or in no context."""


@dataclass
class Module:
    """What is known of one file before its texts are read.

    Attributes:
        own: the context of its own function ``tr``; empty without one.
        imported: names of functions and modules, to the files they come from.
    """

    path: Path
    tree: ast.Module
    own: str = ""
    imported: dict[str, str] = field(default_factory=dict)


def sources() -> list[tuple[str, str]]:
    """(context, English) of all that the window can say, each once, in order."""
    if str(ROOT) not in sys.path:
        sys.path.insert(0, str(ROOT))
    modules = {_dotted(path): _module(path) for path in sorted(PACKAGE.rglob("*.py"))}
    found: dict[tuple[str, str], None] = {}
    for module in modules.values():
        for entry in _texts(module, modules):
            found[entry] = None
    for entry in _declared():
        found[entry] = None
    return sorted(found)


def read(path: Path) -> Catalogue:
    """The translations of a .ts file."""
    found: Catalogue = {}
    for context in ET.parse(path).getroot().iter("context"):
        name = context.findtext("name", "")
        for message in context.iter("message"):
            found[name, message.findtext("source", "")] = message.findtext("translation", "") or ""
    return found


def write(path: Path, language: str, catalogue: Catalogue) -> None:
    """A .ts file, its contexts and texts in order."""
    root = ET.Element("TS", version="2.1", language=language, sourcelanguage="en")
    contexts: dict[str, ET.Element] = {}
    for (name, source), translation in sorted(catalogue.items()):
        if name not in contexts:
            contexts[name] = ET.SubElement(root, "context")
            ET.SubElement(contexts[name], "name").text = name
        message = ET.SubElement(contexts[name], "message")
        ET.SubElement(message, "source").text = source
        element = ET.SubElement(message, "translation")
        element.text = translation
        if not translation:
            element.set("type", "unfinished")
    ET.indent(root, " ")
    text = ET.tostring(root, encoding="unicode")
    path.write_text(f'<?xml version="1.0" encoding="utf-8"?>\n<!DOCTYPE TS>\n{text}\n', encoding="utf-8", newline="\n")


def update(path: Path) -> int:
    """Take what the program says now into a .ts file; a text in another context keeps its translation.

    Returns:
        How many texts have no translation.
    """
    before = read(path) if path.exists() else {}
    by_text = {source: translation for (_, source), translation in before.items() if translation}
    now = {entry: before.get(entry) or by_text.get(entry[1], "") for entry in sources()}
    write(path, path.stem.rpartition("_")[2], now)
    return sum(not translation for translation in now.values())


def missing(path: Path) -> dict[str, str]:
    """Texts without a translation, by themselves: a file to be filled."""
    return {source: "" for (_, source), translation in read(path).items() if not translation}


def fill(path: Path, translations: dict[str, str]) -> None:
    """Take translations in, for a text wherever it is said and has none; ``Context|text`` means one context alone."""
    now = read(path)
    for entry, translation in now.items():
        exact = translations.get("|".join(entry), "")
        now[entry] = exact or translation or translations.get(entry[1], "")
    write(path, path.stem.rpartition("_")[2], now)


def release(path: Path) -> None:
    """Make the .qm file beside a .ts file, by Qt's ``lrelease``."""
    program = Path(sys.executable).with_name("pyside6-lrelease")
    subprocess.run([str(program), "-silent", str(path), "-qm", str(path.with_suffix(".qm"))], check=True)


# ------------------------------------------------------------------------- reading the program


def _dotted(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts)


def _module(path: Path) -> Module:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    module = Module(path, tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and node.name == "tr":
            call = next(n for n in ast.walk(node) if isinstance(n, ast.Call))
            module.own = str(ast.literal_eval(call.args[0]))
        elif isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                module.imported[alias.asname or alias.name] = f"{node.module}.{alias.name}"
    return module


def _texts(module: Module, modules: dict[str, Module]) -> Iterator[tuple[str, str]]:
    for node, inside in _calls(module.tree, ""):
        context = _context(node.func, inside, module, modules)
        if context is None:
            continue
        if not node.args:
            raise Unclear(f"{module.path}:{node.lineno}")
        last = node.args[-1] if context == "translate" else node.args[0]
        if isinstance(last, ast.Name):  # a variable: it holds what was marked elsewhere
            continue
        if not isinstance(last, ast.Constant) or not isinstance(last.value, str):
            if context in ("translate", "messages", "settings") or isinstance(
                last, (ast.Attribute, ast.Subscript, ast.Call)
            ):
                continue
            raise Unclear(f"{module.path}:{node.lineno}: {ast.unparse(node)}")
        if context == "translate":
            context = str(ast.literal_eval(node.args[0]))
        elif context == "messages" and len(node.args) > 1:
            context = str(ast.literal_eval(node.args[1]))
        if last.value:
            yield context, last.value


def _calls(node: ast.AST, inside: str) -> Iterator[tuple[ast.Call, str]]:
    """Calls, each with the class it stands in."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Call):
            yield child, inside
        yield from _calls(child, child.name if isinstance(child, ast.ClassDef) else inside)


def _context(func: ast.expr, inside: str, module: Module, modules: dict[str, Module]) -> str | None:
    """The context of what is called, None for a call that translates nothing."""
    if isinstance(func, ast.Name):
        if func.id in _SAYING and module.imported.get(func.id, "").endswith(f"language.{func.id}"):
            return "messages"
        if func.id != "tr":
            return None
        return module.own or modules[module.imported["tr"].rpartition(".")[0]].own
    if not isinstance(func, ast.Attribute) or not isinstance(func.value, ast.Name):
        return None
    if func.attr in _SAYING and module.imported.get(func.value.id, "").endswith("base.language"):
        return "messages"
    if func.attr == "translate" and func.value.id == "QCoreApplication":
        return "translate"
    if func.attr != "tr":
        return None
    if func.value.id == "self":
        return inside
    return modules[module.imported[func.value.id]].own


def _declared() -> Iterator[tuple[str, str]]:
    """Texts that are kept in tables, and those of the settings."""
    from helix_app.base import messages
    from helix_app.base.message_texts.reasons import REASONS
    from helix_app.base.settings import declared
    from helix_app.hub.catalog import load_catalog

    tables = (
        messages.ERRORS,
        messages.NOTICES,
        messages.STAGES,
        messages.K_REASONS,
        messages.FINISH_REASONS,
        messages.CONTEXT_FULL,
        messages.COMPARISON,
        REASONS,
    )
    for table in tables:
        yield from (("messages", text) for text in table.values())
    for setting in declared().values():
        choices = [word for _, *words in setting.options for word in words]
        shown = (setting.text, setting.hint, setting.label, setting.special, *choices) if setting.page else ()
        yield from (("settings", text) for text in shown if text)
    yield from (("catalog", entry.summary) for entry in load_catalog())


def main() -> int:
    """Do what the command line says. Returns the exit code: 1 where translations are missing."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("task", choices=("update", "missing", "fill", "release"))
    parser.add_argument("language", nargs="?", default="de")
    parser.add_argument("file", nargs="?", help="JSON: English to translation")
    options = parser.parse_args()
    path = FOLDER / f"helix_{options.language}.ts"
    if options.task == "missing":
        print(json.dumps(missing(path), ensure_ascii=False, indent=1))
    elif options.task == "fill":
        fill(path, json.loads(Path(options.file).read_text(encoding="utf-8")))
    else:
        for each in sorted({*FOLDER.glob("helix_*.ts"), path}):
            if options.task == "release":
                release(each)
            elif left := update(each):
                print(f"{each.name}: {left} texts without a translation")
    return 1 if missing(path) else 0


if __name__ == "__main__":
    sys.exit(main())
