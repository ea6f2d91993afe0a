"""Our SageMaker: training jobs and endpoints of the real API, run as processes of one machine. No moto, no AWS calls.

service.py          LocalSageMaker, the way in: one method `call(operation, request)` over a table   <- open this first
errors.py           what a request is refused with, by the service's names
validation.py       a request against botocore's service model       rules.py   and against the service's further rules
training.py         training jobs, as whoever asks sees them
supervisor.py       the program that owns one job, in a process of its own; it works while the engine is dead
  job_folder.py       the job's folder and its status           slots.py     how many jobs may run at once
  container_files.py  what a container finds under its root     container_run.py  its process, output and stopping
  metrics.py          numbers read from its output              checkpoints.py    their copy among the objects
hosting.py          models and endpoint configs                      tags.py    tags of any resource
endpoints.py        endpoints, as whoever asks sees them
  endpoint_records.py their records                             deployment.py    starting, switching, restarting
  serving.py          one serving process                       invocation.py    one request to it
  background.py       threads that never die in silence
objects.py          S3 objects as files                              archive.py  model.tar.gz, written and read
context.py          what all of these are given                      listing.py  List*: filters, order and pages

State: `<state>/sagemaker/{training-jobs,models,endpoint-configs,endpoints,tags,slots}`. A record is replaced whole or
not at all (`orchestration/local/files.py`), so `kill -9` of any process at any moment leaves nothing half-written.

This file holds a docstring only, so that the supervisor starts in some tens of milliseconds.
"""
