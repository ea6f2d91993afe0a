# A FIFO queue between a function that answers at once and one that does the work: each message once, those of one
# conversation in order.

locals {
  tls_only = {
    for arn in [var.arn, var.dead_arn] : arn => jsonencode({
      Version = "2012-10-17"
      Statement = [{
        Sid       = "TlsOnly"
        Effect    = "Deny"
        Principal = { AWS = "*" }
        Action    = "sqs:SendMessage"
        Resource  = arn
        Condition = { Bool = { "aws:SecureTransport" = "false" } }
      }]
    })
  }
}

resource "aws_sqs_queue" "dead" {
  name                      = reverse(split(":", var.dead_arn))[0]
  fifo_queue                = true # a FIFO queue's dead letters stay in order
  message_retention_seconds = 1209600
  kms_master_key_id         = var.key_arn
  policy                    = local.tls_only[var.dead_arn]
}

resource "aws_sqs_queue" "this" {
  name                              = reverse(split(":", var.arn))[0]
  fifo_queue                        = true
  deduplication_scope               = "messageGroup"
  fifo_throughput_limit             = "perMessageGroupId"
  message_retention_seconds         = 86400 # whoever asked yesterday does not wait for the answer any more
  visibility_timeout_seconds        = 6 * var.worker.timeout_s
  kms_master_key_id                 = var.key_arn
  kms_data_key_reuse_period_seconds = 3600
  policy                            = local.tls_only[var.arn]

  redrive_policy = jsonencode({ deadLetterTargetArn = aws_sqs_queue.dead.arn, maxReceiveCount = 3 })
}

resource "aws_lambda_event_source_mapping" "this" {
  event_source_arn        = aws_sqs_queue.this.arn
  function_name           = var.worker.alias_arn
  batch_size              = 1 # a batch would make one conversation wait for another
  function_response_types = ["ReportBatchItemFailures"]
}
