# events = "sqs": S3 writes to a queue, and `valetkey worker` reads it (VALETKEY_EVENTS_SQS_QUEUE_URL). What it fails at five times
# goes to the dead-letter queue.

resource "aws_sqs_queue" "events" {
  count                      = local.sqs ? 1 : 0
  name                       = "${var.name}-events"
  message_retention_seconds  = 345600
  visibility_timeout_seconds = 60 # VALETKEY_EVENTS_SQS_VISIBILITY, which the worker renews while it works
  receive_wait_time_seconds  = 20
  sqs_managed_sse_enabled    = true
  tags                       = var.tags

  redrive_policy = jsonencode({
    deadLetterTargetArn = aws_sqs_queue.dead.arn
    maxReceiveCount     = 5
  })
}

data "aws_iam_policy_document" "queue" {
  count = local.sqs ? 1 : 0

  statement {
    sid       = "TheBucketOnly"
    actions   = ["sqs:SendMessage"]
    resources = aws_sqs_queue.events[*].arn

    principals {
      type        = "Service"
      identifiers = ["s3.amazonaws.com"]
    }

    condition {
      test     = "ArnEquals"
      variable = "aws:SourceArn"
      values   = [local.bucket_arn]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [data.aws_caller_identity.current.account_id]
    }
  }
}

resource "aws_sqs_queue_policy" "events" {
  count     = local.sqs ? 1 : 0
  queue_url = aws_sqs_queue.events[0].id
  policy    = data.aws_iam_policy_document.queue[0].json
}

resource "aws_cloudwatch_metric_alarm" "age" {
  count               = local.sqs ? 1 : 0
  alarm_name          = "${var.name}-events-age"
  alarm_description   = "The worker does not read its queue, or too slowly."
  namespace           = "AWS/SQS"
  metric_name         = "ApproximateAgeOfOldestMessage"
  dimensions          = { QueueName = aws_sqs_queue.events[0].name }
  statistic           = "Maximum"
  comparison_operator = "GreaterThanThreshold"
  threshold           = var.queue_age_alarm_seconds
  period              = 60
  evaluation_periods  = 5
  treat_missing_data  = "notBreaching"
  alarm_actions       = var.alarm_actions
  ok_actions          = var.alarm_actions
  tags                = var.tags
}
