variable "prefix" {
  description = "What the environment's names begin with."
  type        = string
}

variable "tables" {
  description = "The tables by logical name: keys, indexes, stream and time to live."
  type = map(object({
    hash_key      = string
    range_key     = string
    stream        = optional(string)
    ttl_attribute = optional(string)
    indexes       = map(object({ hash_key = string, range_key = string }))
  }))
}

variable "attribute_types" {
  description = "Each key attribute's type: S, N or B."
  type        = map(string)
}

variable "key_arn" {
  description = "The key that the tables are encrypted with."
  type        = string
}

variable "protect" {
  description = "Whether the tables are protected from deletion."
  type        = bool
}
