"""moto's SQS as a server that a test can stop."""

from __future__ import annotations

import io
import json
import threading
import time
from collections.abc import Iterable
from typing import Any

import boto3
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from werkzeug.serving import make_server


class _Handler(MotoRequestHandler):
    def connection_dropped(self, error: BaseException, environ: Any = None) -> None:
        self.close_connection = True

    def log(self, type: str, message: str, *args: Any) -> None:
        pass


class MotoServer:
    """moto's SQS on a port, one operation at a time.

    moto's queues are plain lists without locks: two requests at once may hand a message out twice or lose it, which
    SQS does not do. So calls are let in one by one, and long polls are made of short ones.
    """

    def __init__(self) -> None:
        self.port = 0
        self._lock = threading.Lock()
        self._app = DomainDispatcherApplication(create_backend_app)
        self._server: Any = None
        self._thread: threading.Thread | None = None
        self._boto3: Any = None

    def start(self) -> None:
        self._server = make_server("127.0.0.1", self.port, self._one_at_a_time, threaded=True, request_handler=_Handler)
        self.port = self._server.server_port
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self._thread.start()
        endpoint = f"http://127.0.0.1:{self.port}"
        self._boto3 = boto3.client("sqs", region_name="ap-northeast-2", endpoint_url=endpoint)

    def stop(self) -> None:
        server, self._server = self._server, None
        if server is not None and self._thread is not None:
            server.shutdown()
            self._thread.join(10)
            server.server_close()
            self._boto3.close()

    def make_queues(self, name: str, max_attempts: int) -> tuple[str, str]:
        """URLs of a queue and its dead-letter queue."""
        client = self._boto3
        dead = client.create_queue(QueueName=f"{name}-dead")["QueueUrl"]
        arn = client.get_queue_attributes(QueueUrl=dead, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        policy = json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": max_attempts})
        return client.create_queue(QueueName=name, Attributes={"RedrivePolicy": policy})["QueueUrl"], dead

    def delete_queue(self, name: str) -> None:
        """Remove a queue under its users."""
        self._boto3.delete_queue(QueueUrl=self._boto3.get_queue_url(QueueName=name)["QueueUrl"])

    def _one_at_a_time(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        ends = time.monotonic()
        if environ.get("HTTP_X_AMZ_TARGET") == "AmazonSQS.ReceiveMessage":
            asked = json.loads(body)
            ends += asked.pop("WaitTimeSeconds", 0)
            body = json.dumps({**asked, "WaitTimeSeconds": 0}).encode()
        while True:
            if self._server is None:
                # Connections of before the stop are still open; a dead server does not answer on them.
                raise ConnectionAbortedError
            answer: list[Any] = []
            environ |= {"wsgi.input": io.BytesIO(body), "CONTENT_LENGTH": str(len(body))}
            with self._lock:
                chunks = list(self._app(environ, lambda *head, into=answer: into.extend(head)))
            content = b"".join(chunks)
            if time.monotonic() >= ends or b'"Messages"' in content:
                start_response(*answer)
                return [content]
            time.sleep(0.02)
