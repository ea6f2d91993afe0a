variable "environment" {
  description = "The environment's name, the beginning of every name in it: 1 to 8 lower-case letters and digits."
  type        = string

  validation {
    condition     = can(regex("^[a-z0-9]{1,8}$", var.environment))
    error_message = "The environment must be 1 to 8 lower-case letters and digits: a tuning job's name has 32 characters."
  }
}

variable "tags" {
  description = "Tags for everything that takes tags, besides sagebuild:environment and sagebuild:managed-by."
  type        = map(string)
  default     = {}
}

variable "permissions_boundary_arn" {
  description = "The permissions boundary of every role that is made here; null for none."
  type        = string
  default     = null

  validation {
    condition     = var.permissions_boundary_arn == null || can(regex("^arn:[a-z-]+:iam::[0-9a-z]+:policy/", var.permissions_boundary_arn))
    error_message = "The permissions boundary must be the ARN of an IAM policy."
  }
}

variable "lambda_runtime" {
  description = "The Lambdas' runtime. `make package` stages for it: RUNTIME there must be the same."
  type        = string
  default     = "python3.12"

  validation {
    condition     = contains(["python3.12", "python3.13"], var.lambda_runtime)
    error_message = "The runtime must be python3.12 or python3.13."
  }
}

variable "lambda_architecture" {
  description = "The Lambdas' processor: arm64 costs a fifth less. `make package` stages for it: ARCHITECTURE there must be the same."
  type        = string
  default     = "arm64"

  validation {
    condition     = contains(["arm64", "x86_64"], var.lambda_architecture)
    error_message = "The architecture must be arm64 or x86_64."
  }
}

variable "packages_dir" {
  description = "Where `make package` put the zips and their manifest; null for build/ beside this folder."
  type        = string
  default     = null
}

variable "log_retention_days" {
  description = "How long logs are kept, in days."
  type        = number
  default     = 90

  validation {
    condition     = contains([1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653], var.log_retention_days)
    error_message = "CloudWatch Logs keeps for 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731 days, or 3 to 10 years."
  }
}

variable "protect_data" {
  description = "Whether what cannot be made again is protected from `terraform destroy`: tables, bucket, images, secrets, the key."
  type        = bool
  default     = true
}

variable "images" {
  description = "The container images that are built here: repository name to its Dockerfile."
  type        = map(object({ dockerfile = string }))
  default = {
    gp    = { dockerfile = "containers/gp_image/Dockerfile" }
    keras = { dockerfile = "containers/keras_image/Dockerfile" }
  }

  validation {
    condition     = alltrue([for name in keys(var.images) : can(regex("^[a-z0-9]{1,20}$", name))])
    error_message = "An image's name must be lower-case letters and digits, as in models/catalog.py."
  }
}

variable "images_kept" {
  description = "How many tagged versions of an image are kept. A build can be deployed again only while its image is kept."
  type        = number
  default     = 100

  validation {
    condition     = var.images_kept >= 10
    error_message = "At least 10 versions must be kept, or a rollback finds no image."
  }
}

variable "image_source" {
  description = "Where images are built from: `S3` (source/source.zip in the data bucket, when location is null), `GITHUB` or `CODECOMMIT` with the repository's HTTPS address and the branch that belongs to this environment."
  type = object({
    type     = string
    location = optional(string)
    branch   = optional(string)
  })
  default = { type = "S3" }

  validation {
    condition     = contains(["S3", "GITHUB", "CODECOMMIT"], var.image_source.type)
    error_message = "Images are built from S3, GITHUB or CODECOMMIT."
  }
  validation {
    condition     = var.image_source.type == "S3" || (can(regex("^https://", var.image_source.location)) && var.image_source.branch != null)
    error_message = "A repository needs its HTTPS address and the branch that belongs to this environment."
  }
}

variable "base_image" {
  description = "The image that ours are built on. By digest, a build today is a build tomorrow."
  type        = string
  default     = "public.ecr.aws/docker/library/python:3.11-slim-bookworm"
}

variable "initial_settings" {
  description = "What the settings document holds at first (orchestration/settings.py says what there is). Later changes are made in conversation and stay."
  type        = any
  default     = {}

  validation {
    condition     = can(keys(var.initial_settings)) && length(jsonencode(var.initial_settings)) <= 4096
    error_message = "The settings must be an object of at most 4096 characters as JSON."
  }
}

