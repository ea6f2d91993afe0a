# One Lambda of functions.json: its zip, its log, a version at each change and the alias that everybody calls.

locals {
  package = "${var.packages_dir}/${var.key}.zip"
  staged  = fileexists(local.package)
  digest  = local.staged ? filesha256(local.package) : "none"
}

# Through the bucket: the provider uploads zips to Lambda one after the other, and waits for each.
resource "aws_s3_object" "code" {
  bucket      = var.bucket
  key         = "functions/${var.key}/${local.digest}.zip"
  source      = local.package
  source_hash = local.digest

  lifecycle {
    # The new one is there before the function takes it, the old one until it has.
    create_before_destroy = true

    precondition {
      condition     = local.staged
      error_message = "There is no ${local.package}. Run `make package` first."
    }
  }
}

resource "aws_cloudwatch_log_group" "this" {
  name              = "/aws/lambda/${var.name}"
  retention_in_days = var.log_retention_days
  kms_key_id        = var.key_arn
}

resource "aws_lambda_function" "this" {
  function_name                  = var.name
  description                    = var.description
  role                           = var.role_arn
  handler                        = var.handler
  runtime                        = var.runtime
  architectures                  = [var.architecture]
  timeout                        = var.timeout_s
  memory_size                    = var.memory_mb
  reserved_concurrent_executions = var.concurrency
  s3_bucket                      = aws_s3_object.code.bucket
  s3_key                         = aws_s3_object.code.key
  source_code_hash               = local.staged ? filebase64sha256(local.package) : null
  publish                        = true

  environment {
    variables = var.environment
  }

  tracing_config {
    mode = "Active"
  }

  logging_config {
    log_format = "JSON"
    log_group  = aws_cloudwatch_log_group.this.name
  }
}

# A version never changes; what runs under the alias is changed in one step, and back.
resource "aws_lambda_alias" "live" {
  name             = "live"
  description      = "What events, states and channels call."
  function_name    = aws_lambda_function.this.function_name
  function_version = aws_lambda_function.this.version
}

# Events that the function did not take, after two more tries. A stream and a queue have their own way of trying.
resource "aws_lambda_function_event_invoke_config" "live" {
  count = var.takes_events ? 1 : 0

  function_name                = aws_lambda_function.this.function_name
  qualifier                    = aws_lambda_alias.live.name
  maximum_retry_attempts       = 2
  maximum_event_age_in_seconds = 21600

  destination_config {
    on_failure {
      destination = var.dead_letters_arn
    }
  }
}
