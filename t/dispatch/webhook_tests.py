"""Webhooks, to receivers on loopback."""

import base64
import ipaddress
import json
import socket
import sys
import threading
import time
from collections import namedtuple
from email.utils import formatdate

from receiver import verify
from tap import has, is_, ok, test
from world import TOP

sys.path.insert(0, f'{TOP}/src/dispatch')

import webhook                              # noqa: E402

SECRET = 'whsec_' + base64.b64encode(bytes(range(32))).decode()
OLD = 'whsec_' + base64.b64encode(bytes(range(32, 64))).decode()


def send(world, url, *options, **more):
    """Sends one there; returns its id."""
    number = world.webhook(world.endpoint(url, SECRET))
    world.once(*world.local(*options), **more)
    return number


@test('an event of an order is posted, signed and complete')
def order(world):
    import mail_tests

    world.sql('UPDATE shop.outbox_settings SET mail = false')
    world.endpoint(world.receiver.url('/hook?a=ü b'), SECRET)
    placed = mail_tests.place_order(world)
    world.once(*world.local())

    request, = world.receiver.got
    row = world.sql('SELECT * FROM shop.outbox')[0]
    body = json.loads(request.body)
    headers = request.headers

    is_(request.path, '/hook?a=%C3%BC%20b', 'path')
    is_(verify(request, SECRET), ['ok'], 'signature')
    is_(headers['webhook-id'], str(row.id), 'webhook-id')
    is_(headers['Content-Type'], 'application/json', 'Content-Type')
    is_(headers['User-Agent'], 'nginx-order-dispatch', 'User-Agent')
    is_(headers['Host'], f'localhost:{world.receiver.https.port}', 'Host')
    is_(request.body.decode(), row.body, 'body')
    is_((body['type'], body['data']['orderId']),
        ('order.created', placed['order_id']), 'what it tells')
    is_((row.state, world.last(row.id).code, world.last(row.id).note),
        ('done', 204, '204 No Content'), 'the row')


@test('the signature is that of the specification')
def vector(world):
    is_(webhook.signature(
        ['whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'],
        'msg_p5jXN8AQM9LWM0D4loKWxJek', 1614265330, b'{"test": 2432232314}'),
        'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=', 'signature')


@test('while a secret is replaced both sign, the newer first')
def rotation(world):
    world.webhook(world.endpoint(world.receiver.url('/'), SECRET, OLD))
    world.once(*world.local())
    request, = world.receiver.got
    is_(verify(request, SECRET, OLD, 'whsec_' + 'A' * 32),
        ['ok', 'ok', 'No matching signature found'], 'signatures')
    first = request.headers['webhook-signature'].split()[0]
    is_(first, webhook.signature(
        [SECRET], request.headers['webhook-id'],
        request.headers['webhook-timestamp'], request.body), 'the first')


@test('a failure is repeated: the same id and bytes, signed anew')
def failure(world):
    world.receiver.answer('/', lambda handler: handler.answer(
        500, b'\x1b[31mno disk\r\n' + b'x' * 100000))
    number = send(world, world.receiver.url('/'))
    row = world.row(number)
    is_((row.state, world.last(number).code), ('waiting', 500), 'the row')
    has(world.last(number).note, '500 Internal Server Error: [31mno disk xx',
        'note')
    ok(len(world.last(number).note) <= 500, 'the note is short')

    world.receiver.answer('/', 200)
    world.sql("""UPDATE shop.outbox
                    SET created_at = created_at - interval '1 hour'""")
    time.sleep(1)           # another timestamp
    world.due()
    world.once(*world.local())
    first, second = world.receiver.got
    is_(world.row(number).state, 'done', 'the row')
    is_(second.headers['webhook-id'], first.headers['webhook-id'], 'id')
    is_(second.body, first.body, 'body')
    is_(verify(second, SECRET), ['ok'], 'signature')
    ok(second.headers['webhook-timestamp']
       > first.headers['webhook-timestamp'], 'timestamp')
    ok(second.headers['webhook-signature']
       != first.headers['webhook-signature'], 'another signature')


@test('410 ends it, and the endpoint')
def gone(world):
    world.receiver.answer('/', 410)
    number = send(world, world.receiver.url('/'))
    is_((world.row(number).state, world.last(number).code), ('failed', 410),
        'the row')
    is_(world.one('SELECT disabled FROM shop.webhook_endpoints'), 'gone',
        'the endpoint')


