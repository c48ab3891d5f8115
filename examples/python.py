"""Submits a batch and streams its results: python3 examples/python.py [http://localhost:8080]"""
import http.client
import json
import sys
import time
import urllib.error
import urllib.request

URL = (sys.argv[1] if len(sys.argv) > 1 else "http://localhost:8080") + "/api/v0/batch"

CALLS = [
    {"path": "sample/items", "params": {"limit": 2}},
    {"path": "sample/image.png"},
    {"path": "sample/slow?ms=500"},
]


def records(batch_id, after):
    """The records of a stream, as long as it lasts."""
    # A quiet stream gives a sign of life every 15 s.
    with urllib.request.urlopen(f"{URL}/{batch_id}/results?after={after}", timeout=60) as stream:
        for line in stream:
            if line.endswith(b"\n"):
                yield json.loads(line)


def main():
    with urllib.request.urlopen(URL, json.dumps(CALLS).encode()) as reply:
        batch_id = json.load(reply)["Batch"]["id"]
    print("batch", batch_id)

    # A stream may be cut at any time. It goes on behind the last result that is dealt with.
    after, running = 0, True
    while running:
        try:
            for record in records(batch_id, after):
                if "Request" in record:
                    print(f"result {record['position']}: status {record['Request']['responseStatusCode']}")
                    after = record["position"]
                elif record.get("end"):
                    running = record["runningRequests"] > 0
        except urllib.error.HTTPError as error:
            if error.code < 500:
                raise
        except (OSError, http.client.HTTPException) as error:
            print("cut:", error)
        if running:
            time.sleep(1)
    print("done")


main()
