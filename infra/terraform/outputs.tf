output "bucket" {
  description = "VALETKEY_BUCKET"
  value       = aws_s3_bucket.this.id
}

output "bucket_arn" {
  description = "The bucket's ARN."
  value       = aws_s3_bucket.this.arn
}

output "queue_url" {
  description = "VALETKEY_EVENTS_SQS_QUEUE_URL of the worker"
  value       = aws_sqs_queue.events.url
}

output "dead_queue_url" {
  description = "Where events are that the worker could not handle."
  value       = aws_sqs_queue.dead.url
}

output "role_arns" {
  description = "The roles, by `serve` and `worker`."
  value       = { for name, role in aws_iam_role.this : name => role.arn }
}

output "policies" {
  description = "What the roles may do, by `serve` and `worker`, for those who have roles of their own."
  value       = local.policies
}
