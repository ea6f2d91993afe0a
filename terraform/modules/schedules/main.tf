# Builds ordered by the clock, as messages on the start topic.

resource "aws_scheduler_schedule_group" "this" {
  name = var.prefix
}

resource "aws_scheduler_schedule" "this" {
  for_each = var.schedules

  name                         = each.key
  group_name                   = aws_scheduler_schedule_group.this.name
  description                  = "Orders a build of ${var.prefix}."
  schedule_expression          = each.value.expression
  schedule_expression_timezone = each.value.timezone
  state                        = each.value.enabled ? "ENABLED" : "DISABLED"

  flexible_time_window {
    mode = "OFF"
  }

  target {
    arn      = var.start_topic_arn
    role_arn = var.role_arn
    # The execution's id makes a message that is delivered twice order one build.
    input = jsonencode({
      source = "sagebuild.schedule"
      id     = "${each.key}-<aws.scheduler.execution-id>"
      detail = jsondecode(each.value.order)
    })

    retry_policy {
      maximum_event_age_in_seconds = 3600
      maximum_retry_attempts       = 10
    }

    dead_letter_config {
      arn = var.dead_letters_arn
    }
  }
}