variable "notification_emails" {
  description = "Who gets every notification by e-mail; each address has to confirm once."
  type        = set(string)
  default     = []

  validation {
    condition     = alltrue([for address in var.notification_emails : can(regex("^[^@ ]+@[^@ ]+$", address))])
    error_message = "Each must be an e-mail address."
  }
}

variable "alarm_topic_arns" {
  description = "Further SNS topics for alarms, such as an on-call rotation's; the notification topic always gets them."
  type        = set(string)
  default     = []
}

variable "access_log_bucket" {
  description = "An existing bucket for the data bucket's access logs; null for none."
  type        = string
  default     = null
}

variable "incoming_days" {
  description = "After how many days a file under incoming/ is deleted: its data is a dataset by then."
  type        = number
  default     = 30

  validation {
    condition     = var.incoming_days >= 1
    error_message = "Files under incoming/ must be kept for at least a day."
  }
}

variable "noncurrent_days" {
  description = "After how many days an overwritten or deleted version of a file goes for good."
  type        = number
  default     = 90

  validation {
    condition     = var.noncurrent_days >= 1
    error_message = "Old versions must be kept for at least a day."
  }
}

variable "readable_bucket_arns" {
  description = "Buckets of others that datasets may be copied from, as ARNs; their own policies must allow it too."
  type        = set(string)
  default     = []

  validation {
    condition     = alltrue([for arn in var.readable_bucket_arns : can(regex("^arn:[a-z-]+:s3:::[a-z0-9.-]+$", arn))])
    error_message = "Each must be the ARN of a bucket, without a path."
  }
}

variable "readable_repository_arns" {
  description = "Image repositories of others that jobs and endpoints may run, as ARNs: for models that the settings add."
  type        = set(string)
  default     = []
}

variable "schedules" {
  description = "Builds that are ordered by the clock: a name to an EventBridge Scheduler expression, its time zone and the order as JSON text (orchestration/steps/start_message.py says what an order may hold)."
  type = map(object({
    expression = string
    timezone   = optional(string, "UTC")
    order      = optional(string, "{}")
    enabled    = optional(bool, true)
  }))
  default = {}

  validation {
    condition     = alltrue([for one in values(var.schedules) : can(keys(jsondecode(one.order)))])
    error_message = "A schedule's order is the text of a JSON object."
  }

  validation {
    condition     = alltrue([for one in values(var.schedules) : can(regex("^(cron|rate|at)\\(.+\\)$", one.expression))])
    error_message = "A schedule's expression is cron(...), rate(...) or at(...)."
  }
}

variable "monthly_budget_usd" {
  description = "The month's spending, by the tag sagebuild:environment, at 80 % and 100 % of which the notification topic is told; 0 for no budget. The tag must be a cost allocation tag of the account."
  type        = number
  default     = 0

  validation {
    condition     = var.monthly_budget_usd >= 0
    error_message = "A budget is not negative."
  }
}

variable "alexa_skill_id" {
  description = "The Alexa skill that may call its function; null until the skill has been made, and so nobody may."
  type        = string
  default     = null

  validation {
    condition     = var.alexa_skill_id == null || can(regex("^amzn1\\.ask\\.skill\\.[0-9a-f-]{36}$", var.alexa_skill_id))
    error_message = "A skill's id is amzn1.ask.skill. and a UUID."
  }
}

variable "slack_team_id" {
  description = "The one Slack workspace that is answered, such as T0123ABCD; empty until there is one, and so nobody is."
  type        = string
  default     = ""

  validation {
    condition     = can(regex("^(T[A-Z0-9]{2,20})?$", var.slack_team_id))
    error_message = "A workspace's id is a T with capitals and digits."
  }
}

variable "slack_channel_id" {
  description = "The Slack channel where builds report that were started elsewhere, such as C0123ABCD; empty for none."
  type        = string
  default     = ""

  validation {
    condition     = can(regex("^([CG][A-Z0-9]{2,20})?$", var.slack_channel_id))
    error_message = "A channel's id is a C or G with capitals and digits."
  }
}
