"""Our SageMaker: jobs, models and endpoints of the real API, run as processes of one machine. No moto, no AWS calls.

service.py          LocalSageMaker, the way in: one method `call(operation, request)` over a table   <- open this first
errors.py           what a request is refused with, by the service's names
validation.py       a request against botocore's service model       rules.py   and against the service's further rules
jobs.py             what all kinds of jobs share, as whoever asks sees them: their folders, their ends
  training.py         training jobs      processing.py      processing jobs (and processing_rules.py)
  tuning.py           tuning jobs (and tuning_rules.py)
supervision.py      what the programs share that own one job, each a process, and work while the engine is dead
  supervisor.py       of a training job                     processor.py      of a processing job
  job_folder.py       the job's folder and its status       slots.py          how many jobs may run at once
  container_files.py  what a container finds under its root container_run.py  its process, output and stopping
  metrics.py          numbers read from its output          checkpoints.py    a folder's copy among the objects
tuner.py            the program that owns one tuning job and creates its training jobs
  ranges.py           what is searched                      trials.py         what was tried
  proposals.py        what is tried next                    bayesian.py       the same by Hyperopt
  early_stopping.py   what is stopped before its end
packages.py         model packages and their groups
hosting.py          models and endpoint configs                      tags.py    tags of any resource
endpoints.py        endpoints, as whoever asks sees them
  endpoint_records.py their records                             deployment.py    starting, switching, restarting
  serving.py          one serving process                       invocation.py    one request to it
  background.py       threads that never die in silence
objects.py          S3 objects as files                              archive.py  model.tar.gz, written and read
context.py          what all of these are given                      listing.py  List*: filters, order and pages

State: `<state>/sagemaker/{training-jobs,processing-jobs,tuning-jobs,models,model-packages,model-package-groups,
endpoint-configs,endpoints,tags,slots}`. A record is replaced whole or not at all (`orchestration/local/files.py`), so
`kill -9` of any process at any moment leaves nothing half-written.

This file holds a docstring only, so that a job's program starts in some tens of milliseconds.
"""
