"""Who may send events, one module for each: it proves who sent a delivery, and reads what it says."""
