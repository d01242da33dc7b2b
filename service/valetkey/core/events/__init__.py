"""What stores and scanners say, and what it leads to."""
