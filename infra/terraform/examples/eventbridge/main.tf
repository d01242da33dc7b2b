# EventBridge posts to the service, with a key that both know.

variable "bucket" {
  type = string
}

variable "public_url" {
  type = string
}

variable "eventbridge_key" {
  description = "VALETKEY_EVENTS_EVENTBRIDGE_KEY"
  type        = string
  sensitive   = true
}

module "valetkey" {
  source          = "../.."
  bucket          = var.bucket
  cors_origins    = ["https://app.example"]
  events          = "eventbridge"
  public_url      = var.public_url
  eventbridge_key = var.eventbridge_key
}

output "settings" {
  description = "What goes into the environment of serve and worker, beside VALETKEY_EVENTS_EVENTBRIDGE_KEY."
  value       = module.valetkey.settings
}
