"""The commands of `valetkey`. `valetkey.cli` imports the module of a command when it is called."""
