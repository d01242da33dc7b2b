"""What an upload is, and the rules that it is under: values that know nothing of anybody outside."""
