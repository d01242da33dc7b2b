"""What the application does with confirmed uploads: it claims them for good, and reads their bytes."""
