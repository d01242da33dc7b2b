# SNS posts to the service. Apply without public_url first; when the service runs with these settings, apply with it.

variable "bucket" {
  type = string
}

variable "public_url" {
  type    = string
  default = null
}

module "valetkey" {
  source       = "../.."
  bucket       = var.bucket
  cors_origins = ["https://app.example"]
  events       = "sns"
  public_url   = var.public_url
}

output "settings" {
  description = "What goes into the environment of serve and worker."
  value       = module.valetkey.settings
}
