#!/usr/bin/env python3
"""Walks the queues of a real RabbitMQ through the gateway.

RabbitMQ's management API answers /api/queues?page=1&page_size=100 with a page that says how many pages and
queues there are (page_count, total_count). This script starts a RabbitMQ and a gateway of its own on free ports,
with all their files in a temporary folder; makes 250 queues by a batch; lists them by spawners, page after
page and side by side; checks that each list has every queue exactly once; and stops what it has started.

    walk.py [--install] [PATH/TO/Batching.Server.dll]

--install brings the Debian package first (as root or with sudo). Without a path, the debug build is used.
"""

import base64
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

QUEUES = 250
PAGE_SIZE = 100
DEADLINE = 120
RABBITMQ = "/usr/lib/rabbitmq/bin/rabbitmq-server"
AUTHORIZATION = "Basic " + base64.b64encode(b"guest:guest").decode()
REPOSITORY = pathlib.Path(__file__).resolve().parents[3]

steps = 0


def step(text):
    global steps
    steps += 1
    print(f"{steps}. {text}", flush=True)


def check(condition, text):
    if not condition:
        raise AssertionError(text)


def install():
    if not os.path.exists(RABBITMQ):
        root = [] if os.geteuid() == 0 else ["sudo"]
        subprocess.run([*root, "apt-get", "update", "-qq"], check=True)
        subprocess.run([*root, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "install", "-y", "-qq",
                        "--no-install-recommends", "rabbitmq-server"], check=True)


def free_ports(count):
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [s.getsockname()[1] for s in sockets]
    for s in sockets:
        s.close()
    return ports


def call(url, body=None):
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"Authorization": AUTHORIZATION, "Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=30) as response:
        return json.load(response) if response.headers.get_content_type() == "application/json" else response.read()


def wait_for(url, process, log):
    started = time.monotonic()
    while True:
        try:
            return call(url)
        except (urllib.error.URLError, OSError) as error:
            check(process.poll() is None, f"{url}: the process has ended:\n{log.read_text()}")
            check(time.monotonic() - started < DEADLINE, f"{url}: {error}\n{log.read_text()}")
            time.sleep(0.1)


class Programs:
    """Programs in process groups of their own, so that all of each can be stopped, and nothing else."""

    def __init__(self):
        self.running = []

    def start(self, arguments, environment, log):
        with open(log, "wb") as output:
            process = subprocess.Popen(arguments, env={**os.environ, **environment}, stdin=subprocess.DEVNULL,
                                       stdout=output, stderr=subprocess.STDOUT, start_new_session=True)
        self.running.append(process)
        return process

    def stop(self):
        for process in reversed(self.running):
            try:
                os.killpg(process.pid, signal.SIGTERM)
                process.wait(20)
            except ProcessLookupError:
                continue
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()


def start_rabbitmq(programs, home):
    epmd_port, amqp_port, dist_port, http_port = free_ports(4)
    (home / "rabbitmq.conf").write_text(
        f"listeners.tcp.1 = 127.0.0.1:{amqp_port}\n"
        f"management.tcp.ip = 127.0.0.1\nmanagement.tcp.port = {http_port}\n")
    (home / "enabled_plugins").write_text("[rabbitmq_management].\n")
    environment = {
        "HOME": str(home),
        "ERL_EPMD_PORT": str(epmd_port),
        "ERL_EPMD_ADDRESS": "127.0.0.1",
        "RABBITMQ_NODENAME": f"batch{http_port}@localhost",
        "RABBITMQ_NODE_PORT": str(amqp_port),
        "RABBITMQ_DIST_PORT": str(dist_port),
        "RABBITMQ_CONFIG_FILE": str(home / "rabbitmq"),
        "RABBITMQ_ENABLED_PLUGINS_FILE": str(home / "enabled_plugins"),
        "RABBITMQ_MNESIA_BASE": str(home / "mnesia"),
        "RABBITMQ_LOG_BASE": str(home / "log"),
        "RABBITMQ_PID_FILE": str(home / "pid"),
    }
    # A port mapper of its own, too: one that the node starts would stay behind.
    epmd = shutil.which("epmd")
    check(epmd, "epmd is missing")
    programs.start([epmd, "-port", str(epmd_port), "-address", "127.0.0.1"], environment, home / "epmd.log")
    log = home / "rabbitmq.log"
    process = programs.start([RABBITMQ], environment, log)
    address = f"http://127.0.0.1:{http_port}"
    version = wait_for(f"{address}/api/overview", process, log)["rabbitmq_version"]
    step(f"RabbitMQ {version} runs")
    return address


