# A bucket, its queue, and roles for EC2: all defaults.

variable "bucket" {
  type = string
}

module "valetkey" {
  source       = "../.."
  bucket       = var.bucket
  cors_origins = ["https://app.example"]
}

output "settings" {
  description = "What goes into the environment of serve and worker."
  value       = module.valetkey.settings
}
