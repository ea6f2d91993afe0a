output "projects" {
  description = "Each image's project."
  value       = { for name, project in aws_codebuild_project.this : name => project.name }
}
