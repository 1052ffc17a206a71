"""The page without scripts as HTML: pure, everything escaped."""

from __future__ import annotations

import base64
import contextlib
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from html import escape
from typing import Literal
from urllib.parse import quote
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from ticketing.waiting.model import Phase
from ticketing.waiting.plain_words import WORDS, Language, number, wait_text

_STYLE = """
:root{color-scheme:light dark;--paper:#f4f6f2;--surface:#fff;--line:#d3dbd0;--ink:#12211b;--ink-2:#4b5a52;--act:#12211b;
--act-ink:#fff;--warn:#7a4d00;--warn-bg:#fdefcf;--good:#0b6b46;--good-bg:#dff3e4}
@media(prefers-color-scheme:dark){:root{--paper:#0f1412;--surface:#181f1c;--line:#2e3934;--ink:#ecf2ed;--ink-2:#a9b7af;
--act:#c9f24e;--act-ink:#12211b;--warn:#f4c467;--warn-bg:#36290c;--good:#7fdca8;--good-bg:#12301f}}
*{box-sizing:border-box}
body{margin:0 auto;max-width:40rem;padding:1.25rem;background:var(--paper);color:var(--ink);
font:1.05rem/1.6 -apple-system,"Apple SD Gothic Neo","Noto Sans KR","Malgun Gothic","Segoe UI",sans-serif}
h1{font-size:1.5rem;line-height:1.3;margin:.5rem 0}
section,form{margin:1rem 0;padding:1rem 1.25rem;border:1px solid var(--line);border-radius:14px;
background:var(--surface)}
form.bare{padding:0;border:0;background:none}
dl{display:grid;grid-template-columns:auto 1fr;gap:.25rem 1rem;margin:0}
dt,.quiet{color:var(--ink-2)}
dd{margin:0;font-variant-numeric:tabular-nums}
.big{font-size:2.2rem;font-weight:800;line-height:1.2}
.warn,.good{padding:.75rem 1.25rem;border-radius:14px}
.warn{background:var(--warn-bg);color:var(--warn)}
.good{background:var(--good-bg);color:var(--good)}
label{display:block;margin:.5rem 0}
input{display:block;width:100%;min-height:48px;padding:.5rem .75rem;border:1px solid var(--ink-2);border-radius:10px;
font:inherit;background:var(--paper);color:var(--ink)}
button,.button{display:inline-block;min-height:48px;padding:.6rem 1.5rem;border:0;border-radius:999px;font:inherit;
font-weight:700;background:var(--act);color:var(--act-ink);text-decoration:none;cursor:pointer}
button.second{background:none;color:inherit;border:1px solid var(--ink-2)}
a{color:inherit}
"""

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; "
    f"style-src 'sha256-{base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()}'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
"""It loads nothing, runs nothing, and sends its forms home only."""

Action = Literal["sign-in", "join", "enter", "leave"]


@dataclass(frozen=True)
class Standing:
    """One's own place; `position` is None before the draw, `ends_at` (ms) is there while inside."""

    index: int
    position: int | None
    serving: int
    ends_at: int | None = None


@dataclass(frozen=True)
class Face:
    """What is the same for everyone. Instants in milliseconds; `rate` in places called per minute.

    Attributes:
        grades: (name, stock digit) of each price grade, where the stock is known.
        stale: the status is old: the page says so and shows it all the same.
        open_until: break-glass until then, else 0.
    """

    name: str
    venue: str
    time_zone: str
    starts_at: int
    lobby_at: int
    opens_at: int
    phase: Phase
    serving: int
    rate: int
    grades: tuple[tuple[str, str], ...] = ()
    message: str = ""
    paused: bool = False
    stale: bool = False
    open_until: int = 0


