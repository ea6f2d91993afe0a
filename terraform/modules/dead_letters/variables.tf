variable "name" {
  description = "The queue's name."
  type        = string
}

variable "arn" {
  description = "The queue's ARN as its name gives it, so that its policy can be read in the plan."
  type        = string
}

variable "account" {
  description = "The account's number: services send for this account only."
  type        = string
}

variable "key_arn" {
  description = "The key that messages are encrypted with."
  type        = string
}
