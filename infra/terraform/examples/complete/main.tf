# Versions that are locked, a key of one's own, CloudFront with signed addresses, access logs, roles for EKS Pod Identity, and
# alarms that reach somebody.

variable "bucket" {
  type = string
}

variable "log_bucket" {
  type = string
}

variable "alarm_topic_arn" {
  type = string
}

variable "cdn_public_key" {
  description = "PEM; its private key is VALETKEY_CLOUDFRONT_PRIVATE_KEY_FILE"
  type        = string
}

data "aws_caller_identity" "current" {}

resource "aws_kms_key" "uploads" {
  #checkov:skip=CKV2_AWS_64:its policy is aws_kms_key_policy.uploads, which names the distribution
  description             = "Objects of valetkey"
  deletion_window_in_days = 30
  enable_key_rotation     = true
}

# The account, whose roles are what the module gives them; and CloudFront, which has none.
data "aws_iam_policy_document" "key" {
  #checkov:skip=CKV_AWS_109:a key's policy is about this key alone
  #checkov:skip=CKV_AWS_111:the same
  #checkov:skip=CKV_AWS_356:the same
  statement {
    sid       = "Account"
    actions   = ["kms:*"]
    resources = ["*"]

    principals {
      type        = "AWS"
      identifiers = [data.aws_caller_identity.current.account_id]
    }
  }

  statement {
    sid       = "CloudFront"
    actions   = ["kms:Decrypt"]
    resources = ["*"]

    principals {
      type        = "Service"
      identifiers = ["cloudfront.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceArn"
      values   = [module.valetkey.cdn_arn]
    }
  }
}

resource "aws_kms_key_policy" "uploads" {
  key_id = aws_kms_key.uploads.id
  policy = data.aws_iam_policy_document.key.json
}

module "valetkey" {
  source          = "../.."
  bucket          = var.bucket
  log_bucket      = var.log_bucket
  cors_origins    = ["https://app.example", "https://admin.example"]
  key_prefixes    = ["photos/", "documents/"]
  kms_key_arn     = aws_kms_key.uploads.arn
  versioning      = true
  object_lock     = true
  noncurrent_days = 365
  profiles_set    = ["tags", "retention"]
  cdn             = { public_key = var.cdn_public_key }
  principals      = [{ type = "Service", identifiers = ["pods.eks.amazonaws.com"] }]
  alarm_actions   = [var.alarm_topic_arn]
  tags            = { application = "valetkey" }
}

output "settings" {
  description = "What goes into the environment of serve and worker."
  value       = module.valetkey.settings
}

output "cdn_url" {
  description = "download_base_url of profiles with download_signing = \"cloudfront\"."
  value       = module.valetkey.cdn_url
}

output "role_arns" {
  value = module.valetkey.role_arns
}
