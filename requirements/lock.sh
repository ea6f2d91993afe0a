#!/usr/bin/env bash
# Write the lock files anew: universal (every platform and Python of ours), hashed, without an index address.
# usage: lock.sh PYTHON
set -euo pipefail
cd "$(dirname "$0")/.."
tools=$(mktemp -d)
trap 'rm -rf "$tools"' EXIT
"$1" -m venv "$tools/venv"
"$tools/venv/bin/pip" install --quiet --disable-pip-version-check uv
compile() {
  "$tools/venv/bin/uv" pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes \
    --no-emit-index-url --no-emit-find-links --no-annotate --no-header --quiet "$@"
}
compile --extra laptop -o requirements/laptop.txt
compile --extra laptop --group dev -o requirements/dev.txt
# AWS's own client, for one test (tests/end_to_end/test_sagemaker_sdk.py).
compile --extra laptop --extra sdk --group dev -o requirements/sdk.txt
# What Lambdas and images carry, constrained to what was tested.
for extra in functions inbox slack-ack slack slack-pictures gp keras keras-serve; do
  compile --extra "$extra" --constraint requirements/dev.txt -o "requirements/$extra.txt"
done
