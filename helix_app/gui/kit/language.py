"""The language of the window: which one, and its translations."""

from __future__ import annotations

import logging

from PySide6.QtCore import QCoreApplication, QLibraryInfo, QLocale, QTranslator

from helix_app.base.language import ENGLISH, Language, speak
from helix_app.base.process import paths

log = logging.getLogger(__name__)

LANGUAGES = ("en", "de")  # the first one is that of the sources
_OWN = "helix"  # name of translators that were installed here
COMMA = ("de",)  # languages that write 1.234,5


def wanted(choice: str, system: QLocale | None = None) -> str:
    """The code of the language to speak: ``auto`` is the computer's, where it is known here, else English."""
    if choice in LANGUAGES:
        return choice
    for name in (system or QLocale.system()).uiLanguages():
        code = name.replace("_", "-").partition("-")[0]
        if code in LANGUAGES:
            return code
    return LANGUAGES[0]


def install(app: QCoreApplication, choice: str) -> str:
    """Speak a language from now on; before the window is made. Returns its code."""
    code = wanted(choice)
    for before in app.findChildren(QTranslator, _OWN):
        app.removeTranslator(before)
        before.deleteLater()
    QLocale.setDefault(QLocale(code))
    if code == LANGUAGES[0]:
        speak(ENGLISH)
        return code
    own = str(paths.resource("translations", f"helix_{code}.qm"))
    of_qt = f"{QLibraryInfo.path(QLibraryInfo.LibraryPath.TranslationsPath)}/qtbase_{code}.qm"
    for file in (of_qt, own):  # the last one is asked first
        translator = QTranslator(app)
        translator.setObjectName(_OWN)
        if translator.load(file):
            app.installTranslator(translator)
        else:
            log.warning("no translation: %s", file)
    speak(Language(code, QCoreApplication.translate, comma=code in COMMA))
    return code
