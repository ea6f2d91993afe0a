output "arns" {
  description = "Each table's ARN, by logical name."
  value       = { for name, table in aws_dynamodb_table.this : name => table.arn }
}

output "stream_arns" {
  description = "Each table's stream, by logical name; without those that have none."
  value       = { for name, table in aws_dynamodb_table.this : name => table.stream_arn if var.tables[name].stream != null }
}
