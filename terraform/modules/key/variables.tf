variable "prefix" {
  description = "What the environment's names begin with."
  type        = string
}

variable "partition" {
  description = "The AWS partition, such as aws."
  type        = string
}

variable "account" {
  description = "The account's number."
  type        = string
}

variable "region" {
  description = "The region's name."
  type        = string
}

variable "dns_suffix" {
  description = "The partition's DNS suffix, such as amazonaws.com."
  type        = string
}

variable "deletion_window_days" {
  description = "How long a deleted key can be brought back: 7 to 30 days."
  type        = number

  validation {
    condition     = var.deletion_window_days >= 7 && var.deletion_window_days <= 30
    error_message = "KMS takes 7 to 30 days."
  }
}
