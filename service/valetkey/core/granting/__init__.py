"""From a request to a grant: what is asked for is admitted, kept in the ledger, and granted."""
