variable "prefix" {
  description = "What the environment's names begin with."
  type        = string
}

variable "schedules" {
  description = "The schedules by name: expression, time zone, the order as JSON text."
  type = map(object({
    expression = string
    timezone   = string
    order      = string
    enabled    = bool
  }))
}

variable "start_topic_arn" {
  description = "The topic that orders builds."
  type        = string
}

variable "role_arn" {
  description = "The role by which the scheduler publishes."
  type        = string
}

variable "dead_letters_arn" {
  description = "The queue for orders that could not be delivered."
  type        = string
}
