// Not run in our tests: there is no Gradle here. `make kotlin` compiles the same sources.
rootProject.name = "valetkey-kotlin"
