variable "parameter" {
  description = "The settings document's name in Parameter Store."
  type        = string
}

variable "initial" {
  description = "What the document holds at first."
  type        = any
}

variable "secret_prefix" {
  description = "What the secrets' names begin with."
  type        = string
}

variable "secrets" {
  description = "The secrets by name, each with what it holds."
  type        = map(string)
}

variable "key_arn" {
  description = "The key that secrets are encrypted with."
  type        = string
}

variable "recovery_window_days" {
  description = "How long a deleted secret can be brought back: 0, or 7 to 30 days."
  type        = number
}
