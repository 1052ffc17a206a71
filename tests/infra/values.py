"""What a person would give in each environment, on top of envs/*.tfvars, to have all of it."""

from __future__ import annotations

from typing import Any

from tests.infra.double import IMAGE, PASSWORD

COMMON: dict[str, Any] = {
    "alert_emails": ["operator@example.com"],
    "alert_phone_numbers": ["+821012345678"],
    "db_password": PASSWORD,
    "image_uri": IMAGE,
}
PROD: dict[str, Any] = {
    **COMMON,
    "create_zone": True,
    "domain_name": "tickets.example.com",
    "github_repository": "example/ticketing",
    "on_sale_times": ["2030-05-01T11:00:00Z"],
    "payment_secret": "shared-with-the-payment-provider-1",
    "payment_url": "https://payments.example.com",
}
# What one has to say before production may be destroyed.
UNPROTECTED: dict[str, Any] = {**PROD, "deletion_protection": False, "force_destroy": True}


def of(environment: str) -> dict[str, Any]:
    """The values of an environment."""
    return PROD if environment == "prod" else COMMON