@dataclass(frozen=True)
class View:
    """All that a page shows.

    Attributes:
        face: None when nobody knows the state of the line.
        token: against forged forms; of the session, or of the browser when nobody is signed in.
        standing: None without a place. unknown_place: it could not be read.
        error: the code of what went wrong, of the form that was sent.
        email: typed before, shown again.
        wait: (challenge, seconds) of who waits in place of computing.
        refresh: seconds until the page renews itself, None never.
    """

    language: Language
    event_id: str
    now: int
    face: Face | None
    token: str
    signed_in: bool
    standing: Standing | None = None
    unknown_place: bool = False
    error: str | None = None
    email: str = ""
    wait: tuple[str, int] | None = None
    refresh: int | None = None

    @property
    def called(self) -> bool:
        """Whether one may go in now."""
        at = self.standing
        return at is not None and at.position is not None and at.position <= at.serving

    @property
    def seconds_left(self) -> float | None:
        """The honest estimate: places to go by the measured rate. None when nobody knows."""
        at, face = self.standing, self.face
        if at is None or at.position is None or face is None or face.rate <= 0:
            return None
        return max(0, at.position - at.serving) * 60 / face.rate


def render(view: View) -> str:
    """The page."""
    words = WORDS[view.language]
    title = words["title"] if view.face is None else f"{view.face.name} · {words['title']}"
    refresh = (
        "" if view.refresh is None else f'<meta http-equiv="refresh" content="{view.refresh:d};url={_path(view)}">'
    )
    return (
        f'<!doctype html><html lang="{view.language}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<meta name="robots" content="noindex">{refresh}<title>{escape(title)}</title><style>{_STYLE}</style></head>'
        f"<body><main>{''.join(_body(view, words))}</main></body></html>"
    )


def render_missing(language: Language) -> str:
    """The page of an event that is not there."""
    text = escape(WORDS[language]["not_found"])
    return (
        f'<!doctype html><html lang="{language}"><head><meta charset="utf-8"><title>{text}</title>'
        f"<style>{_STYLE}</style></head><body><main><h1>{text}</h1></main></body></html>"
    )


def _path(view: View, action: Action | None = None) -> str:
    return f"/line/{quote(view.event_id, safe='')}" + (f"/{action}" if action else "")


def _event_path(view: View) -> str:
    return f"/events/{quote(view.event_id, safe='')}"


def _body(view: View, words: dict[str, str]) -> Iterator[str]:
    face = view.face
    yield f"<h1>{escape(face.name if face else words['title'])}</h1>"
    if face is not None:
        yield f'<p class="quiet">{escape(face.venue)} · {escape(_moment(face.starts_at, face, view.language))}</p>'
    if view.error is not None:
        text = words.get(f"error.{view.error}", words["error.other"])
        yield f'<p class="warn" role="alert">{escape(text)}</p>'
    if face is None:
        yield f'<p class="warn" role="status">{escape(words["away"])}</p><p>{escape(words["kept"])}</p>'
    else:
        yield from _line(view, face, words)
        yield from _actions(view, face, words)
        yield from _stock(face, words)
    foot = [words["now"] + " " + _moment(view.now, face, view.language, seconds=True)]
    if view.refresh is not None:
        foot.append(words["refreshes"].format(view.refresh))
    yield f'<p class="quiet">{escape(" · ".join(foot))}</p>'
    yield f'<p><a href="{_event_path(view)}">{escape(words["event"])}</a></p>'


def _line(view: View, face: Face, words: dict[str, str]) -> Iterator[str]:
    if face.stale:
        yield f'<p class="warn" role="status">{escape(words["stale"])}</p>'
    if face.paused:
        yield f'<p class="warn" role="status">{escape(words["paused"])}</p>'
    if face.message:
        yield f"<section><h2>{escape(words['message'])}</h2><p>{escape(face.message)}</p></section>"
    yield f"<p>{escape(words[face.phase.value])}</p>"
    if face.open_until > view.now:
        yield f'<p class="good">{escape(words["break_glass"])}</p>'
    if face.phase in (Phase.ANNOUNCED, Phase.LOBBY):
        times = [(words["opens"], _moment(face.opens_at, face, view.language))]
        if face.phase is Phase.ANNOUNCED:
            times.insert(0, (words["lobby_at"], _moment(face.lobby_at, face, view.language)))
        yield f"<section>{_list(times)}</section>"
    if view.standing is not None:
        yield from _standing(view, face, view.standing, words)
    elif view.unknown_place:
        yield f'<p class="warn" role="status">{escape(words["error.unavailable"])}</p>'


