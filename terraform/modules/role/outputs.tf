output "arn" {
  description = "The role's ARN, known once its permissions are attached: whoever takes the role can use them."
  value       = aws_iam_role.this.arn
  depends_on  = [aws_iam_role_policy.permissions, aws_iam_role_policy.key]
}
