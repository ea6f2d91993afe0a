output "allowed" {
  description = "The functions that the skill may call."
  value       = [for permission in aws_lambda_permission.this : permission.function_name]
}
