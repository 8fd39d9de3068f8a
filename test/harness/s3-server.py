"""A real S3 server for the tests: OpenStack Swift with its S3 API, whole in one process, all of it on loopback.

    python3 s3-server.py FOLDER

Prints one line of JSON, {"endpoint", "accessKeyId", "secretAccessKey"}, once it answers, and ends when its standard
input does, so that it cannot outlive the tests that started it. Objects are kept in memory, the rest below FOLDER.

S3 servers differ in what they make of `If-None-Match: *` at a PUT. Swift's S3 API answers 501, though Swift itself knows
it: for buckets named `conditional-...` the header is passed on to Swift, as newer servers have it, and for `ignorant-...`
it is dropped in silence, as older ones do.
"""
import eventlet

eventlet.monkey_patch()

import json
import os
import sys
import threading
import time

from eventlet import wsgi
from paste.deploy import loadapp
from swift.common.ring import RingBuilder
from swift.common.storage_policy import reload_storage_policies
from swift.common import storage_policy, utils
from swift.common.middleware.s3api.s3request import S3Request
from swift.common.wsgi import SwiftHttpProtocol

KEY_ID, SECRET = 'tests:frontrow', 'secret-of-the-tests'

SWIFT_CONF = """
[swift-hash]
swift_hash_path_suffix = tests
swift_hash_path_prefix = tests
"""

BACKEND = """
[DEFAULT]
swift_dir = {folder}
devices = {folder}/devices
mount_check = false
disable_fallocate = true
log_level = ERROR
[pipeline:main]
pipeline = app
[app:app]
use = egg:swift#{kind}
"""

PROXY = """
[DEFAULT]
swift_dir = {folder}
log_level = ERROR
[pipeline:main]
pipeline = catch_errors gatekeeper listing_formats s3api tempauth bulk copy slo proxy-server
[app:proxy-server]
use = egg:swift#proxy
account_autocreate = true
# A test may well ask for what it has just replaced.
recheck_container_existence = 0
recheck_account_existence = 0
[filter:catch_errors]
use = egg:swift#catch_errors
[filter:gatekeeper]
use = egg:swift#gatekeeper
[filter:listing_formats]
use = egg:swift#listing_formats
[filter:s3api]
use = egg:swift#s3api
location = us-east-1
[filter:tempauth]
use = egg:swift#tempauth
user_tests_frontrow = {secret} .admin
[filter:bulk]
use = egg:swift#bulk
delete_concurrency = 4
[filter:copy]
use = egg:swift#copy
[filter:slo]
use = egg:swift#slo
"""


class Cache:
    """What Swift keeps in memcached, kept here."""

    def __init__(self):
        self.kept = {}

    def get(self, key, **_):
        value, until = self.kept.get(key, (None, 0))
        return value if until == 0 or until > time.time() else None

    def set(self, key, value, time=0, **_):
        self.kept[key] = (value, globals()['time'].time() + time if time else 0)

    def incr(self, key, delta=1, time=0, **_):
        value = max(0, int(self.get(key) or 0) + delta)
        self.set(key, value, time=time)
        return value

    def decr(self, key, delta=1, time=0, **_):
        return self.incr(key, -delta, time=time)

    def delete(self, key, **_):
        self.kept.pop(key, None)


def write(folder, name, text, **values):
    path = os.path.join(folder, name)
    with open(path, 'w') as file:
        file.write(text.format(folder=folder, secret=SECRET, **values))
    return path


def ring(folder, kind, port):
    builder = RingBuilder(4, 1, 1)
    device = {'region': 1, 'zone': 1, 'ip': '127.0.0.1', 'port': port, 'device': 'disk', 'weight': 1.0}
    builder.add_dev({**device, 'replication_ip': '127.0.0.1', 'replication_port': port})
    builder.rebalance()
    builder.get_ring().save(os.path.join(folder, f'{kind}.ring.gz'))


def serve(listener, app):
    pool = eventlet.GreenPool(256)
    options = {'log_output': False, 'protocol': SwiftHttpProtocol, 'custom_pool': pool, 'keepalive': 60}
    eventlet.spawn(wsgi.server, listener, app, open(os.devnull, 'w'), **options)


def take_conditions():
    validate, to_swift = S3Request._validate_headers, S3Request.to_swift_req
    kind = lambda request: (request.container_name or '').split('-')[0]

    def validate_rest(self):
        held = self.environ.pop('HTTP_IF_NONE_MATCH', None) if kind(self) in ('conditional', 'ignorant') else None
        validate(self)
        if held is not None:
            self.environ['HTTP_IF_NONE_MATCH'] = held

    def pass_on(self, *given, **named):
        request = to_swift(self, *given, **named)
        if kind(self) == 'ignorant':
            request.environ.pop('HTTP_IF_NONE_MATCH', None)
        return request

    S3Request._validate_headers, S3Request.to_swift_req = validate_rest, pass_on


def main(folder):
    take_conditions()
    os.makedirs(os.path.join(folder, 'devices', 'disk'))
    utils.SWIFT_CONF_FILE = write(folder, 'swift.conf', SWIFT_CONF)
    storage_policy.utils.SWIFT_CONF_FILE = utils.SWIFT_CONF_FILE
    utils.validate_hash_conf()
    reload_storage_policies()
    for kind, app in (('account', 'account'), ('container', 'container'), ('object', 'mem_object')):
        listener = eventlet.listen(('127.0.0.1', 0), backlog=512)
        ring(folder, kind, listener.getsockname()[1])
        serve(listener, loadapp('config:' + write(folder, f'{kind}.conf', BACKEND, kind=app)))
    proxy = loadapp('config:' + write(folder, 'proxy.conf', PROXY))
    cache = Cache()

    def cached(env, start_response):
        env['swift.cache'] = cache
        return proxy(env, start_response)

    listener = eventlet.listen(('127.0.0.1', 0), backlog=512)
    serve(listener, cached)
    endpoint = f'http://127.0.0.1:{listener.getsockname()[1]}'
    print(json.dumps({'endpoint': endpoint, 'accessKeyId': KEY_ID, 'secretAccessKey': SECRET}), flush=True)


def leave_with_parent():
    original = eventlet.patcher.original('os')
    while original.read(0, 1024):
        pass
    original._exit(0)


if __name__ == '__main__':
    eventlet.patcher.original('threading').Thread(target=leave_with_parent, daemon=True).start()
    main(sys.argv[1])
    while True:
        eventlet.sleep(3600)
