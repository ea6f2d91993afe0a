variable "key" {
  description = "The function's name in functions.json, which is its zip's name."
  type        = string
}

variable "name" {
  description = "The function's name in AWS."
  type        = string

  validation {
    condition     = length(var.name) <= 64
    error_message = "A function's name has at most 64 characters."
  }
}

variable "description" {
  description = "What the function does."
  type        = string

  validation {
    condition     = length(var.description) <= 256
    error_message = "A function's description has at most 256 characters."
  }
}

variable "handler" {
  description = "The dotted path of what Lambda calls."
  type        = string
}

variable "runtime" {
  description = "The runtime, such as python3.12."
  type        = string
}

variable "architecture" {
  description = "The processor: arm64 or x86_64."
  type        = string
}

variable "timeout_s" {
  description = "How long a call may take, in seconds."
  type        = number

  validation {
    condition     = var.timeout_s >= 1 && var.timeout_s <= 900
    error_message = "Lambda takes 1 to 900 seconds."
  }
}

variable "memory_mb" {
  description = "The function's memory, in megabytes."
  type        = number

  validation {
    condition     = var.memory_mb >= 128 && var.memory_mb <= 10240
    error_message = "Lambda takes 128 to 10240 megabytes."
  }
}

variable "concurrency" {
  description = "How many may run at once; -1 for as many as the account allows."
  type        = number
}

variable "environment" {
  description = "The function's environment variables."
  type        = map(string)
}

variable "packages_dir" {
  description = "Where the zips are."
  type        = string
}

variable "bucket" {
  description = "The bucket that the zip is put into."
  type        = string
}

variable "role_arn" {
  description = "The function's role."
  type        = string
}

variable "takes_events" {
  description = "Whether events come to the function by themselves, so that one that it did not take is kept."
  type        = bool
}

variable "dead_letters_arn" {
  description = "The queue for events that the function did not take."
  type        = string
}

variable "log_retention_days" {
  description = "How long the function's log is kept, in days."
  type        = number
}

variable "key_arn" {
  description = "The key that the log is encrypted with."
  type        = string
}
