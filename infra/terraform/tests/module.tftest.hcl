# `terraform test`: what the module plans, with a provider that only looks like one.

mock_provider "aws" {
  mock_data "aws_iam_policy_document" {
    defaults = { json = "{\"Version\":\"2012-10-17\",\"Statement\":[]}" }
  }
}

variables {
  bucket       = "uploads-of-tests"
  cors_origins = ["https://app.example"]
}

run "defaults" {
  command = plan

  assert {
    condition     = alltrue([aws_s3_bucket_public_access_block.this.block_public_acls, aws_s3_bucket_public_access_block.this.block_public_policy, aws_s3_bucket_public_access_block.this.ignore_public_acls, aws_s3_bucket_public_access_block.this.restrict_public_buckets])
    error_message = "The bucket is open to the public."
  }

  assert {
    condition     = contains(one(aws_s3_bucket_cors_configuration.this.cors_rule).expose_headers, "ETag")
    error_message = "Browsers do not see the ETag of a part."
  }

  assert {
    condition     = one(one(aws_s3_bucket_server_side_encryption_configuration.this.rule).apply_server_side_encryption_by_default).sse_algorithm == "AES256"
    error_message = "Without a key it is SSE-S3."
  }

  assert {
    condition     = one(aws_s3_bucket_notification.this.queue).filter_prefix == "staging/"
    error_message = "The copies that valetkey makes would be told, too."
  }

  assert {
    condition     = length(aws_s3_bucket_versioning.this) == 0 && length(aws_s3_bucket_lifecycle_configuration.this.rule) == 3
    error_message = "Without versions there are three rules: parts, staging, quarantine."
  }

  assert {
    condition     = keys(aws_iam_role.this) == ["serve", "worker"]
    error_message = "There is a role for each."
  }

  assert {
    condition     = aws_cloudwatch_metric_alarm.dead.metric_name == "ApproximateNumberOfMessagesVisible" && aws_cloudwatch_metric_alarm.age[0].metric_name == "ApproximateAgeOfOldestMessage"
    error_message = "Nobody hears of dead letters, or of a worker that does not read."
  }

  assert {
    condition     = length(aws_sns_topic.events) + length(aws_cloudwatch_event_rule.events) + length(aws_cloudfront_distribution.this) + length(aws_s3_bucket_object_lock_configuration.this) == 0
    error_message = "Nothing is made that was not asked for."
  }
}

run "versions_and_a_key" {
  command = plan

  variables {
    versioning  = true
    object_lock = true
    kms_key_arn = "arn:aws:kms:eu-central-1:123456789012:key/00000000-0000-0000-0000-000000000000"
  }

  assert {
    condition     = aws_s3_bucket.this.object_lock_enabled && aws_s3_bucket_versioning.this[0].versioning_configuration[0].status == "Enabled"
    error_message = "Versions that can be locked were asked for."
  }

  assert {
    condition     = length(aws_s3_bucket_lifecycle_configuration.this.rule) == 6
    error_message = "With versions, delete markers of both folders and old versions have rules, too."
  }

  assert {
    condition     = alltrue([for action in ["s3:GetObjectVersion", "s3:DeleteObjectVersion"] : contains(flatten(data.aws_iam_policy_document.serve.statement[*].actions), action)])
    error_message = "A version that was pinned cannot be read or removed."
  }

  assert {
    condition     = alltrue([for action in ["kms:GenerateDataKey", "kms:Decrypt"] : contains(flatten(data.aws_iam_policy_document.serve.statement[*].actions), action)])
    error_message = "The key cannot be used."
  }
}

run "sns_before_the_service_runs" {
  command = plan

  variables {
    events = "sns"
  }

  assert {
    condition     = length(aws_sns_topic.events) == 1 && length(aws_sns_topic_subscription.events) == 0 && length(aws_sqs_queue.events) == 0
    error_message = "The topic is there, and nobody is subscribed yet."
  }
}

run "sns" {
  command = plan

  variables {
    events     = "sns"
    public_url = "https://uploads.example"
  }

  assert {
    condition     = aws_sns_topic_subscription.events[0].endpoint == "https://uploads.example/v1/events/sns" && aws_sns_topic_subscription.events[0].protocol == "https" && !aws_sns_topic_subscription.events[0].raw_message_delivery
    error_message = "SNS posts elsewhere, or without its signature."
  }

  assert {
    condition     = aws_sns_topic.events[0].signature_version == 2
    error_message = "Messages are signed with SHA-1."
  }

  assert {
    condition     = one(aws_s3_bucket_notification.this.topic).filter_prefix == "staging/" && length(aws_s3_bucket_notification.this.queue) == 0
    error_message = "The bucket tells the topic of other things, or tells a queue, too."
  }

  assert {
    condition     = contains(flatten(data.aws_iam_policy_document.serve.statement[*].actions), "sns:ConfirmSubscription") && !contains(flatten(data.aws_iam_policy_document.worker.statement[*].actions), "sqs:ReceiveMessage")
    error_message = "The rights are those of another way."
  }

  assert {
    condition     = aws_cloudwatch_metric_alarm.undelivered[0].metric_name == "NumberOfNotificationsFailed"
    error_message = "Nobody hears of what is not taken."
  }
}

