# One queue an environment for whatever could not be delivered or was not taken. Each message says itself where it comes
# from: functions and streams name the function, EventBridge the rule, SNS the topic.

data "aws_iam_policy_document" "this" {
  statement {
    sid       = "TlsOnly"
    effect    = "Deny"
    actions   = ["sqs:SendMessage"]
    resources = [var.arn]

    principals {
      type        = "AWS"
      identifiers = ["*"]
    }

    condition {
      test     = "Bool"
      variable = "aws:SecureTransport"
      values   = ["false"]
    }
  }

  statement {
    sid       = "Services"
    actions   = ["sqs:SendMessage"]
    resources = [var.arn]

    principals {
      type        = "Service"
      identifiers = ["events.amazonaws.com", "sns.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [var.account]
    }
  }
}

resource "aws_sqs_queue" "this" {
  name                              = var.name
  message_retention_seconds         = 1209600 # two weeks, the longest there is
  kms_master_key_id                 = var.key_arn
  kms_data_key_reuse_period_seconds = 3600
  # Here, not as a resource of its own: the queue is never without it.
  policy = data.aws_iam_policy_document.this.json
}
