"""The commands of `valetkey`, in modules that `valetkey.cli` imports only when they are called."""
