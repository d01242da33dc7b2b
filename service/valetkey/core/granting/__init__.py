"""From a request to a grant: admit a new upload, record it in the ledger, and make its grant."""