run "eventbridge" {
  command = plan

  variables {
    events          = "eventbridge"
    public_url      = "https://uploads.example"
    eventbridge_key = "0123456789abcdef"
  }

  assert {
    condition     = aws_s3_bucket_notification.this.eventbridge && length(aws_s3_bucket_notification.this.queue) == 0
    error_message = "The bucket does not tell EventBridge, or tells a queue, too."
  }

  assert {
    condition     = aws_cloudwatch_event_api_destination.events[0].invocation_endpoint == "https://uploads.example/v1/events/eventbridge" && aws_cloudwatch_event_api_destination.events[0].http_method == "POST"
    error_message = "EventBridge posts elsewhere."
  }

  assert {
    condition     = jsondecode(aws_cloudwatch_event_rule.events[0].event_pattern).detail == { bucket = { name = ["uploads-of-tests"] }, object = { key = [{ prefix = "staging/" }] } }
    error_message = "The rule is about other objects."
  }

  assert {
    condition     = one(aws_cloudwatch_event_connection.events[0].auth_parameters).api_key[0].key == "x-api-key"
    error_message = "valetkey looks for its key in another header."
  }

  assert {
    condition     = length(aws_cloudwatch_event_target.events[0].dead_letter_config) == 1 && aws_cloudwatch_metric_alarm.failed[0].metric_name == "FailedInvocations"
    error_message = "What is not taken is lost, or nobody hears of it."
  }
}

run "a_cdn" {
  command = plan

  variables {
    cdn = { public_key = "-----BEGIN PUBLIC KEY-----" }
  }

  assert {
    condition     = aws_cloudfront_origin_access_control.this[0].signing_behavior == "always" && one(aws_cloudfront_distribution.this[0].default_cache_behavior).viewer_protocol_policy == "https-only"
    error_message = "It reads the bucket as a stranger, or speaks without TLS."
  }

  assert {
    condition     = length(aws_cloudfront_key_group.this) == 1
    error_message = "It takes addresses that nobody signed."
  }

  assert {
    condition     = length([for one in data.aws_iam_policy_document.bucket.statement : one if one.sid == "WhatIsConfirmedByCloudFront"]) == 1
    error_message = "It may not read what is confirmed."
  }
}

run "a_retention_by_default" {
  command = plan

  variables {
    versioning          = true
    object_lock         = true
    object_lock_default = { mode = "GOVERNANCE", days = 30 }
    profiles_set        = ["tags", "retention", "legal_hold"]
  }

  assert {
    condition     = one(one(aws_s3_bucket_object_lock_configuration.this[0].rule).default_retention).days == 30
    error_message = "The bucket has no retention of 30 days."
  }

  assert {
    condition     = alltrue([for action in ["s3:PutObjectTagging", "s3:PutObjectRetention", "s3:PutObjectLegalHold", "s3:GetBucketObjectLockConfiguration"] : contains(flatten(data.aws_iam_policy_document.serve.statement[*].actions), action)])
    error_message = "What profiles set cannot be set."
  }
}

run "a_right_that_nothing_needs" {
  command = plan

  assert {
    condition     = length(setintersection(flatten(data.aws_iam_policy_document.worker.statement[*].actions), ["s3:PutObjectTagging", "s3:PutObjectRetention", "s3:GetObjectVersion", "kms:Decrypt", "sns:ConfirmSubscription"])) == 0
    error_message = "There are rights that nothing here needs."
  }
}

run "a_retention_without_a_lock" {
  command = plan

  variables {
    object_lock_default = { mode = "GOVERNANCE", days = 30 }
  }

  expect_failures = [var.object_lock_default]
}

run "eventbridge_without_a_key" {
  command = plan

  variables {
    events     = "eventbridge"
    public_url = "https://uploads.example"
  }

  expect_failures = [var.eventbridge_key]
}

run "a_service_without_tls" {
  command = plan

  variables {
    events     = "sns"
    public_url = "http://uploads.example"
  }

  expect_failures = [var.public_url]
}

run "a_name_without_a_certificate" {
  command = plan

  variables {
    cdn = { aliases = ["cdn.app.example"] }
  }

  expect_failures = [var.cdn]
}

run "a_lock_without_versions" {
  command = plan

  variables {
    object_lock = true
  }

  expect_failures = [var.object_lock]
}

run "a_page_with_a_path" {
  command = plan

  variables {
    cors_origins = ["https://app.example/"]
  }

  expect_failures = [var.cors_origins]
}

run "a_prefix_that_is_ours" {
  command = plan

  variables {
    key_prefixes = ["staging/"]
  }

  expect_failures = [var.key_prefixes]
}
