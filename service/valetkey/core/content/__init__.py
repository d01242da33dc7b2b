"""What bytes are, whatever their client calls them."""
