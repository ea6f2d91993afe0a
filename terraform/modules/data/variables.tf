variable "name" {
  description = "The bucket's name, the only one in the world."
  type        = string
}

variable "key_arn" {
  description = "The key that objects are encrypted with."
  type        = string
}

variable "protect" {
  description = "Whether a bucket that holds objects is kept when everything else is destroyed."
  type        = bool
}

variable "incoming_days" {
  description = "After how many days a file under incoming/ is deleted."
  type        = number
}

variable "noncurrent_days" {
  description = "After how many days an overwritten or deleted version goes for good."
  type        = number
}

variable "access_log_bucket" {
  description = "An existing bucket for access logs; null for none."
  type        = string
}
