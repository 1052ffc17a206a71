"""What hot routes read is what the framework reads, or somebody would be signed in on some routes only."""

from __future__ import annotations

import pytest
from litestar._parsers import parse_cookie_string

from ticketing.base.hot import HotRequest, read_cookies

OURS = "__Host-session=v1.k1.abc-_.def"


@pytest.mark.parametrize(
    "header",
    [
        OURS,
        f"theme=dark; {OURS}; lang=ko",
        f'g_state={{"i_l":0}}; {OURS}',
        f"prefs=[1, 2]; {OURS}",
        f"name=\u00ea\u00b9\u0080; {OURS}",
        f"{OURS}; a@b=1; =3; flag; ;; x = y ",
        f'quoted="two words"; percent=%EA%B9%80; {OURS}',
        f"{OURS}; __Host-session=",
        "",
    ],
)
def test_cookies_are_read_as_the_framework_reads_them(header: str) -> None:
    """Other people's stand beside ours, in forms that http.cookies gives up at: JSON, Korean in UTF-8."""
    named = {name: value for name, value in parse_cookie_string(header).items() if name}
    assert read_cookies(header) == named


def test_a_strangers_cookie_does_not_sign_anybody_out() -> None:
    scope = {"method": "POST", "headers": [(b"cookie", f'g_state={{"i_l":0}}; {OURS}'.encode())]}
    assert HotRequest(scope).cookies["__Host-session"] == "v1.k1.abc-_.def"
