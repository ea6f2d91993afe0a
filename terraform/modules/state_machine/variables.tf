variable "name" {
  description = "The state machine's name."
  type        = string
}

variable "template" {
  description = "The path of the template."
  type        = string
}

variable "partition" {
  description = "The AWS partition, such as aws."
  type        = string
}

variable "role_arn" {
  description = "The state machine's role."
  type        = string
}

variable "job_role_arn" {
  description = "The role that the state machine gives to SageMaker's jobs and endpoints."
  type        = string
}

variable "function_arns" {
  description = "The functions that its states call, by their name in functions.json."
  type        = map(string)
}

variable "log_retention_days" {
  description = "How long the log is kept, in days."
  type        = number
}

variable "key_arn" {
  description = "The key that the log is encrypted with."
  type        = string
}
