variable "name" {
  description = "The API's name."
  type        = string
}

variable "routes" {
  description = "Each route, as `POST /slack/events`, with the function behind it."
  type        = map(object({ name = string, alias_name = string, invoke_arn = string }))

  validation {
    condition     = alltrue([for route in keys(var.routes) : can(regex("^(GET|POST) /[a-z/]+$", route))])
    error_message = "A route is GET or POST and a path, such as POST /slack/events."
  }
}

variable "rate_limit" {
  description = "How many requests a second are let through."
  type        = number
  default     = 20
}

variable "burst_limit" {
  description = "How many are let through at once."
  type        = number
  default     = 40
}

variable "log_retention_days" {
  description = "How long the log is kept, in days."
  type        = number
}

variable "key_arn" {
  description = "The key that the log is encrypted with."
  type        = string
}