def start_gateway(programs, home, server, upstream):
    address = f"http://127.0.0.1:{free_ports(1)[0]}"
    log = home / "gateway.log"
    process = programs.start(["dotnet", str(server)], {
        "ASPNETCORE_URLS": address,
        "ASPNETCORE_ENVIRONMENT": "Production",
        "Batch__Upstream": upstream,
        "Batch__DataDirectory": str(home / "data"),
    }, log)
    wait_for(f"{address}/healthz", process, log)
    step("the gateway runs")
    return f"{address}/api/v0/batch"


def run(gateway, requests):
    """The results of a batch, in the order in which they were stored."""
    batch = call(gateway, requests)["Batch"]
    results = []
    started = time.monotonic()
    while True:
        page = call(f"{gateway}/{batch['id']}?after={len(results)}")["Batch"]
        results += page["Requests"]
        if not page["Requests"] and page["runningRequests"] == 0:
            return results
        check(time.monotonic() - started < DEADLINE, f"batch {batch['id']} does not end")
        time.sleep(0.02)


def walk(gateway, names, pagination, behind=0):
    started = time.monotonic()
    results = run(gateway, [{
        "path": "api/queues",
        "spawner": True,
        "pagination": {"style": "page", "page_size": PAGE_SIZE, **pagination},
    }])
    took = time.monotonic() - started
    pages = [result for result in results[1:] if result["responseStatusCode"] == 200]
    found = [queue["name"] for page in pages for queue in page["response"]["items"]]
    check(len(found) == len(set(found)), f"{len(found) - len(set(found))} queues were listed twice")
    check(set(found) == names, f"{len(names - set(found))} queues are missing")
    check(len(results) == 1 + -(-QUEUES // PAGE_SIZE) + behind, f"{len(results)} requests")
    check(all(result["responseStatusCode"] == 200 for result in results[:len(results) - behind]), f"{results[-1]}")
    step(f"{json.dumps(pagination)}: {len(found)} queues in {len(pages)} pages, {took * 1000:.0f} ms")


def main():
    arguments = sys.argv[1:]
    if "--install" in arguments:
        arguments.remove("--install")
        install()
    server = pathlib.Path(arguments[0]) if arguments else (
        REPOSITORY / "src/Batching.Server/bin/Debug/net10.0/Batching.Server.dll")
    check(os.path.exists(RABBITMQ), "needs the Debian package rabbitmq-server")
    check(server.exists(), f"needs the gateway: {server} is not built")

    programs = Programs()
    home = pathlib.Path(tempfile.mkdtemp(prefix="batch-rabbitmq-"))
    try:
        upstream = start_rabbitmq(programs, home)
        gateway = start_gateway(programs, home, server, upstream)

        names = {f"queue-{number:04}" for number in range(QUEUES)}
        # In a virtual host with a name: the default one is called "/", and the gateway takes no %2F in a path.
        host, = run(gateway, [{"path": "api/vhosts/shop", "method": "PUT", "body": {}}])
        check(host["responseStatusCode"] == 201, f"{host}")
        made = run(gateway, [{"path": f"api/queues/shop/{name}", "method": "PUT", "body": {"durable": True}}
                             for name in sorted(names)])
        check(all(result["responseStatusCode"] == 201 for result in made), f"{made[0]}")
        step(f"{len(made)} queues are made by one batch")

        walk(gateway, names, {"page_count_pointer": "/page_count", "sequential": True})
        walk(gateway, names, {"total_pointer": "/total_count", "sequential": True})
        walk(gateway, names, {"page_count_pointer": "/page_count"})
        walk(gateway, names, {"total_pointer": "/total_count"})
        # Without a total the last page shows the end, because it is short.
        walk(gateway, names, {"items_pointer": "/items"})
        print(f"all {steps} steps ok", flush=True)
    finally:
        programs.stop()
        shutil.rmtree(home)


if __name__ == "__main__":
    main()
