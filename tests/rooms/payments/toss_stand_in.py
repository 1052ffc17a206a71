"""A stand-in for Toss Payments, built from its public documentation and nothing else: confirm, lookup by order id,
cancel, transactions; basic auth; idempotency keys that replay the first answer, errors included."""

from __future__ import annotations

import asyncio
import base64
import json
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.rooms.payments.ears import read_whole_request

SECRET_KEY = "test_sk_of_the_stand_in"
AT = "2026-11-22T20:00:00+09:00"
Reply = tuple[int, Any]


@dataclass
class TossStandIn:
    """The state of one shop. `payments` is by order id; `lose` lists paths whose answer is lost after the work."""

    payments: dict[str, dict[str, Any]] = field(default_factory=dict)
    transactions: list[dict[str, Any]] = field(default_factory=list)
    replays: dict[str, Reply] = field(default_factory=dict)
    errors: dict[str, Reply] = field(default_factory=dict)
    lose: set[str] = field(default_factory=set)
    seen: list[tuple[str, str, dict[str, str]]] = field(default_factory=list)

    def authenticated(self, order_id: str, amount: int, status: str = "IN_PROGRESS") -> str:
        """The buyer has been through the widget; the payment key."""
        key = f"pay_{order_id}"
        self.payments[order_id] = {
            "mId": "tosspayments",
            "version": "2022-11-16",
            "paymentKey": key,
            "orderId": order_id,
            "orderName": "토스 티셔츠 외 2건",
            "status": status,
            "totalAmount": amount,
            "balanceAmount": amount,
            "currency": "KRW",
            "method": "카드",
            "requestedAt": AT,
            "approvedAt": None,
            "cancels": None,
            "failure": None,
        }
        return key

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, one request."""
        method, target, headers, body = await read_whole_request(reader)
        path = urlsplit(target).path
        self.seen.append((method, target, headers))
        status, answer = self._reply(method, path, parse_qs(urlsplit(target).query), headers, body)
        if path in self.lose:
            return
        content = json.dumps(answer).encode()
        head = f"HTTP/1.1 {status} x\r\nContent-Type: application/json;charset=UTF-8\r\nConnection: close\r\n"
        writer.write(f"{head}Content-Length: {len(content)}\r\n\r\n".encode() + content)
        await writer.drain()

    def _reply(
        self, method: str, path: str, query: dict[str, list[str]], headers: dict[str, str], body: bytes
    ) -> Reply:
        expected = "Basic " + base64.b64encode(f"{SECRET_KEY}:".encode()).decode()
        if headers.get("authorization") != expected:
            return 401, {"code": "UNAUTHORIZED_KEY", "message": "인증되지 않은 시크릿 키 혹은 클라이언트 키 입니다."}
        if path in self.errors:
            return self.errors[path]
        if method == "GET":
            return self._read(path, query)
        replay_key = f"{path} {headers['idempotency-key']}"
        if replay_key not in self.replays:
            self.replays[replay_key] = self._write(path, json.loads(body))
        return self.replays[replay_key]

    def _read(self, path: str, query: dict[str, list[str]]) -> Reply:
        if path == "/v1/transactions":
            keys = [transaction["transactionKey"] for transaction in self.transactions]
            start = keys.index(query["startingAfter"][0]) + 1 if "startingAfter" in query else 0
            return 200, self.transactions[start : start + int(query["limit"][0])]
        payment = self.payments.get(path.removeprefix("/v1/payments/orders/"))
        return (200, payment) if payment else (404, {"code": "NOT_FOUND_PAYMENT", "message": "없음"})

    def _write(self, path: str, asked: dict[str, Any]) -> Reply:
        if path == "/v1/payments/confirm":
            return self._confirm(asked)
        key = path.removeprefix("/v1/payments/").removesuffix("/cancel")
        payment = next(p for p in self.payments.values() if p["paymentKey"] == key)
        return self._cancel(payment, asked)

    def _confirm(self, asked: dict[str, Any]) -> Reply:
        payment = self.payments.get(asked["orderId"])
        if payment is None or payment["paymentKey"] != asked["paymentKey"]:
            return 404, {"code": "NOT_FOUND_PAYMENT", "message": "존재하지 않는 결제 정보 입니다."}
        if payment["status"] == "DONE":
            return 400, {"code": "ALREADY_PROCESSED_PAYMENT", "message": "이미 처리된 결제 입니다."}
        if payment["status"] == "EXPIRED":
            return 404, {"code": "NOT_FOUND_PAYMENT_SESSION", "message": "결제 시간이 만료되었습니다."}
        payment |= {"status": "DONE", "approvedAt": AT}
        self._book(payment, f"tx_{payment['paymentKey']}", "DONE", payment["totalAmount"])
        return 200, payment

    def _cancel(self, payment: dict[str, Any], asked: dict[str, Any]) -> Reply:
        amount = asked["cancelAmount"]
        if amount > payment["balanceAmount"]:
            return 403, {"code": "NOT_CANCELABLE_AMOUNT", "message": "취소 할 수 없는 금액 입니다."}
        done = payment["cancels"] or []
        key = f"tx_cancel_{len(done)}_{payment['paymentKey']}"
        cancel = {"cancelReason": asked["cancelReason"], "cancelAmount": amount, "canceledAt": AT}
        payment["cancels"] = [*done, {**cancel, "transactionKey": key, "cancelStatus": "DONE"}]
        payment["balanceAmount"] -= amount
        payment["status"] = "PARTIAL_CANCELED" if payment["balanceAmount"] else "CANCELED"
        self._book(payment, key, payment["status"], -amount)
        return 200, payment

    def _book(self, payment: dict[str, Any], key: str, status: str, amount: int) -> None:
        same = {name: payment[name] for name in ("mId", "paymentKey", "orderId", "currency", "method")}
        self.transactions.append(
            {**same, "transactionKey": key, "status": status, "amount": amount, "transactionAt": AT}
        )
