"""An SMTP sink for tests: python smtp.py SMTP_PORT HTTP_PORT, both on loopback unless SINK_HOST names
another address to listen on.

GET /messages lists what was taken, oldest first: [{"from", "to": [...], "subject", "text", "html", "raw"}].
DELETE /messages forgets it. A recipient such as refuse-550@example.com is refused with that code; one such as spurn-554@example.com
is taken, and its message refused.
"""

import email
import email.policy
import json
import os
import re
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from aiosmtpd.controller import Controller

taken = []


class Sink:
    async def handle_RCPT(self, server, session, envelope, address, options):
        refused = re.match(r"refuse-([45]\d\d)@", address)
        if refused:
            return f"{refused.group(1)} refused as asked"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        for recipient in envelope.rcpt_tos:
            spurned = re.match(r"spurn-([45]\d\d)@", recipient)
            if spurned:
                return f"{spurned.group(1)} spurned as asked"
        message = email.message_from_bytes(envelope.content, policy=email.policy.default)
        taken.append(
            {
                "from": envelope.mail_from,
                "to": list(envelope.rcpt_tos),
                "subject": str(message["subject"] or ""),
                "text": body(message, "plain"),
                "html": body(message, "html"),
                "raw": envelope.content.decode("utf-8", "replace"),
            }
        )
        return "250 taken"


def body(message, kind):
    part = message.get_body(preferencelist=(kind,))
    return part.get_content() if part is not None else None


class List(BaseHTTPRequestHandler):
    def answer(self, status, value):
        content = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def do_GET(self):
        self.answer(200, taken) if self.path == "/messages" else self.answer(404, {"detail": "see /messages"})

    def do_DELETE(self):
        taken.clear()
        self.answer(200, [])

    def log_message(self, *_):
        pass


host = os.environ.get("SINK_HOST", "127.0.0.1")
Controller(Sink(), hostname=host, port=int(sys.argv[1])).start()
ThreadingHTTPServer((host, int(sys.argv[2])), List).serve_forever()
