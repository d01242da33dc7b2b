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
