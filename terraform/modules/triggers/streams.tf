# New lines in the outbox wake the function that announces them; what it announces it reads from the outbox itself.

resource "aws_lambda_event_source_mapping" "outbox" {
  for_each = local.by_type["outbox"]

  event_source_arn  = var.builds_stream_arn
  function_name     = var.functions[each.value.function].alias_arn
  starting_position = "LATEST"
  batch_size        = 100

  # A batch that fails is halved, tried for an hour, then told to the dead letters: the schedule finds what is in the
  # outbox anyway, and the stream must not stand still over one record.
  bisect_batch_on_function_error = true
  maximum_retry_attempts         = 10
  maximum_record_age_in_seconds  = 3600

  filter_criteria {
    filter {
      pattern = jsonencode({ eventName = ["INSERT"], dynamodb = { Keys = { pk = { S = ["OUTBOX"] } } } })
    }
  }

  destination_config {
    on_failure {
      destination_arn = var.dead_letters_arn
    }
  }
}
