# Topics: what is told (notices), and what orders builds (start), with who may publish to each.

data "aws_iam_policy_document" "topic" {
  for_each = var.topics

  statement {
    sid       = "TlsOnly"
    effect    = "Deny"
    actions   = ["sns:Publish"]
    resources = ["${var.arn_prefix}-${each.key}"]

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

  dynamic "statement" {
    for_each = length(each.value.publishers) > 0 ? [each.value.publishers] : []

    content {
      sid       = "Services"
      actions   = ["sns:Publish"]
      resources = ["${var.arn_prefix}-${each.key}"]

      principals {
        type        = "Service"
        identifiers = statement.value
      }

      condition {
        test     = "StringEquals"
        variable = "aws:SourceAccount"
        values   = [var.account]
      }
    }
  }
}

resource "aws_sns_topic" "this" {
  for_each = var.topics

  name              = "${var.prefix}-${each.key}"
  display_name      = each.value.display_name
  kms_master_key_id = var.key_arn
}

# Roles of this account publish by their own permissions.
resource "aws_sns_topic_policy" "this" {
  for_each = var.topics

  arn    = aws_sns_topic.this[each.key].arn
  policy = data.aws_iam_policy_document.topic[each.key].json
}

resource "aws_sns_topic_subscription" "email" {
  for_each = var.emails

  topic_arn = aws_sns_topic.this["notices"].arn
  protocol  = "email"
  endpoint  = each.key
}
