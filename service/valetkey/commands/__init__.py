"""The commands of `valetkey`, a module for each that costs something to load: see `valetkey.cli`."""
