"""The Lambdas, one thin entry a file: settings from the environment, wiring, one call inward, a plain dict out.

functions.json is the one table of them, read by Terraform (for_each), by local mode and by the packager; what its key
`events` may hold is in `orchestration/local/sources.py`.
"""
