# A role with its permissions, each action and resource named. The statements come from one table for all roles
# (permissions.json and roles.json), so that the document of who may do what is made from what is applied.

data "aws_iam_policy_document" "trust" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = [var.service]
    }

    # The service acts for this account only (https://docs.aws.amazon.com/IAM/latest/UserGuide/confused-deputy.html).
    # Lambda takes no such condition: its functions' roles are used by Lambda for functions of this account alone.
    dynamic "condition" {
      for_each = var.source_account == null ? [] : [var.source_account]

      content {
        test     = "StringEquals"
        variable = "aws:SourceAccount"
        values   = [condition.value]
      }
    }
  }
}

data "aws_iam_policy_document" "permissions" {
  dynamic "statement" {
    for_each = var.statements

    content {
      sid       = statement.value.sid
      actions   = statement.value.actions
      resources = statement.value.resources

      dynamic "condition" {
        for_each = statement.value.conditions

        content {
          test     = condition.value.test
          variable = condition.value.variable
          values   = condition.value.values
        }
      }
    }
  }
}

# The key is used through services alone, never by itself. A policy of its own, because the key's ARN is known only once
# it is made: everything else can be read in the plan.
data "aws_iam_policy_document" "key" {
  count = length(var.key_services) > 0 ? 1 : 0

  statement {
    sid       = "Key"
    actions   = ["kms:Decrypt", "kms:GenerateDataKey"]
    resources = [var.key_arn]

    condition {
      test     = "StringEquals"
      variable = "kms:ViaService"
      values   = var.key_services
    }
  }
}

resource "aws_iam_role" "this" {
  name                 = var.name
  description          = var.description
  assume_role_policy   = data.aws_iam_policy_document.trust.json
  permissions_boundary = var.permissions_boundary_arn
}

resource "aws_iam_role_policy" "permissions" {
  name   = "permissions"
  role   = aws_iam_role.this.id
  policy = data.aws_iam_policy_document.permissions.json
}

resource "aws_iam_role_policy" "key" {
  count = length(var.key_services) > 0 ? 1 : 0

  name   = "key"
  role   = aws_iam_role.this.id
  policy = data.aws_iam_policy_document.key[0].json
}
