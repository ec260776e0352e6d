#!/bin/sh
# Start Helix. The first start makes a Python environment beside it and installs what it needs.
set -eu
cd "$(dirname "$0")/../.."
if [ ! -f .venv/helix-ready.txt ]; then
  python=
  for candidate in python3.12 python3.11 python3.10 python3.13 python3; do
    command -v "$candidate" >/dev/null 2>&1 && { python=$candidate; break; }
  done
  [ -n "$python" ] || { echo "Helix needs Python 3.10 to 3.13."; exit 1; }
  "$python" -m venv .venv
  .venv/bin/python -m pip install --disable-pip-version-check -e .
  echo ok > .venv/helix-ready.txt
fi
exec .venv/bin/python main.py "$@"
