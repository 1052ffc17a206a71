"""Many things in one transaction, and each alone when something is wrong with one of them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Hashable, Sequence
from typing import TypeVar

import structlog

from ticketing.base.db import DatabaseAway

log = structlog.get_logger(__name__)

K = TypeVar("K", bound=Hashable)


async def together_or_apart(
    keys: Sequence[K], do: Callable[[Sequence[K]], Awaitable[None]], what: str
) -> dict[K, Exception]:
    """Do all of them at once; when that fails, one by one, so that one that cannot be done stops no other.

    Args:
        do: takes effect as a whole or not at all.
        what: they are, for the log.

    Gives what went wrong, by key. Raises DatabaseAway.
    """
    try:
        await do(keys)
        return {}
    except DatabaseAway:
        raise
    except Exception as error:
        log.exception("batch_failed", what=what, count=len(keys))
        if len(keys) == 1:
            return {keys[0]: error}
    failed: dict[K, Exception] = {}
    for key in keys:
        try:
            await do([key])
        except DatabaseAway:
            raise
        except Exception as error:
            log.exception("one_failed", what=what, key=str(key))
            failed[key] = error
    return failed