@test('a redirect is a failure, wherever it leads')
def redirect(world):
    for code in 301, 302, 307, 308:
        world.receiver.answer('/', lambda handler: handler.answer(
            code, Location=f'http://127.0.0.1:{world.receiver.http.port}/in'))
        number = send(world, world.receiver.url('/'))
        is_((world.row(number).state, world.last(number).code),
            ('waiting', code), 'the row')
        has(world.last(number).note, 'redirects are not followed', 'note')
        world.sql('DELETE FROM shop.outbox')

    is_(world.receiver.http.got, [], 'requests that followed')


@test('Retry-After is kept to, a number or a date')
def retry_after(world):
    for value, seconds in (('7200', 7200), (formatdate(
            time.time() + 7200, usegmt=True), 7200), ('soon', 5), ('-1', 5),
            ('9' * 30, 5), ('99999999', 86400)):
        world.receiver.answer('/', lambda handler: handler.answer(
            503, Retry_After=value))
        number = send(world, world.receiver.url('/'))
        wait = world.one("""SELECT extract(epoch FROM o.due_at - a.ended_at)
                              FROM shop.outbox o
                              JOIN shop.outbox_attempts a ON outbox_id = id
                             WHERE id = %s""", number)
        ok(seconds - 90 < wait <= seconds + 10, f'{value}: {wait} s')
        world.sql('DELETE FROM shop.outbox')


@test('the tenth attempt is the last one, whatever Retry-After says')
def tenth(world):
    world.receiver.answer('/', lambda handler: handler.answer(
        503, Retry_After='60'))
    number = world.webhook(world.endpoint(world.receiver.url('/'), SECRET))
    world.sql('UPDATE shop.outbox SET attempt = 9')
    world.once(*world.local())
    is_((world.row(number).state, world.row(number).attempt), ('failed', 10),
        'the row')


@test('an attempt ends with the timeout, however slowly it is answered')
def timeout(world):
    gone = threading.Event()

    def drip(handler):
        try:
            handler.wfile.write(b'HTTP/1.1 200 OK\r\n')
            while True:
                handler.wfile.write(b'X')
                time.sleep(0.02)
        except OSError:
            gone.set()

    world.receiver.answer('/', drip)
    number = send(world, world.receiver.url('/'), '--timeout', '1s')
    is_((world.last(number).code, world.last(number).note),
        (None, 'no end after 1 s'), 'a header that drips')
    ok(gone.wait(60), 'the connection is closed')

    silent = world.receiver.silent.getsockname()[1]
    number = send(world, f'https://localhost:{silent}/', '--timeout', '1s')
    is_(world.last(number).note, 'no end after 1 s', 'no handshake')
    ok(world.last(number).took.total_seconds() < 10, 'took')


@test('once the status is there nobody waits for the body')
def body(world):
    def slow(code):
        def answer(handler):
            handler.wfile.write(f'HTTP/1.1 {code} X\r\nContent-Length: 9999'
                                '\r\nRetry-After: 3600\r\n\r\n'.encode())
            threading.Event().wait(20)
        return answer

    world.receiver.answer('/', slow(202))
    number = send(world, world.receiver.url('/'), '--timeout', '5s')
    is_((world.row(number).state, world.last(number).code), ('done', 202),
        'a good one')
    world.receiver.answer('/', slow(429))
    number = send(world, world.receiver.url('/'), '--timeout', '1s')
    is_((world.row(number).state, world.last(number).code), ('waiting', 429),
        'a bad one')
    is_(world.one("""SELECT due_at > now() + interval '30 min'
                       FROM shop.outbox WHERE id = %s""", number), True,
        'Retry-After')


@test('private addresses are refused, however they are named')
def private(world):
    port = world.receiver.https.port
    hosts = ['127.0.0.1', 'localhost', '[::1]', '[::ffff:127.0.0.1]',
             '2130706433', '0x7f.1', '0.0.0.0', '[::]', '10.0.0.1',
             '169.254.169.254', '[fe80::1]', '[64:ff9b::7f00:1]']
    numbers = [world.webhook(world.endpoint(f'https://{host}:{port}/', SECRET))
               for host in hosts]
    world.once()

    for number, host in zip(numbers, hosts):
        is_(world.row(number).state, 'waiting', host)
        has(world.last(number).note, 'is at a private address: refused', host)

    is_(world.receiver.got, [], 'requests')

    world.due()
    world.once('--allow-private', '10.0.0.0/8', '192.168.0.0/16')
    is_(world.receiver.got, [], 'requests, with others allowed')


