# What tells that something is wrong: alarms to the topics, a dashboard, a budget if one is wanted.

locals {
  alarms = merge(
    {
      failed-builds = {
        description = "A build failed. 'why did it fail?' tells; so does its record."
        namespace   = "AWS/States"
        metric      = "ExecutionsFailed"
        dimensions  = { StateMachineArn = var.state_machine_arn }
        statistic   = "Sum"
        threshold   = 0
        period_s    = 300
      }
      builds-out-of-time = {
        description = "A build took longer than the state machine allows."
        namespace   = "AWS/States"
        metric      = "ExecutionsTimedOut"
        dimensions  = { StateMachineArn = var.state_machine_arn }
        statistic   = "Sum"
        threshold   = 0
        period_s    = 300
      }
    },
    {
      for key, name in var.dead_letters_names : "dead-letters-${key}" => {
        description = "An event or message was given up: it is in ${name}, with what it was and who should have taken it."
        namespace   = "AWS/SQS"
        metric      = "ApproximateNumberOfMessagesVisible"
        dimensions  = { QueueName = name }
        statistic   = "Maximum"
        threshold   = 0
        period_s    = 300
      }
    },
    {
      for key, name in var.functions : "${key}-errors" => {
        description = "${name} fails again and again: its log tells why."
        namespace   = "AWS/Lambda"
        metric      = "Errors"
        dimensions  = { FunctionName = name }
        statistic   = "Sum"
        # States and events try again; a fault that passes is none.
        threshold = 2
        period_s  = 300
      }
    },
    {
      for key, name in var.functions : "${key}-throttles" => {
        description = "${name} is held back: the account runs as many Lambdas as it may."
        namespace   = "AWS/Lambda"
        metric      = "Throttles"
        dimensions  = { FunctionName = name }
        statistic   = "Sum"
        threshold   = 0
        period_s    = 300
      }
    },
    {
      # A stream that is not read for long loses records after a day.
      for key, name in var.stream_functions : "${key}-behind" => {
        description = "${name} is behind the builds table's stream: notifications come late."
        namespace   = "AWS/Lambda"
        metric      = "IteratorAge"
        dimensions  = { FunctionName = name }
        statistic   = "Maximum"
        threshold   = 900000 # milliseconds
        period_s    = 300
      }
    },
  )
}

resource "aws_cloudwatch_metric_alarm" "this" {
  for_each = local.alarms

  alarm_name          = "${var.prefix}-${each.key}"
  alarm_description   = each.value.description
  namespace           = each.value.namespace
  metric_name         = each.value.metric
  dimensions          = each.value.dimensions
  statistic           = each.value.statistic
  comparison_operator = "GreaterThanThreshold"
  threshold           = each.value.threshold
  period              = each.value.period_s
  evaluation_periods  = 1
  treat_missing_data  = "notBreaching"
  alarm_actions       = var.alarm_topic_arns
  ok_actions          = var.alarm_topic_arns
}

resource "aws_budgets_budget" "this" {
  count = var.monthly_budget_usd > 0 ? 1 : 0

  name         = "${var.prefix}-monthly"
  budget_type  = "COST"
  time_unit    = "MONTHLY"
  limit_unit   = "USD"
  limit_amount = tostring(var.monthly_budget_usd)

  cost_filter {
    name   = "TagKeyValue"
    values = ["user:sagebuild:environment$${var.environment}"]
  }

  dynamic "notification" {
    for_each = [80, 100]

    content {
      comparison_operator       = "GREATER_THAN"
      threshold                 = notification.value
      threshold_type            = "PERCENTAGE"
      notification_type         = notification.value == 100 ? "FORECASTED" : "ACTUAL"
      subscriber_sns_topic_arns = [var.notices_topic_arn]
    }
  }
}
