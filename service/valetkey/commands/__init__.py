"""The commands of `valetkey`, in modules that `valetkey.cli` imports when they are called."""
