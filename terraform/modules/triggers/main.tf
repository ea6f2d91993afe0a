# Where the functions' events come from: the key `events` of functions.json, whose types orchestration/local/sources.py
# describes for both sides. Files: rules.tf (EventBridge), streams.tf (the outbox), deliveries.tf (topics, files).

locals {
  # "<function>/<type>" names a source; a function has at most one of a type, but for topics and files.
  by_type = {
    for type in ["execution-changed", "endpoint-changed", "job-changed", "outbox", "topic", "object-created", "schedule"] :
    type => {
      for event in var.events :
      join("-", compact([event.function, event.type, event.topic, try(replace(event.prefix, "/", ""), null)])) => event
      if event.type == type
    }
  }

  job_kinds = {
    training   = { detail_type = "SageMaker Training Job State Change", name = "TrainingJobName", status = "TrainingJobStatus" }
    processing = { detail_type = "SageMaker Processing Job State Change", name = "ProcessingJobName", status = "ProcessingJobStatus" }
    tuning = {
      detail_type = "SageMaker HyperParameter Tuning Job State Change"
      name        = "HyperParameterTuningJobName"
      status      = "HyperParameterTuningJobStatus"
    }
  }
}
