# Two roles: what `valetkey serve` needs, and what `valetkey worker` needs on top. Beside each action, the call it is for.

data "aws_iam_policy_document" "assume" {
  statement {
    actions = concat(
      ["sts:AssumeRole"],
      contains(flatten(var.principals[*].identifiers), "pods.eks.amazonaws.com") ? ["sts:TagSession"] : [],
    )

    dynamic "principals" {
      for_each = var.principals

      content {
        type        = principals.value.type
        identifiers = principals.value.identifiers
      }
    }
  }
}

data "aws_iam_policy_document" "serve" {
  statement {
    sid       = "Objects"
    resources = local.objects
    actions = concat([
      "s3:PutObject",                # signs POST, PUT and part grants; CopyObject, CreateMultipartUpload, UploadPartCopy, CompleteMultipartUpload
      "s3:GetObject",                # HeadObject and GetObject of what arrived; the source of CopyObject; signs downloads
      "s3:DeleteObject",             # DeleteObject of staging and quarantine, of what is rejected, and of deleted uploads
      "s3:AbortMultipartUpload",     # AbortMultipartUpload of what is aborted, rejected or has expired
      "s3:ListMultipartUploadParts", # ListParts, before a join and for GET /v1/uploads/{id}/parts
      ], var.versioning ? [
      "s3:GetObjectVersion",    # HeadObject and CopyObject of the version that was pinned
      "s3:DeleteObjectVersion", # DeleteObject of that version
    ] : [])
  }

  statement {
    sid       = "Bucket"
    resources = [local.bucket_arn]
    actions = concat([
      "s3:ListBucket", # without it HeadObject says 403 of what is not there; HeadBucket of /readyz; ListObjectsV2
      ], var.versioning ? [
      "s3:GetBucketVersioning", # GetBucketVersioning: whether a delete has to name a version
      "s3:ListBucketVersions",  # ListObjectVersions, to remove all that was written to a staging key
      ] : [], var.object_lock ? [
      "s3:GetBucketObjectLockConfiguration", # GetObjectLockConfiguration: whether writes need a checksum
    ] : [])
  }

  dynamic "statement" {
    for_each = length(var.profiles_set) == 0 ? [] : [1]

    content {
      sid       = "WhatProfilesSet"
      resources = local.confirmed
      actions = concat(contains(var.profiles_set, "tags") ? [
        "s3:PutObjectTagging", # CopyObject and CreateMultipartUpload with tags of the profile; PutObjectTagging where a copy leaves them out
        ] : [], contains(var.profiles_set, "retention") ? [
        "s3:PutObjectRetention", # the same with lock_mode and lock_for
        ] : [], contains(var.profiles_set, "legal_hold") ? [
        "s3:PutObjectLegalHold", # the same with legal_hold
      ] : [])
    }
  }

  dynamic "statement" {
    for_each = aws_sns_topic.events[*].arn

    content {
      sid       = "Subscription"
      resources = [statement.value]
      actions = [
        "sns:ConfirmSubscription", # ConfirmSubscription, when the service is subscribed to the topic
      ]
    }
  }

  dynamic "statement" {
    for_each = var.kms_key_arn == null ? [] : [var.kms_key_arn]

    content {
      sid       = "Key"
      resources = [statement.value]
      actions = [
        "kms:GenerateDataKey", # each write that is named above, those by grants included
        "kms:Decrypt",         # each read, copies, and parts of a multipart upload
      ]
    }
  }
}

data "aws_iam_policy_document" "worker" {
  source_policy_documents = [data.aws_iam_policy_document.serve.json]

  statement {
    sid       = "Sweep"
    resources = [local.bucket_arn]
    actions = [
      "s3:ListBucketMultipartUploads", # ListMultipartUploads: parts that belong to no upload any more
    ]
  }

  dynamic "statement" {
    for_each = aws_sqs_queue.events[*].arn

    content {
      sid       = "Events"
      resources = [statement.value]
      actions = [
        "sqs:ReceiveMessage",          # ReceiveMessage
        "sqs:ChangeMessageVisibility", # ChangeMessageVisibilityBatch, while it works
        "sqs:DeleteMessage",           # DeleteMessageBatch, after the ledger's commit
      ]
    }
  }
}

locals {
  policies = {
    serve  = data.aws_iam_policy_document.serve.json
    worker = data.aws_iam_policy_document.worker.json
  }
}

resource "aws_iam_role" "this" {
  for_each           = local.policies
  name               = "${var.name}-${each.key}"
  assume_role_policy = data.aws_iam_policy_document.assume.json
  # Grants are signed with its credentials, and die with them.
  max_session_duration = 43200
  tags                 = var.tags
}

resource "aws_iam_role_policy" "this" {
  for_each = local.policies
  name     = each.key
  role     = aws_iam_role.this[each.key].id
  policy   = each.value
}
