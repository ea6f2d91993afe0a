variable "functions" {
  description = "The functions of the skill, by their name in functions.json."
  type        = map(object({ name = string, alias_name = string }))
}

variable "skill_id" {
  description = "The skill's id; null while there is none."
  type        = string
}
