"""What is said of tools, and of replies that must have a given form: a part of ``messages.ERRORS``."""

from __future__ import annotations

FORM_ERRORS: dict[str, str] = {
    "template_no_tools": "This model's chat template knows no tools. Leave out the tools and their messages, or choose a model that calls tools.",
    "schema_unreadable": "The schema in {path} cannot be used: {reason}. Name a file with a JSON schema.",
    "grammar_missing": 'Replies of a given form need the library llguidance. Run `python -m pip install -e ".[grammar]"` in Helix\'s folder.',
    "grammar_invalid": "The grammar cannot be used: {reason}. Correct the schema, regular expression or grammar.",
    "grammar_failed": "The grammar is too complex to go on with: {reason}. Make it simpler.",
    "grammar_begun": "What there is of this reply already is not of the form asked for, or complete. Start the reply anew.",
    "grammar_tokenizer": "Replies of this model cannot be held to a form: its vocabulary is of a kind that Helix cannot do that with. Choose another model.",
}
