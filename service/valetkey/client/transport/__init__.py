"""HTTP/1.1 over sockets: kept connections, bodies read from files, deadlines, TLS and proxies."""
