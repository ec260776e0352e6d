"""``doctor``: what is here, what is wrong and what to do, as a report to paste into an issue.

With ``--target`` it is about that model: whether it fits into memory, and whether a draft model goes with it
(``cli/doctor_model.py``). Results go to standard output, progress to standard error. Exit codes: 0 when the engine can
run somewhere or the model fits, 1 otherwise, 2 for wrong usage.
"""

from __future__ import annotations

import argparse
import json
import logging

from helix_app.base import messages
from helix_app.cli import doctor_model
from helix_app.cli.common import check_output, ctrl_c_cancels, put, say
from helix_app.doctor import report as doctor
from helix_app.engine.machine import measured_file


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the ``doctor`` subcommand; its parsed arguments go to ``run``."""
    parser = subparsers.add_parser("doctor", help="say what is here, what is wrong and what to do")
    parser.add_argument("--json", action="store_true", help="one object instead of text")
    parser.add_argument(
        "--forget-measured",
        action="store_true",
        help="first wipe what was measured of this computer: formats, kernels, costs; the next load measures again",
    )
    parser.add_argument("--no-self-test", action="store_true", help="do not try the devices")
    doctor_model.add_options(parser)


def run(args: argparse.Namespace) -> int:
    """Run the subcommand and return the exit code."""
    check_output()
    doctor_model.check(args)
    if args.target is not None:
        return doctor_model.run(args)
    if args.forget_measured:
        try:
            say(messages.measured_forgotten(measured_file.forget()))
        except OSError as exc:
            say(messages.error_text("forget_measured_failed", {"folder": str(measured_file.kept_file().parent)}))
            logging.getLogger(__name__).info("measurements are not wiped: %s", exc)
            return 1
    with ctrl_c_cancels() as cancel:
        facts, found = doctor.examine(cancel, say, self_test=not args.no_self_test)
        if cancel.is_set():  # what it found until then is no verdict
            say(messages.error_text("interrupted"))
            return 1
    if args.json:
        report = json.dumps(doctor.as_object(facts, found), indent=2, ensure_ascii=False)
    else:
        report = "\n".join(doctor.as_text(facts, found))
    put(report + "\n")
    return 0 if facts.can_run else 1
