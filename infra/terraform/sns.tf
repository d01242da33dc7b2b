# events = "sns": S3 publishes to a topic, and SNS posts to /v1/events/sns of the service, signed (VALETKEY_EVENTS_SNS_TOPIC_ARNS).
# The service has to know the topic before it is subscribed: apply without public_url, start it, apply with it.

resource "aws_sns_topic" "events" {
  #checkov:skip=CKV_AWS_26:S3 cannot publish to a topic that AWS's own key encrypts; a message has the name of an object, not its content
  count             = local.sns ? 1 : 0
  name              = "${var.name}-events"
  signature_version = 2 # SHA-256
  tags              = var.tags
}

data "aws_iam_policy_document" "topic" {
  count = local.sns ? 1 : 0

  statement {
    sid       = "TheBucketOnly"
    actions   = ["sns:Publish"]
    resources = aws_sns_topic.events[*].arn

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

resource "aws_sns_topic_policy" "events" {
  count  = local.sns ? 1 : 0
  arn    = aws_sns_topic.events[0].arn
  policy = data.aws_iam_policy_document.topic[0].json
}

resource "aws_sns_topic_subscription" "events" {
  count                  = local.sns && local.posted ? 1 : 0
  topic_arn              = aws_sns_topic.events[0].arn
  protocol               = "https"
  endpoint               = "${var.public_url}/v1/events/sns"
  endpoint_auto_confirms = true  # the service does it, by ConfirmSubscription
  raw_message_delivery   = false # a raw message carries no signature

  redrive_policy = jsonencode({ deadLetterTargetArn = aws_sqs_queue.dead.arn })

  # For nearly an hour, which is the most that SNS allows and the oldest that valetkey takes.
  delivery_policy = jsonencode({
    healthyRetryPolicy = {
      minDelayTarget     = 5
      maxDelayTarget     = 120
      numRetries         = 30
      numNoDelayRetries  = 0
      numMinDelayRetries = 3
      numMaxDelayRetries = 10
      backoffFunction    = "exponential"
    }
  })

  depends_on = [aws_sqs_queue_policy.dead]
}

resource "aws_cloudwatch_metric_alarm" "undelivered" {
  count               = local.sns ? 1 : 0
  alarm_name          = "${var.name}-events-undelivered"
  alarm_description   = "The service does not take what SNS posts to it."
  namespace           = "AWS/SNS"
  metric_name         = "NumberOfNotificationsFailed"
  dimensions          = { TopicName = aws_sns_topic.events[0].name }
  statistic           = "Sum"
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  period              = 300
  evaluation_periods  = 1
  treat_missing_data  = "notBreaching"
  alarm_actions       = var.alarm_actions
  ok_actions          = var.alarm_actions
  tags                = var.tags
}
