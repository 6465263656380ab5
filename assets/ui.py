"""Opens the Dagster UI on this machine only: `make ui`. It shows the home's own run history and can materialise everything."""

import argparse
import os
import sys

from assets.nightly import dagster_home
from pipelines.settings import SettingsError, load_settings

HOST = "127.0.0.1"                   # Dagster has no login: whoever reaches the port may launch runs


def main() -> None:
    """Become the Dagster UI and daemon for the home, until interrupted."""
    parser = argparse.ArgumentParser(prog="python -m assets.ui", description=__doc__)
    parser.add_argument("--home", help="where everything lies (EFFEKT_HOME)")
    parser.add_argument("--port", type=int, default=3000)
    asked = parser.parse_args()
    try:
        settings = load_settings(home=asked.home)
    except SettingsError as error:
        sys.exit(f"effekt: {error}")
    settings.home.mkdir(parents=True, exist_ok=True)
    environment = {
        **os.environ, "EFFEKT_HOME": str(settings.home.resolve()), "DAGSTER_HOME": str(dagster_home(settings.home)),
        "DAGSTER_REDACT_USER_CODE_ERRORS": "1",
    }
    print(f"Dagster UI for {settings.home}: http://{HOST}:{asked.port} (Ctrl-C ends it)", flush=True)
    command = ["-m", "dagster", "dev", "-h", HOST, "-p", str(asked.port), "-m", "assets.definitions"]
    os.execve(sys.executable, [sys.executable, *command], environment)


if __name__ == "__main__":
    main()
