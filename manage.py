#!/usr/bin/env python3
"""Runs the management commands of the CRM."""

import os
import sys


def main() -> None:
    """Hand the command line to Django."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "crm.settings")
    from django.db import OperationalError, connection

    from crm.operations import commands

    try:
        commands.main()
    except OperationalError as away:
        if connection.connection is not None:
            raise
        sys.exit(
            "The database does not answer. `make run` starts the servers of the demo and keeps them running while you use another terminal;"
            f" for servers of your own set CRM_DATABASE_URL. ({' '.join(str(away).split())})"
        )


if __name__ == "__main__":
    main()
