output "group" {
  description = "The schedules' group."
  value       = aws_scheduler_schedule_group.this.name
}
