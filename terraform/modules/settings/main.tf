# The settings document, and secrets without values: those are put in by hand, never by Terraform, whose state would
# hold them.

resource "aws_ssm_parameter" "settings" {
  name        = var.parameter
  description = "SageBuild's settings of this environment, as JSON (orchestration/settings.py)."
  type        = "String"
  tier        = "Intelligent-Tiering"
  value       = jsonencode(merge({ schema_version = 1 }, var.initial))

  # Changed in conversation ("set gate_margin to 0.05") from then on; Terraform would take that back.
  lifecycle {
    ignore_changes = [value, tier]
  }
}

resource "aws_secretsmanager_secret" "this" {
  for_each = var.secrets

  name                    = "${var.secret_prefix}/${each.key}"
  description             = each.value
  kms_key_id              = var.key_arn
  recovery_window_in_days = var.recovery_window_days
}
