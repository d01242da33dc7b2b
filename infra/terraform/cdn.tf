# cdn: CloudFront in front of what is confirmed, and of nothing else. Profiles name it: download_base_url, and with a public key
# download_signing = "cloudfront".

locals {
  cdn    = var.cdn == null ? 0 : 1
  signed = try(var.cdn.public_key, null) == null ? 0 : 1
}

data "aws_cloudfront_cache_policy" "this" {
  count = local.cdn
  name  = "Managed-CachingOptimized" # what the object's Cache-Control says, up to a year
}

data "aws_cloudfront_origin_request_policy" "this" {
  count = local.cdn
  name  = "Managed-CORS-S3Origin"
}

data "aws_cloudfront_response_headers_policy" "this" {
  count = local.cdn
  name  = "Managed-SecurityHeadersPolicy" # nosniff above all: these are files of strangers
}

resource "aws_cloudfront_origin_access_control" "this" {
  count                             = local.cdn
  name                              = var.name
  description                       = "Only this distribution reads the bucket"
  origin_access_control_origin_type = "s3"
  signing_behavior                  = "always"
  signing_protocol                  = "sigv4"
}

resource "aws_cloudfront_public_key" "this" {
  count       = local.signed
  name        = var.name
  comment     = "Its private key is VALETKEY_CLOUDFRONT_PRIVATE_KEY_FILE"
  encoded_key = var.cdn.public_key
}

resource "aws_cloudfront_key_group" "this" {
  count = local.signed
  name  = var.name
  items = aws_cloudfront_public_key.this[*].id
}

resource "aws_cloudfront_distribution" "this" {
  #checkov:skip=CKV2_AWS_32:it has AWS's managed policy of security headers
  #checkov:skip=CKV2_AWS_47:a firewall is the caller's (cdn.web_acl_arn); objects are static
  #checkov:skip=CKV_AWS_68:the same
  #checkov:skip=CKV_AWS_86:logs are the caller's (cdn.log_bucket); signed addresses would stand in them
  #checkov:skip=CKV_AWS_305:there is no page at its root
  #checkov:skip=CKV_AWS_310:there is one bucket
  #checkov:skip=CKV_AWS_374:whom files may reach is the application's
  #checkov:skip=CKV2_AWS_42:without a name of your own it has CloudFront's certificate
  #checkov:skip=CKV_AWS_174:the same; with one it is TLS 1.2 of 2021
  count           = local.cdn
  enabled         = true
  comment         = "Confirmed uploads of ${var.bucket}"
  aliases         = var.cdn.aliases
  http_version    = "http2and3"
  is_ipv6_enabled = true
  price_class     = var.cdn.price_class
  web_acl_id      = var.cdn.web_acl_arn
  tags            = var.tags

  origin {
    origin_id                = "bucket"
    domain_name              = aws_s3_bucket.this.bucket_regional_domain_name
    origin_access_control_id = aws_cloudfront_origin_access_control.this[0].id
  }

  default_cache_behavior {
    target_origin_id           = "bucket"
    viewer_protocol_policy     = "https-only"
    allowed_methods            = ["GET", "HEAD", "OPTIONS"]
    cached_methods             = ["GET", "HEAD"]
    compress                   = true
    cache_policy_id            = data.aws_cloudfront_cache_policy.this[0].id
    origin_request_policy_id   = data.aws_cloudfront_origin_request_policy.this[0].id
    response_headers_policy_id = data.aws_cloudfront_response_headers_policy.this[0].id
    trusted_key_groups         = aws_cloudfront_key_group.this[*].id
  }

  restrictions {
    geo_restriction {
      restriction_type = "none"
    }
  }

  dynamic "logging_config" {
    for_each = var.cdn.log_bucket == null ? [] : [var.cdn.log_bucket]

    content {
      bucket = logging_config.value
      prefix = "${var.bucket}/"
    }
  }

  viewer_certificate {
    cloudfront_default_certificate = var.cdn.certificate_arn == null
    acm_certificate_arn            = var.cdn.certificate_arn
    ssl_support_method             = var.cdn.certificate_arn == null ? null : "sni-only"
    minimum_protocol_version       = var.cdn.certificate_arn == null ? null : "TLSv1.2_2021"
  }
}
