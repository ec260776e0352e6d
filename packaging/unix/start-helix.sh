#!/bin/sh
# Start Helix. The first start finds the graphics card and fetches what it needs; no Python is needed.
# Others:  start-helix.sh --list    --variant cpu    --repair
set -eu
cd "$(dirname "$(readlink -f "$0")")/../.."
uv=
for candidate in "$PWD/packaging/uv" "$(command -v uv || true)" "${HOME:-}/.local/bin/uv"; do
  if [ -n "$candidate" ] && [ -x "$candidate" ]; then uv=$candidate; break; fi
done
if [ -z "$uv" ]; then
  echo "Helix is set up by uv, which is not here. Install it (python3 -m pip install --user uv) and start again." >&2
  exit 1
fi
exec "$uv" run --quiet --no-project --python "${HELIX_PYTHON:-3.12}" packaging/launcher --uv "$uv" "$@"
