"""A plan of one environment, made before AWS's stand-in: without an account, in seconds."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.infra import values
from tests.infra.double import REGION, STATE_BUCKET, AwsDouble, Stack


def plan_of(environment: str, folder: Path) -> Any:
    """The plan as JSON; `folder` is filled with a copy of the configuration."""
    with AwsDouble() as double:
        where = {"LocationConstraint": REGION}
        double.client("s3").create_bucket(Bucket=STATE_BUCKET, CreateBucketConfiguration=where)
        stack = Stack(folder, double, environment, values.of(environment))
        stack.init()
        return stack.plan()
