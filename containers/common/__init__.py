"""What every image shares, standard library only except where said.

program.py          the dispatcher: verb, SIGTERM, failure file, exit code       <- open this first
paths.py            the folders of the contract under a configurable root
environment.py      the environment variables that are read, with their checks
hyperparameters.py  hyperparameters.json, parsed by the catalogue
channels.py         a folder's CSV files as one table: a channel's, or a processing job's input
archives.py         files out of a model.tar.gz, within a size
evaluation.py       evaluate: a candidate and the champion judged on the same rows
preparing.py        prepare: one file of rows checked, split and reported on
output.py           log lines, metric lines, files that appear whole or not at all
payloads.py         request bodies to rows, predictions to response bodies
serving.py          the HTTP server (Starlette on uvicorn)
errors.py           the error tree
"""
