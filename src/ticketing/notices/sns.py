"""Alerts to an Amazon SNS topic, whose subscribers get them by mail and SMS."""

from __future__ import annotations

from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

from aiobotocore.config import AioConfig
from aiobotocore.session import get_session
from botocore.exceptions import BotoCoreError, ClientError

from ticketing.base.alerts import Alert
from ticketing.notices.model import SendFailed

if TYPE_CHECKING:
    from types_aiobotocore_sns.client import SNSClient

MOST_SUBJECT = 100
"""Characters of a subject that SNS takes; ASCII, one line."""
MOST_TEXT = 4000
"""Characters of a text: far below SNS's 256 KB, and as much as anybody reads on a telephone."""

_PERMANENT = {"InvalidParameter", "InvalidParameterValue", "ValidationException"}


class SnsChannel:
    """One topic. Make it with `await SnsChannel.open(...)`."""

    def __init__(self, client: SNSClient, topic_arn: str, exits: AsyncExitStack) -> None:
        self._client = client
        self._topic_arn = topic_arn
        self._exits = exits

    @classmethod
    async def open(cls, topic_arn: str, *, region: str, endpoint: str | None = None) -> SnsChannel:
        """Make the client; no call is made yet."""
        config = AioConfig(connect_timeout=2, read_timeout=5, retries={"mode": "standard", "total_max_attempts": 3})
        async with AsyncExitStack() as exits:
            client = await exits.enter_async_context(
                get_session().create_client("sns", region_name=region, endpoint_url=endpoint, config=config)
            )
            return cls(client, topic_arn, exits.pop_all())

    async def tell(self, alert: Alert, reference: str) -> None:
        """Publish. Raises SendFailed; a topic that does not exist, or that may not be published to, is worth another
        try: somebody may mend it.
        """
        subject = " ".join(alert.subject.encode("ascii", "replace").decode().split())[:MOST_SUBJECT]
        try:
            await self._client.publish(
                TopicArn=self._topic_arn,
                Subject=subject or "Alert",
                Message=alert.text[:MOST_TEXT] or alert.subject,
                MessageAttributes={"reference": {"DataType": "String", "StringValue": reference}},
            )
        except ClientError as error:
            code = error.response.get("Error", {}).get("Code", "")
            raise SendFailed(f"SNS: {code}", permanent=code in _PERMANENT) from error
        except BotoCoreError as error:
            raise SendFailed(f"SNS: {type(error).__name__}", permanent=False) from error

    async def close(self) -> None:
        """Close connections."""
        await self._exits.aclose()
