"""How the application takes confirmed uploads: it claims them for good, and reads their bytes."""
