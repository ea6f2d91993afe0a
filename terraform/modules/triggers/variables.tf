variable "prefix" {
  description = "What the environment's names begin with."
  type        = string
}

variable "environment" {
  description = "The environment's name, which names of jobs and endpoints begin with."
  type        = string
}

variable "account" {
  description = "The account's number."
  type        = string
}

variable "events" {
  description = "The sources, an entry each, as in functions.json, with the function that gets them."
  type = list(object({
    function = string
    type     = string
    statuses = optional(list(string))
    jobs     = optional(list(string))
    every_s  = optional(number)
    topic    = optional(string)
    prefix   = optional(string)
  }))

  validation {
    condition = alltrue([for event in var.events : contains(
      ["execution-changed", "endpoint-changed", "job-changed", "outbox", "topic", "object-created", "schedule"], event.type
    )])
    error_message = "There is an event source of a type that is not known; orchestration/local/sources.py has the list."
  }
  validation {
    condition     = alltrue([for event in var.events : event.every_s == null ? true : event.every_s >= 60 && event.every_s % 60 == 0])
    error_message = "EventBridge's schedules count whole minutes: every_s must be a multiple of 60."
  }
}

variable "functions" {
  description = "The functions by name: their name in AWS and the alias to call."
  type        = map(object({ name = string, alias_arn = string, alias_name = string }))
}

variable "state_machine_arn" {
  description = "The state machine whose executions are told of."
  type        = string
}

variable "builds_stream_arn" {
  description = "The stream of the builds table."
  type        = string
}

variable "topic_arns" {
  description = "The topics, by name."
  type        = map(string)
}

variable "bucket" {
  description = "The data bucket."
  type        = object({ name = string, arn = string })
}

variable "dead_letters_arn" {
  description = "The queue for what could not be delivered."
  type        = string
}
