variable "prefix" {
  description = "What the environment's names begin with."
  type        = string
}

variable "arn_prefix" {
  description = "What the topics' ARNs begin with, the environment's prefix included."
  type        = string
}

variable "account" {
  description = "The account's number: services publish for this account only."
  type        = string
}

variable "topics" {
  description = "The topics by name: how e-mails name them, and the services that publish to them by themselves."
  type        = map(object({ display_name = string, publishers = list(string) }))

  validation {
    condition     = contains(keys(var.topics), "notices")
    error_message = "There must be a topic for notices."
  }
}

variable "emails" {
  description = "Who gets every notification by e-mail."
  type        = set(string)
}

variable "key_arn" {
  description = "The key that messages are encrypted with."
  type        = string
}
