#!/bin/sh
# Resolves the locks: hashes, no addresses. Add `--upgrade` for newer versions.
set -eu
cd "$(dirname "$0")/.."
resolve() { # output, inputs and options…
    output=$1
    shift
    .venv/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate \
        --no-emit-index-url --custom-compile-command "make lock" -o "$output" "$@"
}
resolve requirements/runtime.lock pyproject.toml --extra all "$@"
resolve requirements/dev.lock pyproject.toml --extra dev "$@"
resolve requirements/uv.lock requirements/uv.in "$@"
