output "name" {
  description = "The function's name in AWS."
  value       = aws_lambda_function.this.function_name
}

output "alias_arn" {
  description = "The ARN that everybody calls."
  value       = aws_lambda_alias.live.arn
}

output "alias_invoke_arn" {
  description = "The ARN by which API Gateway calls."
  value       = aws_lambda_alias.live.invoke_arn
}

output "alias_name" {
  description = "The alias's name."
  value       = aws_lambda_alias.live.name
}
