"""`python -m ticketing` and the `ticketing` command."""

from ticketing.cli import app


def main() -> None:
    """Run the command line."""
    app()


if __name__ == "__main__":
    main()