@test('which addresses are private')
def addresses(world):
    def allowed(text):
        return webhook.address_allowed(text, [])

    for text in ('8.8.8.8', '1.1.1.1', '2606:4700::1111', '::ffff:8.8.8.8',
                 '64:ff9b::808:808'):
        ok(allowed(text), f'{text} is for all')

    for text in ('0.0.0.0', '10.1.2.3', '100.64.0.1', '127.9.9.9',
                 '169.254.1.1', '172.16.0.1', '172.31.255.255', '192.0.0.8',
                 '192.0.2.1', '192.88.99.1', '192.168.1.1', '198.18.0.1',
                 '198.51.100.1', '203.0.113.1', '224.0.0.1', '239.1.1.1',
                 '240.0.0.1', '255.255.255.255', '::', '::1', '::7f00:1',
                 '::ffff:10.0.0.1', '64:ff9b::a00:1', '64:ff9b:1::808:808',
                 '100::1', '2001::1', '2001:db8::1', '2001:10::1',
                 '2002:808:808::1', '2002:7f00:1::', '3fff::1', 'fc00::1',
                 'fd12::1', 'fe80::1', 'fe80::1%eth0', 'fec0::1', 'ff02::1'):
        ok(not allowed(text), f'{text} is private')

    nets = [ipaddress.ip_network('10.0.0.0/8'),
            ipaddress.ip_network('fd00::/8')]
    ok(webhook.address_allowed('::ffff:10.0.0.1', nets), 'allowed, inside')
    ok(webhook.address_allowed('fd12::1', nets), 'allowed')
    ok(not webhook.address_allowed('192.168.1.1', nets), 'another one')


@test('the address that was checked is the one that is connected to')
def pinned(world):
    """A name that is harmless when it is checked, and ours afterwards."""
    row = namedtuple('Row', 'id url secrets payload content_type')(
        'msg_1', f'http://rebind.example:{world.receiver.http.port}/',
        [SECRET], '{}', 'application/json')
    real, asked = socket.getaddrinfo, []

    def first(host, *rest, **more):
        asked.append(host)
        return real('127.0.0.1' if len(asked) == 1 else '127.0.0.2', *rest,
                    **more)

    socket.getaddrinfo = first

    try:
        sender = webhook.Webhooks([ipaddress.ip_network('127.0.0.1')], 10)
        is_(sender.send(row)[0], 204, 'code')
    finally:
        socket.getaddrinfo = real

    is_(asked, ['rebind.example'], 'names that were looked up')
    is_(world.receiver.http.got[0].headers['Host'],
        f'rebind.example:{world.receiver.http.port}', 'Host')

    socket.getaddrinfo = lambda *_, **__: real('127.0.0.1', 443) + real(
        '127.0.0.2', 443)

    try:
        sender.send(row)
    except webhook.Failure as failure:
        has(str(failure), 'private address', 'one of two is private')
    else:
        raise AssertionError('sent, though one of two is private')
    finally:
        socket.getaddrinfo = real


@test('a certificate that is not right is a failure')
def certificate(world):
    port = world.receiver.https.port
    number = send(world, f'https://127.0.0.1:{port}/')
    has(world.last(number).note, 'certificate is not valid', 'name')
    number = send(world, world.receiver.url('/'), SSL_CERT_FILE='/dev/null')
    has(world.last(number).note, 'certificate verify failed', 'authority')
    is_(world.receiver.got, [], 'requests')


@test('a proxy of the environment is not used')
def proxy(world):
    nowhere = 'http://127.0.0.1:1'
    number = send(world, world.receiver.url('/'), https_proxy=nowhere,
                  HTTPS_PROXY=nowhere, ALL_PROXY=nowhere)
    is_(world.row(number).state, 'done', 'the row')


@test('what is no answer of HTTP, or none at all, is a failure')
def nonsense(world):
    for answer in b'SSH-2.0-OpenSSH\r\n', b'', b'HTTP/1.1 abc\r\n\r\n':
        world.receiver.answer(
            '/', lambda handler: handler.wfile.write(answer))
        number = send(world, world.receiver.url('/'))
        is_((world.row(number).state, world.last(number).code),
            ('waiting', None), f'{answer}')

    with socket.create_server(('127.0.0.1', 0)) as closed:
        port = closed.getsockname()[1]
    number = send(world, f'https://localhost:{port}/')
    has(world.last(number).note, 'Connection refused', 'nobody listens')

    for url in ('https://nowhere.invalid/', 'https://[::1/', 'https://',
                'https://localhost:port/', 'https://user@localhost/',
                'ftp://localhost/', 'https://a..b/', '//localhost/', 'x'):
        number = send(world, url)
        is_((world.row(number).state, world.last(number).code),
            ('waiting', None), url)
