resource "aws_sns_topic_subscription" "this" {
  for_each = local.by_type["topic"]

  topic_arn = var.topic_arns[each.value.topic]
  protocol  = "lambda"
  endpoint  = var.functions[each.value.function].alias_arn

  # What could not be delivered; what the function refused goes there by the function's own configuration.
  redrive_policy = jsonencode({ deadLetterTargetArn = var.dead_letters_arn })

  depends_on = [aws_lambda_permission.topic]
}

resource "aws_lambda_permission" "topic" {
  for_each = local.by_type["topic"]

  statement_id  = "topic-${each.value.topic}"
  action        = "lambda:InvokeFunction"
  function_name = var.functions[each.value.function].name
  qualifier     = var.functions[each.value.function].alias_name
  principal     = "sns.amazonaws.com"
  source_arn    = var.topic_arns[each.value.topic]
}

# A bucket has one notification configuration for all its functions.
resource "aws_s3_bucket_notification" "this" {
  count = length(local.by_type["object-created"]) > 0 ? 1 : 0

  bucket = var.bucket.name

  dynamic "lambda_function" {
    for_each = local.by_type["object-created"]

    content {
      id                  = lambda_function.key
      lambda_function_arn = var.functions[lambda_function.value.function].alias_arn
      events              = ["s3:ObjectCreated:*"]
      filter_prefix       = lambda_function.value.prefix
    }
  }

  depends_on = [aws_lambda_permission.bucket]
}

resource "aws_lambda_permission" "bucket" {
  for_each = local.by_type["object-created"]

  statement_id  = "bucket-${each.key}"
  action        = "lambda:InvokeFunction"
  function_name = var.functions[each.value.function].name
  qualifier     = var.functions[each.value.function].alias_name
  principal     = "s3.amazonaws.com"
  source_arn    = var.bucket.arn
  # A bucket's ARN does not hold its account: somebody else's bucket of the same name must not call.
  source_account = var.account
}
