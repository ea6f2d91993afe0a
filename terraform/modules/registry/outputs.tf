output "urls" {
  description = "Each repository's address, by image."
  value       = { for name, repository in aws_ecr_repository.this : name => repository.repository_url }
}

output "arns" {
  description = "Each repository's ARN, by image."
  value       = { for name, repository in aws_ecr_repository.this : name => repository.arn }
}
