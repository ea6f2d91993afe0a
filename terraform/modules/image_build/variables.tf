variable "prefix" {
  description = "What the environment's names begin with; with the image it is the project's name, as orchestration/steps/plan.py makes it."
  type        = string
}

variable "region" {
  description = "The region's name."
  type        = string
}

variable "images" {
  description = "The images by name, each with its Dockerfile's path in the source."
  type        = map(object({ dockerfile = string }))
}

variable "repository_urls" {
  description = "Where each image is pushed to."
  type        = map(string)
}

variable "image_source" {
  description = "Where the source is: S3, GITHUB or CODECOMMIT."
  type        = object({ type = string, location = optional(string), branch = optional(string) })
}

variable "bucket" {
  description = "The data bucket's name."
  type        = string
}

variable "base_image" {
  description = "The image that ours are built on."
  type        = string
}

variable "compute_type" {
  description = "How large a machine builds: TensorFlow's image wants 7 GB."
  type        = string
  default     = "BUILD_GENERAL1_MEDIUM"
}

variable "role_arn" {
  description = "The projects' role."
  type        = string
}

variable "log_retention_days" {
  description = "How long logs are kept, in days."
  type        = number
}

variable "key_arn" {
  description = "The key that logs are encrypted with."
  type        = string
}
