output "settings" {
  description = "The settings for the environment of serve and worker that result from this module."
  value = merge(
    { VALETKEY_BUCKET = aws_s3_bucket.this.id },
    { for url in aws_sqs_queue.events[*].url : "VALETKEY_EVENTS_SQS_QUEUE_URL" => url },
    { for arn in aws_sns_topic.events[*].arn : "VALETKEY_EVENTS_SNS_TOPIC_ARNS" => arn },
    { for id in aws_cloudfront_public_key.this[*].id : "VALETKEY_CLOUDFRONT_KEY_PAIR_ID" => id },
  )
}

output "bucket" {
  description = "VALETKEY_BUCKET"
  value       = aws_s3_bucket.this.id
}

output "bucket_arn" {
  description = "The bucket's ARN."
  value       = aws_s3_bucket.this.arn
}

output "queue_url" {
  description = "With sqs: VALETKEY_EVENTS_SQS_QUEUE_URL of the worker."
  value       = one(aws_sqs_queue.events[*].url)
}

output "topic_arn" {
  description = "With sns: VALETKEY_EVENTS_SNS_TOPIC_ARNS of the service."
  value       = one(aws_sns_topic.events[*].arn)
}

output "dead_queue_url" {
  description = "The queue with events that could not be handled."
  value       = aws_sqs_queue.dead.url
}

output "cdn_url" {
  description = "With cdn: the download_base_url of profiles."
  value       = one([for name in aws_cloudfront_distribution.this[*].domain_name : "https://${try(var.cdn.aliases[0], name)}"])
}

output "cdn_arn" {
  description = "With cdn: its ARN, for the policy of a KMS key."
  value       = one(aws_cloudfront_distribution.this[*].arn)
}

output "role_arns" {
  description = "The roles, by `serve` and `worker`."
  value       = { for name, role in aws_iam_role.this : name => role.arn }
}

output "policies" {
  description = "The policies of the roles, by `serve` and `worker`, for roles of your own."
  value       = local.policies
}
