variable "arn" {
  description = "The queue's ARN as its name gives it."
  type        = string

  validation {
    condition     = endswith(var.arn, ".fifo")
    error_message = "A FIFO queue's name ends with .fifo."
  }
}

variable "dead_arn" {
  description = "The ARN of the queue for what the worker did not take."
  type        = string

  validation {
    condition     = endswith(var.dead_arn, ".fifo")
    error_message = "A FIFO queue's name ends with .fifo."
  }
}

variable "worker" {
  description = "The function that takes the messages, and how long it may take for one."
  type        = object({ alias_arn = string, timeout_s = number })
}

variable "key_arn" {
  description = "The key that messages are encrypted with."
  type        = string
}
