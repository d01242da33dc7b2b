"""Creates valetkey's bucket on the Ceph RGW of a directory, and prints the line to export.

The bucket has a CORS rule for pages of any origin, and a lifecycle rule that removes what was not confirmed.
Idempotent.
"""

# ruff: noqa: S603, T201 -- it runs the script beside it, and prints for a shell

import argparse
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import boto3

from valetkey.adapters.embedded import CORS_RULE
from valetkey.core.model.upload import STAGING_PREFIX

LIFECYCLE_RULE: Any = {
    "ID": "staging",
    "Status": "Enabled",
    "Filter": {"Prefix": STAGING_PREFIX},
    "Expiration": {"Days": 2},
    "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 2},
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dir", default=".ceph", help="the RGW's files (%(default)s)")
    parser.add_argument("--bucket", default="uploads", help="its name (%(default)s)")
    args = parser.parse_args()
    script = Path(__file__).with_name("rgw")
    found = subprocess.run(
        [sys.executable, script, "status", "--dir", args.dir, "--json"], check=True, capture_output=True, text=True
    )
    rgw = json.loads(found.stdout)
    s3 = boto3.Session(rgw["access_key"], rgw["secret_key"], region_name=rgw["region"]).client(
        "s3", endpoint_url=rgw["endpoint_url"]
    )
    s3.create_bucket(Bucket=args.bucket)
    s3.put_bucket_cors(Bucket=args.bucket, CORSConfiguration={"CORSRules": [CORS_RULE]})
    s3.put_bucket_lifecycle_configuration(Bucket=args.bucket, LifecycleConfiguration={"Rules": [LIFECYCLE_RULE]})
    print(f"export VALETKEY_BUCKET={args.bucket}")


if __name__ == "__main__":
    main()
