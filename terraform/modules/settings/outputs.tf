output "parameter" {
  description = "The settings document's name."
  value       = aws_ssm_parameter.settings.name
}

output "secret_arns" {
  description = "Each secret's ARN, by name."
  value       = { for name, secret in aws_secretsmanager_secret.this : name => secret.arn }
}
