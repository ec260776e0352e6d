#!/bin/sh
# Put Helix into the menu of this person's desktop; "remove" takes it out again.
set -eu
app=$(cd "$(dirname "$(readlink -f "$0")")/../.." && pwd)
entry=${XDG_DATA_HOME:-$HOME/.local/share}/applications/helix.desktop
if [ "${1:-}" = remove ]; then
  rm -f "$entry"
  exit 0
fi
mkdir -p "$(dirname "$entry")"
sed "s|@APP@|$(printf '%s' "$app" | sed 's/[|&\\]/\\&/g')|g" "$app/packaging/unix/helix.desktop" > "$entry"
echo "$entry"
