# The state machine, rendered from the one template that local mode also runs.

resource "aws_cloudwatch_log_group" "this" {
  # Groups that begin so do not fill the account's one resource policy for log delivery:
  # https://docs.aws.amazon.com/step-functions/latest/dg/bp-cwl.html
  name              = "/aws/vendedlogs/states/${var.name}"
  retention_in_days = var.log_retention_days
  kms_key_id        = var.key_arn
}

resource "aws_sfn_state_machine" "this" {
  name     = var.name
  role_arn = var.role_arn
  type     = "STANDARD"
  definition = templatefile(var.template, merge(
    { partition = var.partition, job_role_arn = var.job_role_arn },
    { for name, arn in var.function_arns : "${replace(name, "-", "_")}_function" => arn },
  ))

  logging_configuration {
    log_destination = "${aws_cloudwatch_log_group.this.arn}:*"
    # Without the data: hyperparameters and answers belong to the record, which is encrypted and can be erased.
    include_execution_data = false
    level                  = "ALL"
  }

  tracing_configuration {
    enabled = true
  }
}
