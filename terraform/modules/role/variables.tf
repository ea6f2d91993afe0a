variable "name" {
  description = "The role's name."
  type        = string

  validation {
    condition     = length(var.name) <= 64
    error_message = "A role's name has at most 64 characters."
  }
}

variable "description" {
  description = "What the role is for."
  type        = string
}

variable "service" {
  description = "The service that takes the role, such as lambda.amazonaws.com."
  type        = string
}

variable "source_account" {
  description = "The account that the service must act for; null where the service says none."
  type        = string
  default     = null
}

variable "statements" {
  description = "What the role may do."
  type = list(object({
    sid        = string
    actions    = list(string)
    resources  = list(string)
    conditions = list(object({ test = string, variable = string, values = list(string) }))
  }))
}

variable "key_arn" {
  description = "The environment's key."
  type        = string
}

variable "key_services" {
  description = "The services through which the role may use the key, as <service>.<region>.<suffix>; none for no use of it."
  type        = list(string)
  default     = []
}

variable "permissions_boundary_arn" {
  description = "The role's permissions boundary; null for none."
  type        = string
}
