"""HTTP/1.1 over sockets: connections that are kept, bodies that are read from files, deadlines, TLS and proxies."""
