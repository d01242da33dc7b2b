# events = "eventbridge": S3 tells EventBridge, whose rule posts to /v1/events/eventbridge of the service, with a key
# (VALETKEY_EVENTS_EVENTBRIDGE_KEY).

locals {
  rule        = local.eventbridge ? 1 : 0
  destination = local.eventbridge && local.posted ? 1 : 0
}

resource "aws_cloudwatch_event_rule" "events" {
  count       = local.rule
  name        = "${var.name}-events"
  description = "Objects that arrive below staging/ of ${var.bucket}"
  tags        = var.tags

  event_pattern = jsonencode({
    source      = ["aws.s3"]
    detail-type = ["Object Created"]
    detail = {
      bucket = { name = [var.bucket] }
      object = { key = [{ prefix = "staging/" }] }
    }
  })
}

resource "aws_cloudwatch_event_connection" "events" {
  count              = local.destination
  name               = "${var.name}-events"
  description        = "The key that valetkey knows as VALETKEY_EVENTS_EVENTBRIDGE_KEY"
  authorization_type = "API_KEY"

  auth_parameters {
    api_key {
      key   = "x-api-key"
      value = var.eventbridge_key
    }
  }
}

resource "aws_cloudwatch_event_api_destination" "events" {
  count                            = local.destination
  name                             = "${var.name}-events"
  description                      = "valetkey"
  connection_arn                   = aws_cloudwatch_event_connection.events[0].arn
  invocation_endpoint              = "${var.public_url}/v1/events/eventbridge"
  http_method                      = "POST"
  invocation_rate_limit_per_second = 300
}

resource "aws_cloudwatch_event_target" "events" {
  count     = local.destination
  rule      = aws_cloudwatch_event_rule.events[0].name
  target_id = "valetkey"
  arn       = aws_cloudwatch_event_api_destination.events[0].arn
  role_arn  = aws_iam_role.events[0].arn

  retry_policy {
    maximum_event_age_in_seconds = 86400
    maximum_retry_attempts       = 185
  }

  dead_letter_config {
    arn = aws_sqs_queue.dead.arn
  }

  depends_on = [aws_sqs_queue_policy.dead]
}

data "aws_iam_policy_document" "events_assume" {
  count = local.destination

  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["events.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [data.aws_caller_identity.current.account_id]
    }
  }
}

data "aws_iam_policy_document" "events" {
  count = local.destination

  statement {
    actions   = ["events:InvokeApiDestination"] # what the rule does with each event
    resources = aws_cloudwatch_event_api_destination.events[*].arn
  }
}

resource "aws_iam_role" "events" {
  count              = local.destination
  name               = "${var.name}-events"
  assume_role_policy = data.aws_iam_policy_document.events_assume[0].json
  tags               = var.tags
}

resource "aws_iam_role_policy" "events" {
  count  = local.destination
  name   = "invoke"
  role   = aws_iam_role.events[0].id
  policy = data.aws_iam_policy_document.events[0].json
}

resource "aws_cloudwatch_metric_alarm" "failed" {
  count               = local.rule
  alarm_name          = "${var.name}-events-undelivered"
  alarm_description   = "The service does not take what EventBridge posts to it."
  namespace           = "AWS/Events"
  metric_name         = "FailedInvocations"
  dimensions          = { RuleName = aws_cloudwatch_event_rule.events[0].name }
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
