"""Settings: the only code that reads the environment (``VALETKEY_*``), ``.env`` and ``valetkey.toml``, with the name,
default and unit of each setting."""

from valetkey.settings.config_file import (
    CONFIG_FILE,
    MAX_PREFIX,
    QUEUE,
    ConfigFile,
    ProfileTable,
    StoreTable,
    load_config,
    load_profiles,
)
from valetkey.settings.env_file import ENV_FILE
from valetkey.settings.environment import (
    MADE_FOR_A_RUN,
    MIN_SECRET,
    Settings,
    load_settings,
    require_nothing,
    unknown_names,
)

__all__ = [
    "CONFIG_FILE",
    "ENV_FILE",
    "MADE_FOR_A_RUN",
    "MAX_PREFIX",
    "MIN_SECRET",
    "QUEUE",
    "ConfigFile",
    "ProfileTable",
    "Settings",
    "StoreTable",
    "load_config",
    "load_profiles",
    "load_settings",
    "require_nothing",
    "unknown_names",
]
