# Versions that are locked, a key of one's own, access logs, roles for EKS Pod Identity, and alarms that reach somebody.

variable "bucket" {
  type = string
}

variable "log_bucket" {
  type = string
}

variable "alarm_topic_arn" {
  type = string
}

resource "aws_kms_key" "uploads" {
  description             = "Objects of valetkey"
  deletion_window_in_days = 30
  enable_key_rotation     = true
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
  principals      = [{ type = "Service", identifiers = ["pods.eks.amazonaws.com"] }]
  alarm_actions   = [var.alarm_topic_arn]
  tags            = { application = "valetkey" }
}

output "settings" {
  description = "What goes into the environment of serve and worker."
  value = {
    VALETKEY_BUCKET               = module.valetkey.bucket
    VALETKEY_EVENTS_SQS_QUEUE_URL = module.valetkey.queue_url
  }
}

output "role_arns" {
  value = module.valetkey.role_arns
}
