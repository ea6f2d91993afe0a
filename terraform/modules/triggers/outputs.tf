output "rule_arns" {
  description = "The EventBridge rules, by name."
  value       = { for key, rule in aws_cloudwatch_event_rule.this : key => rule.arn }
}
