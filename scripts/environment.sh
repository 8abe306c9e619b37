#!/bin/sh
# Makes .venv from a hashed lock: scripts/environment.sh runtime|dev
# Repeating it is quick: a stamp holds the lock's checksum.
set -eu
cd "$(dirname "$0")/.."
what=${1:?usage: scripts/environment.sh runtime|dev}
lock=requirements/$what.lock
python=${PYTHON:-python3}
stamp=.venv/.$what.installed

fail() {
    printf '\n%s\n' "$1" >&2
    exit 1
}

sum=$(cat "$lock" requirements/uv.lock | cksum)
[ -f "$stamp" ] && [ "$(cat "$stamp")" = "$sum" ] && [ -x .venv/bin/python ] && exit 0

command -v "$python" >/dev/null 2>&1 || fail "python3 is missing. Install it:  apt-get install python3 python3-venv"
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
    fail "Python 3.11 or newer is needed; $python is $("$python" -V 2>&1). Name another one:  make PYTHON=/path/to/python3.11 …"
"$python" -c 'import venv, ensurepip' 2>/dev/null ||
    fail "Python's venv module is missing. Install it:  apt-get install python3-venv   (as root, or with sudo)"

if ! .venv/bin/python -c '' 2>/dev/null; then
    echo "Creating .venv with $("$python" -V 2>&1)"
    rm -rf .venv
    "$python" -m venv .venv || fail "python3 could not create .venv in $(pwd). Is the folder writable and the disk not full?"
fi

echo "Installing $lock"
export PIP_DISABLE_PIP_VERSION_CHECK=1
quiet_pip() {
    .venv/bin/pip install --quiet --require-hashes -r "$1" 2>"$log" && return 0
    cat "$log" >&2
    return 1
}
log=$(mktemp)
trap 'rm -f "$log"' EXIT
# uv installs in a second what takes pip half a minute; where it finds no index of its own, pip does it.
if ! { [ -x .venv/bin/uv ] || quiet_pip requirements/uv.lock; } ||
    ! UV_PYTHON_DOWNLOADS=never .venv/bin/uv pip install --quiet --python .venv/bin/python --require-hashes -r "$lock" 2>"$log"; then
    echo "uv could not install from $lock; trying pip (slower)"
    quiet_pip "$lock" || fail "The packages could not be installed. Is the package index reachable?"
fi
printf '%s\n' "$sum" >"$stamp"
