output "arns" {
  description = "Each topic's ARN, by name, known once its policy is there."
  value       = { for name, topic in aws_sns_topic.this : name => topic.arn }
  depends_on  = [aws_sns_topic_policy.this]
}
