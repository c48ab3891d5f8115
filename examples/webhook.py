"""Receives the messages of webhooks: SECRET=whsec_… python3 examples/webhook.py [8090]"""
import base64
import hashlib
import hmac
import json
import os
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

key = base64.b64decode(os.environ["SECRET"].removeprefix("whsec_"))
seen = set()


class Receiver(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        signed = is_signed(self.headers, body)
        # A message may come more than once; its id stays the same. A program that is restarted keeps them in its database.
        if signed and self.headers["webhook-id"] not in seen:
            message = json.loads(body)
            data = message["data"]
            print(f"{message['type']} {data['batch_id']}: {data['failed_requests']} of {data['total_requests']} failed", flush=True)
            seen.add(self.headers["webhook-id"])
        self.send_response(204 if signed else 400)
        self.end_headers()

    def log_message(self, *_):
        pass


def is_signed(headers, body):
    """Whether a message is from the gateway, and not older than five minutes."""
    stamp = headers.get("webhook-timestamp", "0")
    if not stamp.isdecimal() or abs(time.time() - int(stamp)) > 300:
        return False
    text = f"{headers['webhook-id']}.{stamp}.".encode() + body
    expected = "v1," + base64.b64encode(hmac.new(key, text, hashlib.sha256).digest()).decode()
    return any(hmac.compare_digest(given, expected) for given in headers.get("webhook-signature", "").split(" "))


server = ThreadingHTTPServer(("", int(sys.argv[1]) if len(sys.argv) > 1 else 8090), Receiver)
print("listening", flush=True)
server.serve_forever()
