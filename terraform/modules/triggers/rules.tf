# EventBridge: https://docs.aws.amazon.com/step-functions/latest/dg/eventbridge-integration.html and
# https://docs.aws.amazon.com/sagemaker/latest/dg/automating-sagemaker-with-eventbridge.html

locals {
  patterns = merge(
    {
      for key, event in local.by_type["execution-changed"] : key => {
        function = event.function
        pattern = jsonencode({
          source        = ["aws.states"]
          "detail-type" = ["Step Functions Execution Status Change"]
          detail        = { stateMachineArn = [var.state_machine_arn], status = event.statuses }
        })
      }
    },
    {
      # No pattern can say "of an endpoint with our tag"; the name's beginning is what is ours alone.
      for key, event in local.by_type["endpoint-changed"] : key => {
        function = event.function
        pattern = jsonencode({
          source        = ["aws.sagemaker"]
          "detail-type" = ["SageMaker Endpoint State Change"]
          detail        = { EndpointName = [{ prefix = "${var.environment}-" }] }
        })
      }
    },
    {
      for pair in flatten([for key, event in local.by_type["job-changed"] : [
        for kind in event.jobs : { key = "${key}-${kind}", function = event.function, kind = local.job_kinds[kind] }
        ]]) : pair.key => {
        function = pair.function
        pattern = jsonencode({
          source        = ["aws.sagemaker"]
          "detail-type" = [pair.kind.detail_type]
          detail = {
            (pair.kind.name)   = [{ prefix = "${var.environment}-b" }]
            (pair.kind.status) = ["Completed", "Failed", "Stopped"]
          }
        })
      }
    },
  )

  # The outbox has a schedule besides its stream: what a lost wake-up left is found by it.
  rates = { for key, event in merge(local.by_type["schedule"], local.by_type["outbox"]) : key => event if event.every_s != null }

  rules = merge(
    { for key, one in local.patterns : key => { function = one.function, pattern = one.pattern, rate = null } },
    {
      for key, one in local.rates : key => {
        function = one.function
        pattern  = null
        rate     = one.every_s == 60 ? "rate(1 minute)" : "rate(${ceil(one.every_s / 60)} minutes)"
      }
    },
  )
}

resource "aws_cloudwatch_event_rule" "this" {
  for_each = local.rules

  name                = "${var.prefix}-${each.key}"
  description         = each.value.rate == null ? "Events for ${each.value.function}." : "The time for ${each.value.function}."
  event_pattern       = each.value.pattern
  schedule_expression = each.value.rate
}

resource "aws_cloudwatch_event_target" "this" {
  for_each = local.rules

  rule = aws_cloudwatch_event_rule.this[each.key].name
  arn  = var.functions[each.value.function].alias_arn

  retry_policy {
    # A minute later comes the next one; an event that says what happened is tried for a day.
    maximum_event_age_in_seconds = each.value.rate == null ? 86400 : 60
    maximum_retry_attempts       = each.value.rate == null ? 185 : 1
  }

  dead_letter_config {
    arn = var.dead_letters_arn
  }
}

resource "aws_lambda_permission" "rule" {
  for_each = local.rules

  statement_id  = "rule-${each.key}"
  action        = "lambda:InvokeFunction"
  function_name = var.functions[each.value.function].name
  qualifier     = var.functions[each.value.function].alias_name
  principal     = "events.amazonaws.com"
  source_arn    = aws_cloudwatch_event_rule.this[each.key].arn
}
