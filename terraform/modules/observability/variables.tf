variable "prefix" {
  description = "What the environment's names begin with."
  type        = string
}

variable "environment" {
  description = "The environment's name."
  type        = string
}

variable "region" {
  description = "The region's name."
  type        = string
}

variable "state_machine_arn" {
  description = "The state machine."
  type        = string
}

variable "functions" {
  description = "The functions' names in AWS, by their name in functions.json."
  type        = map(string)
}

variable "stream_functions" {
  description = "Those of them that read a stream."
  type        = map(string)
}

variable "dead_letters_names" {
  description = "The names of the queues of dead letters, by what was given up."
  type        = map(string)
}

variable "alarm_topic_arns" {
  description = "Where alarms are told."
  type        = list(string)
}

variable "notices_topic_arn" {
  description = "Where the budget is told of."
  type        = string
}

variable "monthly_budget_usd" {
  description = "The month's budget in US dollars; 0 for none."
  type        = number
}
