#!/usr/bin/env python3
"""Sends one receipt and waits until it is final. Standard library only.

    SEGMENTFLOW_API_KEY=sk_live_... python3 send.py alex@example.com ord_9421
"""
import json
import os
import sys
import time
import urllib.error
import urllib.request

BASE = os.environ.get("SEGMENTFLOW_BASE_URL", "http://127.0.0.1:3001")
KEY = os.environ.get("SEGMENTFLOW_API_KEY", "")
TRIES = 5
LOOKS = 60
ANSWER_S = 30
TEMPORARY = (429, 500, 502, 503, 504)  # 502 and 504 come from a proxy


class Refused(Exception):
    """What repeating will not change."""


def explain(error):
    try:
        answer = json.load(error)
    except ValueError:
        return f"{error.code}: not an answer of Segmentflow"
    lines = [f"{answer.get('errorCode')}: {answer.get('message')}"]
    lines += [f"  {row['path']}: {row['message']}" for row in answer.get("details", [])]
    return "\n".join(lines)


class Temporary(Exception):
    """No answer, or one that repeating may change; wait says in how many seconds, if known."""

    def __init__(self, problem, wait=None):
        super().__init__(problem)
        self.wait = wait


def attempt(method, path, body, headers):
    request = urllib.request.Request(BASE + path, method=method, headers={
        "x-api-key": KEY, "content-type": "application/json", **(headers or {})})
    if body is not None:
        request.data = json.dumps(body).encode()
    try:
        with urllib.request.urlopen(request, timeout=ANSWER_S) as response:
            return json.load(response)
    except urllib.error.HTTPError as error:
        problem = explain(error)
        if error.code not in TEMPORARY:
            raise Refused(problem) from error
        raise Temporary(problem, error.headers.get("retry-after")) from error
    except OSError as error:
        raise Temporary(f"no answer from {BASE} ({getattr(error, 'reason', error)})") from error


def call(method, path, body=None, headers=None):
    """Repeating is safe: the idempotency key makes all tries one email."""
    for number in range(1, TRIES + 1):
        try:
            return attempt(method, path, body, headers)
        except Temporary as problem:
            if number == TRIES:
                raise Refused(f"{problem}; gave up after {TRIES} tries") from problem
            wait = int(problem.wait or 2 ** number)
            print(f"{problem}; try {number} of {TRIES}, the next in {wait} s", file=sys.stderr)
        time.sleep(wait)


def main():
    if not KEY or len(sys.argv) < 2:
        sys.exit("usage: SEGMENTFLOW_API_KEY=sk_live_... python3 send.py ADDRESS [ORDER_ID]")
    order = sys.argv[2] if len(sys.argv) > 2 else "ord_9421"
    email = call("POST", "/api/v1/emails", {
        "templateKey": "receipt-default",
        "to": {"email": sys.argv[1]},
        "data": {"orderId": order, "orderTotal": "49.00"},
    }, {"Idempotency-Key": f"order-confirmation:{order}"})
    print("accepted", email["id"])

    for _ in range(LOOKS):
        if email["status"] not in ("Queued", "Processing"):
            break
        time.sleep(1)
        email = call("GET", f"/api/v1/emails/{email['id']}")
    reason = email["failureReason"] or email["skippedReason"]
    print(f"{email['status']}: {reason}" if reason else email["status"])


if __name__ == "__main__":
    try:
        main()
    except Refused as error:
        sys.exit(str(error))
