output "url" {
  description = "The queue's address."
  value       = aws_sqs_queue.this.url
}

output "dead_name" {
  description = "The name of the queue for what the worker did not take."
  value       = aws_sqs_queue.dead.name
}
