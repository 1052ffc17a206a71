"""What the page without scripts says, in Korean and English."""

from __future__ import annotations

from typing import Literal

Language = Literal["ko", "en"]

WORDS: dict[Language, dict[str, str]] = {
    "ko": {
        "title": "대기열",
        "starts": "공연",
        "opens": "판매 시작",
        "lobby_at": "대기열 입장 시작",
        "kept": "자리는 그대로 유지됩니다. 이 페이지를 닫았다가 다시 와도 같은 순서입니다.",
        "announced": "아직 대기열이 열리지 않았습니다.",
        "lobby": "대기열이 열렸습니다. 판매 시작 전에 들어오면 모두 같은 조건이며, 순서는 시작할 때 추첨합니다.",
        "drawing": "지금 순서를 추첨하고 있습니다. 잠시만 기다려 주세요.",
        "open": "판매 중입니다. 순서대로 입장합니다.",
        "sold_out": "매진되었습니다. 취소된 좌석이 나오면 대기열이 다시 움직입니다.",
        "closed": "판매가 끝났습니다.",
        "paused": "입장이 잠시 멈췄습니다. 곧 다시 시작합니다.",
        "stale": "서버와 다시 연결하는 중입니다. 아래 내용은 조금 전의 것입니다.",
        "away": "지금은 대기열 상태를 알 수 없습니다. 곧 다시 시도합니다.",
        "break_glass": "지금은 대기 없이 바로 예매할 수 있습니다.",
        "entry_number": "등록 번호",
        "place": "내 순서",
        "ahead": "앞에 있는 사람",
        "people": "{}명",
        "estimate": "예상 대기",
        "soon": "1분 이내",
        "minutes": "약 {}분",
        "hours": "약 {}시간",
        "unknown": "아직 알 수 없음",
        "registered": "등록되었습니다. 판매가 시작되면 순서가 정해집니다.",
        "called": "지금 입장할 차례입니다.",
        "inside": "입장했습니다. 좌석을 고르세요.",
        "until": "이용 가능 시간",
        "stock": "남은 좌석",
        "stock_0": "매진",
        "stock_1": "얼마 남지 않음",
        "stock_2": "여유 있음",
        "message": "주최 측 안내",
        "join": "대기열에 들어가기",
        "enter": "입장하기",
        "leave": "대기열에서 나가기",
        "leave_sale": "예매 마치고 나가기",
        "seats": "좌석 고르기",
        "event": "공연 정보로 돌아가기",
        "sign_in": "로그인",
        "sign_in_first": "순서를 받으려면 로그인해 주세요.",
        "email": "이메일",
        "password": "비밀번호",
        "refreshes": "이 페이지는 {}초 뒤에 저절로 새로 고쳐집니다.",
        "now": "서버 시각",
        "wait": "한 사람에게 한 자리씩 드리기 위한 절차입니다. {}초 뒤에 아래 단추를 눌러 주세요.",
        "not_found": "그런 공연이 없습니다.",
        "error.bad_credentials": "이메일 또는 비밀번호가 맞지 않습니다.",
        "error.unauthenticated": "로그인이 필요합니다.",
        "error.csrf": "이 양식은 오래되었습니다. 다시 한 번 눌러 주세요.",
        "error.rate_limited": "너무 자주 요청했습니다. 잠시 뒤에 다시 해 주세요.",
        "error.not_your_turn": "아직 차례가 아닙니다.",
        "error.line_full": "차례가 되었습니다. 안쪽 자리가 곧 비니 잠시 뒤에 다시 눌러 주세요.",
        "error.line_paused": "입장이 잠시 멈췄습니다. 순서는 그대로입니다.",
        "error.not_in_line": "아직 대기열에 없습니다. 먼저 들어가 주세요.",
        "error.place_used": "이 순서는 이미 사용했습니다. 다시 대기열에 들어갈 수 있습니다.",
        "error.sold_out": "매진되었습니다.",
        "error.line_closed": "판매가 끝났습니다.",
        "error.line_draining": "지금은 새로 들어갈 수 없습니다.",
        "error.lobby_not_open": "아직 대기열이 열리지 않았습니다.",
        "error.captcha_failed": "이 판매는 사람인지 확인합니다. 확인에는 자바스크립트가 필요합니다.",
        "error.unavailable": "지금은 처리할 수 없습니다. 순서는 그대로이니 잠시 뒤에 다시 해 주세요.",
        "error.rebuilding": "대기열을 복구하고 있습니다. 순서는 그대로이니 잠시 뒤에 다시 해 주세요.",
        "error.invalid_request": "알아볼 수 없는 요청입니다. 다시 한 번 해 주세요.",
        "error.other": "처리하지 못했습니다. 잠시 뒤에 다시 해 주세요.",
    },
    "en": {
        "title": "Waiting line",
        "starts": "Show",
        "opens": "Sale begins",
        "lobby_at": "Line opens",
        "kept": "Your place is kept. Close this page and come back: it stays the same.",
        "announced": "The line is not open yet.",
        "lobby": "The line is open. Everyone who joins before the sale is equal; places are drawn when it begins.",
        "drawing": "Places are being drawn. One moment.",
        "open": "The sale is on. People go in, in order.",
        "sold_out": "Sold out. If seats come back, the line moves again.",
        "closed": "The sale is over.",
        "paused": "Nobody goes in at this moment. It will go on soon.",
        "stale": "Reconnecting. What you see is from a moment ago.",
        "away": "The state of the line is not known at this moment. This page tries again.",
        "break_glass": "At this moment you can buy without waiting.",
        "entry_number": "Entry number",
        "place": "Your place",
        "ahead": "People ahead",
        "people": "{}",
        "estimate": "Estimated wait",
        "soon": "less than a minute",
        "minutes": "about {} min",
        "hours": "about {} h",
        "unknown": "not known yet",
        "registered": "You are in. Your place is drawn when the sale begins.",
        "called": "It is your turn.",
        "inside": "You are in. Choose your seats.",
        "until": "Good until",
        "stock": "Seats left",
        "stock_0": "none",
        "stock_1": "few",
        "stock_2": "plenty",
        "message": "From the promoter",
        "join": "Join the line",
        "enter": "Go in",
        "leave": "Leave the line",
        "leave_sale": "Leave the sale",
        "seats": "Choose seats",
        "event": "Back to the event",
        "sign_in": "Sign in",
        "sign_in_first": "Sign in to get a place.",
        "email": "E-mail",
        "password": "Password",
        "refreshes": "This page renews itself in {} seconds.",
        "now": "Server time",
        "wait": "So that each person gets one place: press the button below in {} seconds.",
        "not_found": "There is no such event.",
        "error.bad_credentials": "The e-mail or the password is wrong.",
        "error.unauthenticated": "Sign in first.",
        "error.csrf": "This form was out of date. Press once more.",
        "error.rate_limited": "Too many requests. Wait a moment, then try again.",
        "error.not_your_turn": "It is not your turn yet.",
        "error.line_full": "It is your turn. A place inside is about to fall free: press again in a moment.",
        "error.line_paused": "Nobody goes in at this moment. Your place is kept.",
        "error.not_in_line": "You are not in line. Join first.",
        "error.place_used": "This place was used. You may join again.",
        "error.sold_out": "Sold out.",
        "error.line_closed": "The sale is over.",
        "error.line_draining": "Nobody new can join at this moment.",
        "error.lobby_not_open": "The line is not open yet.",
        "error.captcha_failed": "This sale checks that you are a person. The check needs JavaScript.",
        "error.unavailable": "This did not work at this moment. Your place is kept; try again.",
        "error.rebuilding": "The line is being restored. Your place is kept; try again in a moment.",
        "error.invalid_request": "This request was not understood. Try once more.",
        "error.other": "This did not work. Try again in a moment.",
    },
}


def choose_language(accept_language: str | None) -> Language:
    """What an Accept-Language header prefers of the two; Korean when it says nothing about either."""
    best: tuple[float, Language] = (0.0, "ko")
    for item in (accept_language or "")[:200].split(","):
        tag, _, weight = item.strip().lower().partition(";")
        language: Language | None = "en" if tag.startswith("en") else "ko" if tag.startswith("ko") else None
        try:
            q = float(weight.replace(" ", "").removeprefix("q=") or 1)
        except ValueError:
            continue
        if language is not None and q > best[0]:
            best = (q, language)
    return best[1]


def number(value: int) -> str:
    """With separators: 12,345."""
    return f"{value:,}"


def wait_text(seconds: float | None, language: Language) -> str:
    """An estimate in words; no more exact than it is. None: nobody knows."""
    words = WORDS[language]
    if seconds is None:
        return words["unknown"]
    if seconds < 60:
        return words["soon"]
    if seconds < 5400:
        return words["minutes"].format(round(seconds / 60))
    return words["hours"].format(round(seconds / 3600))