def _standing(view: View, face: Face, at: Standing, words: dict[str, str]) -> Iterator[str]:
    rows: list[tuple[str, str]] = []
    if at.ends_at is not None:
        yield f'<p class="good" role="status">{escape(words["inside"])}</p>'
        rows.append((words["until"], _moment(at.ends_at, face, view.language)))
    elif at.position is None:
        yield f'<p class="good" role="status">{escape(words["registered"])}</p>'
        rows.append((words["entry_number"], number(at.index)))
    elif face.phase is not Phase.CLOSED:
        if view.called:
            yield f'<p class="good" role="status">{escape(words["called"])}</p>'
        yield f'<p>{escape(words["place"])}<br><span class="big">{number(at.position)}</span></p>'
        if not view.called:
            ahead = max(0, at.position - at.serving - 1)
            rows.append((words["ahead"], words["people"].format(number(ahead))))
            if face.phase is Phase.OPEN and not face.paused:
                rows.append((words["estimate"], wait_text(view.seconds_left, view.language)))
    if rows:
        yield f"<section>{_list(rows)}</section>"
    if face.phase is not Phase.CLOSED and at.ends_at is None:
        yield f"<p>{escape(words['kept'])}</p>"


def _actions(view: View, face: Face, words: dict[str, str]) -> Iterator[str]:
    at = view.standing
    seats = f'<p><a class="button" href="{_event_path(view)}/seats">{escape(words["seats"])}</a></p>'
    if face.open_until > view.now or (at is not None and at.ends_at is not None):
        yield seats
    if face.phase is Phase.CLOSED:
        return
    if not view.signed_in:
        yield _sign_in(view, words)
    elif view.wait is not None:
        challenge, seconds = view.wait
        hidden = f'<input type="hidden" name="challenge" value="{escape(challenge)}">'
        yield _form(view, "join", words["join"], f"<p>{escape(words['wait'].format(seconds))}</p>{hidden}", bare=False)
    elif at is None and not view.unknown_place:
        if face.phase in (Phase.LOBBY, Phase.DRAWING, Phase.OPEN):
            yield _form(view, "join", words["join"])
    elif at is not None:
        if at.ends_at is None and view.called and face.phase is Phase.OPEN:
            yield _form(view, "enter", words["enter"])
        yield _form(view, "leave", words["leave_sale" if at.ends_at is not None else "leave"], second=True)


def _form(view: View, action: Action, label: str, content: str = "", *, bare: bool = True, second: bool = False) -> str:
    return (
        f'<form method="post" action="{_path(view, action)}"{" class=bare" if bare else ""}>'
        f'<input type="hidden" name="csrf" value="{escape(view.token)}">{content}'
        f"<button{' class=second' if second else ''}>{escape(label)}</button></form>"
    )


def _sign_in(view: View, words: dict[str, str]) -> str:
    fields = (
        f"<p>{escape(words['sign_in_first'])}</p>"
        f'<label>{escape(words["email"])}<input name="email" type="email" required autocomplete="username" '
        f'maxlength="254" value="{escape(view.email)}"></label>'
        f'<label>{escape(words["password"])}<input name="password" type="password" required '
        'autocomplete="current-password" maxlength="1024"></label>'
    )
    return _form(view, "sign-in", words["sign_in"], fields, bare=False)


def _stock(face: Face, words: dict[str, str]) -> Iterator[str]:
    rows = [(name, words[f"stock_{digit}"]) for name, digit in face.grades if f"stock_{digit}" in words]
    if rows and face.phase in (Phase.OPEN, Phase.SOLD_OUT):
        yield f"<section><h2>{escape(words['stock'])}</h2>{_list(rows)}</section>"


def _list(rows: list[tuple[str, str]]) -> str:
    return f"<dl>{''.join(f'<dt>{escape(name)}</dt><dd>{escape(value)}</dd>' for name, value in rows)}</dl>"


def _moment(ms: int, face: Face | None, language: Language, *, seconds: bool = False) -> str:
    zone: ZoneInfo | None = None
    if face is not None:
        with contextlib.suppress(ZoneInfoNotFoundError, ValueError):
            zone = ZoneInfo(face.time_zone)
    at = datetime.fromtimestamp(ms // 1000, zone or UTC)
    clock = f"{at:%H:%M:%S}" if seconds else f"{at:%H:%M}"
    day = f"{at.year}. {at.month}. {at.day}." if language == "ko" else f"{at.day} {at:%b} {at.year},"
    return f"{day} {clock} {at.tzname()}"
