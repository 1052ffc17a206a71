"""Serves moto with the extension: `python -m tests.infra.moto_ext --port 5000`. Ends with SIGTERM or Ctrl-C."""

from __future__ import annotations

import os

# Read by moto when it is imported: AWS's managed policies exist in every account.
os.environ["MOTO_IAM_LOAD_MANAGED_POLICIES"] = "true"

import logging

from moto.server import main

from .install import install

if __name__ == "__main__":
    logging.getLogger("werkzeug").setLevel(os.environ.get("MOTO_LOG", "WARNING"))
    install()
    main()
