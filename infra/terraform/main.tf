# The bucket: private, owned by its account, encrypted, readable by TLS alone, with rules for what nobody confirmed.

data "aws_caller_identity" "current" {}

locals {
  temporary  = ["staging/", "quarantine/"]
  bucket_arn = aws_s3_bucket.this.arn
  confirmed  = [for prefix in var.key_prefixes : "${aws_s3_bucket.this.arn}/${prefix}*"]
  objects    = concat([for prefix in local.temporary : "${aws_s3_bucket.this.arn}/${prefix}*"], local.confirmed)
}

resource "aws_s3_bucket" "this" {
  #checkov:skip=CKV_AWS_144:a second region is the caller's to choose
  bucket              = var.bucket
  force_destroy       = var.force_destroy
  object_lock_enabled = var.object_lock
  tags                = var.tags
}

resource "aws_s3_bucket_public_access_block" "this" {
  bucket                  = aws_s3_bucket.this.id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_ownership_controls" "this" {
  bucket = aws_s3_bucket.this.id

  rule {
    object_ownership = "BucketOwnerEnforced"
  }
}

resource "aws_s3_bucket_server_side_encryption_configuration" "this" {
  bucket = aws_s3_bucket.this.id

  rule {
    apply_server_side_encryption_by_default {
      sse_algorithm     = var.kms_key_arn == null ? "AES256" : "aws:kms"
      kms_master_key_id = var.kms_key_arn
    }
    bucket_key_enabled = var.kms_key_arn != null
  }
}

resource "aws_s3_bucket_versioning" "this" {
  count  = var.versioning ? 1 : 0
  bucket = aws_s3_bucket.this.id

  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_object_lock_configuration" "this" {
  count  = var.object_lock_default == null ? 0 : 1
  bucket = aws_s3_bucket.this.id

  rule {
    default_retention {
      mode = var.object_lock_default.mode
      days = var.object_lock_default.days
    }
  }

  depends_on = [aws_s3_bucket_versioning.this]
}

resource "aws_s3_bucket_logging" "this" {
  count         = var.log_bucket == null ? 0 : 1
  bucket        = aws_s3_bucket.this.id
  target_bucket = var.log_bucket
  target_prefix = "${var.bucket}/"
}

resource "aws_s3_bucket_cors_configuration" "this" {
  bucket = aws_s3_bucket.this.id

  cors_rule {
    id              = "valetkey"
    allowed_origins = var.cors_origins
    allowed_methods = ["GET", "HEAD", "POST", "PUT"]
    allowed_headers = ["*"]
    # Browsers hide both from pages unless they are named; a client that sends parts reads their ETags.
    expose_headers  = ["ETag", "Location"]
    max_age_seconds = 3600
  }
}

resource "aws_s3_bucket_lifecycle_configuration" "this" {
  #checkov:skip=CKV_AWS_300:its first rule does it, which is not seen among generated ones
  bucket = aws_s3_bucket.this.id

  rule {
    id     = "parts-that-were-never-joined"
    status = "Enabled"
    filter {}

    abort_incomplete_multipart_upload {
      days_after_initiation = var.orphan_days
    }
  }

  dynamic "rule" {
    for_each = { "staging/" = var.orphan_days, "quarantine/" = var.quarantine_days }

    content {
      id     = "what-nobody-confirmed-below-${trimsuffix(rule.key, "/")}"
      status = "Enabled"

      filter {
        prefix = rule.key
      }

      expiration {
        days = rule.value
      }

      dynamic "noncurrent_version_expiration" {
        for_each = var.versioning ? [1] : []

        content {
          noncurrent_days = 1
        }
      }
    }
  }

  dynamic "rule" {
    for_each = var.versioning ? local.temporary : []

    content {
      id     = "delete-markers-below-${trimsuffix(rule.value, "/")}"
      status = "Enabled"

      filter {
        prefix = rule.value
      }

      expiration {
        expired_object_delete_marker = true
      }
    }
  }

  dynamic "rule" {
    for_each = var.versioning && var.noncurrent_days != null ? var.key_prefixes : []

    content {
      id     = "old-versions-below-${trimsuffix(rule.value, "/")}"
      status = "Enabled"

      filter {
        prefix = rule.value
      }

      noncurrent_version_expiration {
        noncurrent_days = var.noncurrent_days
      }
    }
  }

  depends_on = [aws_s3_bucket_versioning.this]
}

data "aws_iam_policy_document" "bucket" {
  statement {
    sid       = "TlsOnly"
    effect    = "Deny"
    actions   = ["s3:*"]
    resources = [local.bucket_arn, "${local.bucket_arn}/*"]

    principals {
      type        = "*"
      identifiers = ["*"]
    }

    condition {
      test     = "Bool"
      variable = "aws:SecureTransport"
      values   = ["false"]
    }
  }

  dynamic "statement" {
    for_each = aws_cloudfront_distribution.this[*].arn

    content {
      sid       = "WhatIsConfirmedByCloudFront"
      actions   = ["s3:GetObject"]
      resources = local.confirmed

      principals {
        type        = "Service"
        identifiers = ["cloudfront.amazonaws.com"]
      }

      condition {
        test     = "StringEquals"
        variable = "aws:SourceArn"
        values   = [statement.value]
      }
    }
  }
}

resource "aws_s3_bucket_policy" "this" {
  bucket = aws_s3_bucket.this.id
  policy = data.aws_iam_policy_document.bucket.json

  depends_on = [aws_s3_bucket_public_access_block.this]
}
