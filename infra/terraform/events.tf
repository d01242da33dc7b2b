# How valetkey hears of what arrives below staging/: S3 writes to a queue that `valetkey worker` reads (sqs.tf), or AWS posts to
# the service, by SNS (sns.tf) or EventBridge (eventbridge.tf). What could not be handled goes to one dead-letter queue, and
# an alarm says so. Nothing is lost with it: the sweep finds the upload all the same, later.

locals {
  sqs         = var.events == "sqs"
  sns         = var.events == "sns"
  eventbridge = var.events == "eventbridge"
  posted      = var.public_url != null # AWS may be told where to
}

resource "aws_s3_bucket_notification" "this" {
  bucket      = aws_s3_bucket.this.id
  eventbridge = local.eventbridge

  dynamic "queue" {
    for_each = aws_sqs_queue.events[*].arn

    content {
      id            = "valetkey"
      queue_arn     = queue.value
      events        = ["s3:ObjectCreated:*"]
      filter_prefix = "staging/"
    }
  }

  dynamic "topic" {
    for_each = aws_sns_topic.events[*].arn

    content {
      id            = "valetkey"
      topic_arn     = topic.value
      events        = ["s3:ObjectCreated:*"]
      filter_prefix = "staging/"
    }
  }

  # S3 tries both when it is told of them.
  depends_on = [aws_sqs_queue_policy.events, aws_sns_topic_policy.events]
}

resource "aws_sqs_queue" "dead" {
  name                      = "${var.name}-events-dead"
  message_retention_seconds = 1209600
  sqs_managed_sse_enabled   = true
  tags                      = var.tags
}

# A queue needs no policy for its own redrive; services do.
data "aws_iam_policy_document" "dead" {
  count = local.sqs ? 0 : 1

  statement {
    sid       = "OurEventsOnly"
    actions   = ["sqs:SendMessage"]
    resources = [aws_sqs_queue.dead.arn]

    principals {
      type        = "Service"
      identifiers = [local.sns ? "sns.amazonaws.com" : "events.amazonaws.com"]
    }

    condition {
      test     = "ArnEquals"
      variable = "aws:SourceArn"
      values   = concat(aws_sns_topic.events[*].arn, aws_cloudwatch_event_rule.events[*].arn)
    }
  }
}

resource "aws_sqs_queue_policy" "dead" {
  count     = local.sqs ? 0 : 1
  queue_url = aws_sqs_queue.dead.id
  policy    = data.aws_iam_policy_document.dead[0].json
}

resource "aws_cloudwatch_metric_alarm" "dead" {
  alarm_name          = "${var.name}-events-dead"
  alarm_description   = "Events that could not be handled. The sweep confirms their uploads all the same, later."
  namespace           = "AWS/SQS"
  metric_name         = "ApproximateNumberOfMessagesVisible"
  dimensions          = { QueueName = aws_sqs_queue.dead.name }
  statistic           = "Maximum"
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  period              = 300
  evaluation_periods  = 1
  treat_missing_data  = "notBreaching"
  alarm_actions       = var.alarm_actions
  ok_actions          = var.alarm_actions
  tags                = var.tags
}
