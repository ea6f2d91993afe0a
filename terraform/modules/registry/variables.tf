variable "prefix" {
  description = "What the environment's names begin with."
  type        = string
}

variable "images" {
  description = "The repositories' names, without the prefix."
  type        = set(string)
}

variable "kept" {
  description = "How many versions of an image are kept."
  type        = number
}

variable "protect" {
  description = "Whether a repository that holds images is kept when everything else is destroyed."
  type        = bool
}

variable "key_arn" {
  description = "The key that images are encrypted with."
  type        = string
}
