"""From "there may be an object" to an end that is proven."""
