variable "name" {
  description = "The prefix of the names of queues, roles and alarms."
  type        = string
  default     = "valetkey"

  validation {
    condition     = can(regex("^[A-Za-z0-9_-]{1,50}$", var.name))
    error_message = "1 to 50 letters, digits, underscores and hyphens."
  }
}

variable "bucket" {
  description = "The name of the bucket for uploads (VALETKEY_BUCKET)."
  type        = string
}

variable "cors_origins" {
  description = "The pages that may upload, as origins: https://app.example."
  type        = list(string)

  validation {
    condition     = length(var.cors_origins) > 0 && alltrue([for one in var.cors_origins : can(regex("^https?://[^/]+$", one))])
    error_message = "Origins, without a slash at their end: https://app.example. A bucket for everybody's pages is not for this module."
  }
}

variable "key_prefixes" {
  description = "The prefixes of the profiles' keys (their `key`, up to the first brace), each with a slash at its end. valetkey may write there, and otherwise only to staging/ and quarantine/."
  type        = list(string)
  default     = ["uploads/"]

  validation {
    condition     = alltrue([for one in var.key_prefixes : can(regex("^[^*?/][^*?]*/$", one)) && !contains(["staging/", "quarantine/"], one)])
    error_message = "Each ends with a slash, has no * and no ?, and is neither staging/ nor quarantine/."
  }
}

variable "kms_key_arn" {
  description = "The KMS key that objects are encrypted with; null: S3's own keys (SSE-S3)."
  type        = string
  default     = null
}

variable "versioning" {
  description = "Whether the bucket keeps versions."
  type        = bool
  default     = false
}

variable "object_lock" {
  description = "Whether objects can be locked. This cannot be switched on or off later, and needs versioning."
  type        = bool
  default     = false

  validation {
    condition     = !var.object_lock || var.versioning
    error_message = "Object Lock needs versioning = true."
  }
}

variable "object_lock_default" {
  description = "A retention that every object of the bucket starts with, as {mode, days}, mode GOVERNANCE or COMPLIANCE; null: profiles say which objects are locked. It also retains objects that were never confirmed."
  type = object({
    mode = string
    days = number
  })
  default = null

  validation {
    condition     = var.object_lock_default == null || (var.object_lock && contains(["GOVERNANCE", "COMPLIANCE"], try(var.object_lock_default.mode, "")))
    error_message = "It needs object_lock = true, and the mode GOVERNANCE or COMPLIANCE."
  }
}

variable "profiles_set" {
  description = "What profiles set on confirmed objects, any of tags, retention and legal_hold: each needs a right."
  type        = set(string)
  default     = []

  validation {
    condition     = length(setsubtract(var.profiles_set, ["tags", "retention", "legal_hold"])) == 0
    error_message = "Some of tags, retention and legal_hold."
  }

  validation {
    condition     = var.object_lock || length(setintersection(var.profiles_set, ["retention", "legal_hold"])) == 0
    error_message = "retention and legal_hold need object_lock = true."
  }
}

variable "orphan_days" {
  description = "After how many days objects below staging/, and parts that were never joined, are removed. Longer than an upload may take."
  type        = number
  default     = 2

  validation {
    condition     = var.orphan_days >= 2
    error_message = "At least 2: valetkey looks for late bytes for a day (VALETKEY_SWEEP_RETENTION)."
  }
}

variable "quarantine_days" {
  description = "After how many days objects below quarantine/ are removed. Longer than a scanner may take."
  type        = number
  default     = 14
}

variable "noncurrent_days" {
  description = "With versioning: how many days versions of confirmed objects are kept after they were replaced or deleted; null: forever."
  type        = number
  default     = 90
}

variable "log_bucket" {
  description = "The bucket that S3's access logs go to; null: none are written. They contain signed queries, which are credentials until they expire."
  type        = string
  default     = null
}

variable "events" {
  description = "How valetkey is notified of objects: sqs, which the worker reads; sns or eventbridge, which post to the service."
  type        = string
  default     = "sqs"

  validation {
    condition     = contains(["sqs", "sns", "eventbridge"], var.events)
    error_message = "One of sqs, sns and eventbridge."
  }
}

variable "public_url" {
  description = "With sns and eventbridge: the URL at which AWS reaches the service (VALETKEY_PUBLIC_URL); null: none yet, and nothing is posted."
  type        = string
  default     = null

  validation {
    condition     = var.public_url == null || can(regex("^https://.*[^/]$", var.public_url))
    error_message = "It begins with https://, and has no slash at its end."
  }
}

variable "eventbridge_key" {
  description = "With eventbridge: the key that it sends (VALETKEY_EVENTS_EVENTBRIDGE_KEY). It is in Terraform's state."
  type        = string
  default     = null
  sensitive   = true

  validation {
    condition     = var.eventbridge_key == null || length(coalesce(var.eventbridge_key, "-")) >= 16
    error_message = "At least 16 characters."
  }

  validation {
    condition     = var.events != "eventbridge" || var.public_url == null || var.eventbridge_key != null
    error_message = "events = \"eventbridge\" with a public_url needs it."
  }
}

variable "cdn" {
  description = "CloudFront in front of confirmed objects; null: none. With a public_key (PEM) it accepts only signed addresses. With kms_key_arn the key's policy must let CloudFront decrypt."
  type = object({
    public_key      = optional(string)
    aliases         = optional(list(string), [])
    certificate_arn = optional(string)
    price_class     = optional(string, "PriceClass_All")
    web_acl_arn     = optional(string)
    log_bucket      = optional(string)
  })
  default = null

  validation {
    condition     = var.cdn == null || length(try(var.cdn.aliases, [])) == 0 || try(var.cdn.certificate_arn, null) != null
    error_message = "Names of your own need a certificate (certificate_arn, in us-east-1)."
  }
}

variable "principals" {
  description = "Who may assume the roles of the service and of the worker: a list of {type, identifiers}, as in an assume-role policy."
  type = list(object({
    type        = string
    identifiers = list(string)
  }))
  default = [{ type = "Service", identifiers = ["ec2.amazonaws.com"] }]
}

variable "alarm_actions" {
  description = "What the alarms notify: ARNs, such as that of an SNS topic."
  type        = list(string)
  default     = []
}

variable "queue_age_alarm_seconds" {
  description = "With sqs: the age of the oldest event that raises an alarm, in seconds."
  type        = number
  default     = 900
}

variable "force_destroy" {
  description = "Whether `terraform destroy` removes a bucket that is not empty."
  type        = bool
  default     = false
}

variable "tags" {
  description = "Tags for every resource that supports tags."
  type        = map(string)
  default     = {}
}
