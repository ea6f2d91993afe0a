"""What a build is, and what carries it out.

builds.py     Build, its status and allowed transitions, names (standard library only)   <- open this first
ports/        what the rest of the house may ask for, each docstring a contract; the error tree
machines/     build.asl.json, the state machine, and its renderer
steps/        the work of each Lambda as plain functions over ports
functions/    one thin Lambda entry a file; functions.json is the one table of them
settings.py   typed settings          wiring.py   ports from settings: the only place that chooses
aws/          boto3 adapters, one file a service        local/   the embedded engine
"""
