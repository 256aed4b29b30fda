"""Mail, over SMTP and through sendmail, to Debian's exim."""

import email
import email.policy
import email.utils
import os
import re
import signal
import socket
import threading
import time

from tap import has, is_, ok, test
from world import DIR, wait_for

PRODUCT = '00000000-0000-7000-8000-000000000331'


def place_order(world):
    return world.call('POST', '/api/place-order', {
        'payment_method': 'card',
        'items': [{'product_id': PRODUCT, 'quantity': 1}],
        'shipping_address': {'name': 'Zoë', 'street': 'Größenweg 1',
                             'city': 'Zürich', 'zipCode': '8000'}},
        'buyer@example.com')


def arrived(world, count):
    """So many mails, the oldest first, as programs read them."""
    found = wait_for(f'{count} mails', lambda: len(box := world.exim.box())
                     >= count and box)
    is_(len(found), count, 'mails')
    parsed = [email.message_from_bytes(bytes(one), policy=email.policy.default)
              for one in found]

    return sorted(parsed, key=lambda one: one['Message-ID'])


def via(world, *options):
    return '--webhooks', 'off', '--mail', world.exim.plain, *options


@test('nothing is sent, and nothing written, while mail is off')
def mail_off(world):
    world.sql('UPDATE shop.outbox_settings SET mail = false')
    place_order(world)
    world.once(*via(world))
    is_(world.one('SELECT count(*) FROM shop.outbox'), 0, 'rows')
    is_(world.exim.box(), [], 'mails')

    world.sql('UPDATE shop.outbox_settings SET mail = true')
    number = world.mail()
    world.once()
    is_(world.row(number).state, 'waiting', 'without --mail')


@test('a buyer gets the confirmation of an order, and mail of its status')
def order(world):
    world.sql("""UPDATE shop.users SET first_name = 'Jörg 🙂',
                        last_name = 'Łukasz-O''Neill, Jr.'
                  WHERE email = 'buyer@example.com'""")
    placed = place_order(world)
    world.call('POST', '/seller/update-order-status', {
        'order_id': placed['order_id'], 'new_status': 'confirmed'},
        'seller@example.com')
    log = world.once(*via(world))
    is_(log.count(' done'), 2, 'said to be done')

    for one in arrived(world, 2):
        number = re.fullmatch(r'<([0-9a-f-]{36})@example\.com>',
                              one['Message-ID'])[1]
        row = world.row(number)
        sender, = one['From'].addresses
        to, = one['To'].addresses

        is_(row.state, 'done', 'the row')
        is_((sender.addr_spec, sender.display_name),
            ('shop@example.com', 'Café Größe'), 'From')
        is_((to.addr_spec, to.display_name),
            ('buyer@example.com', "Jörg 🙂 Łukasz-O'Neill, Jr."), 'To')
        is_(one['Subject'], row.subject, 'Subject')
        has(one['Subject'], placed['order_number'], 'Subject')
        is_(one['Auto-Submitted'], 'auto-generated', 'Auto-Submitted')
        is_(one['Date'].datetime.timestamp(),
            int(row.created_at.timestamp()), 'Date')
        is_(one.get_content_charset(), 'utf-8', 'charset')
        is_(one.get_content().split(), row.body.split(), 'body')
        has(one.get_content(), 'https://shop.example.com/', 'the link')

    text = ''.join(one.get_content() for one in world_mails(world))
    has(text, 'Größenweg', 'the address of delivery')
    is_(world.last(number).code, 250, 'code')
    ok('buyer@' not in log and 'Jörg' not in log, 'the log names nobody')


def world_mails(world):
    return [email.message_from_bytes(bytes(one), policy=email.policy.default)
            for one in world.exim.box()]


@test('a running dispatcher sends what is written, at once')
def rings(world):
    dispatcher = world.start(*via(world))
    dispatcher.says('started')
    world.call('POST', '/seller/update-order-status', {
        'order_id': place_order(world)['order_id'],
        'new_status': 'confirmed'}, 'seller@example.com')
    arrived(world, 2)


@test('through sendmail')
def sendmail(world):
    number = world.mail(subject='Grüße', body='Zeile\n.\nnach dem Punkt\n')
    world.once('--webhooks', 'off', '--mail',
               f'sendmail:{world.exim.sendmail}')
    one, = arrived(world, 1)
    is_(one['Message-ID'], f'<{number}@example.com>', 'Message-ID')
    is_(one['Return-path'] or one['From'].addresses[0].addr_spec,
        'shop@example.com', 'sender')
    is_(one.get_content(), 'Zeile\n.\nnach dem Punkt\n', 'body')
    is_(world.last(number).code, 0, 'code')


@test('sendmail tells whether it may be repeated')
def sendmail_codes(world):
    for code, state in (75, 'waiting'), (69, 'waiting'), (67, 'failed'):
        path = f'{DIR}/exit-{code}'
        with open(path, 'w') as file:
            file.write(f'#!/bin/sh\ncat > /dev/null\necho no >&2\n'
                       f'exit {code}\n')
        os.chmod(path, 0o755)

        number = world.mail()
        world.once('--webhooks', 'off', '--mail', f'sendmail:{path}')
        last = world.last(number)
        is_((world.row(number).state, last.code, last.note),
            (state, code, f'sendmail: exit code {code} no'), f'{code}')
        world.sql('DELETE FROM shop.outbox')

    number = world.mail()
    world.once('--webhooks', 'off', '--mail', f'sendmail:{DIR}/nothing')
    is_(world.row(number).state, 'waiting', 'no sendmail')


@test('STARTTLS, with a certificate that is checked')
def starttls(world):
    options = '--webhooks', 'off', '--mail'
    number = world.mail()
    world.once(*options, world.exim.encrypted, SSL_CERT_FILE='/dev/null')
    has(world.last(number).note, 'certificate verify failed', 'authority')

    world.due()
    other = world.exim.encrypted.replace('localhost', '127.0.0.1')
    world.once(*options, other)
    has(world.last(number).note, 'certificate is not valid', 'name')
    is_(world.exim.box(), [], 'mails')

    world.due()
    world.once(*options, world.exim.encrypted)
    one, = arrived(world, 1)
    has(one['Received'], 'esmtps', 'how it came')


@test('logs in with the password of a file; another is no end of the mail')
def login(world):
    path = f'{DIR}/smtp.password'
    server = world.exim.encrypted.replace('//', '//shop@')
    options = ('--webhooks', 'off', '--mail', server, '--mail-password-file',
               path)
    number = world.mail(to='members@example.com')

    with open(path, 'w') as file:
        file.write('wrong\n')
    log = world.once(*options)
    is_((world.row(number).state, world.last(number).code), ('waiting', 535),
        'wrong password')
    ok('wrong' not in log, 'the log has no password')

    with open(path, 'w') as file:
        file.write('s p\n')
    world.due()
    world.once(*options)
    one, = arrived(world, 1)
    has(one['Received'], 'esmtpsa', 'how it came')


@test('a recipient who is refused is given up; one who is busy is not')
def refused(world):
    nobody = world.mail(to='nobody@example.com')
    later = world.mail(to='later@example.com')
    good = world.mail()
    world.once(*via(world, '--jobs', 1))

    is_((world.row(nobody).state, world.last(nobody).code,
         world.last(nobody).note), ('failed', 550, 'no such user here'), '550')
    is_((world.row(later).state, world.last(later).code,
         world.last(later).note), ('waiting', 451, 'mailbox busy'), '451')
    is_(world.row(good).state, 'done', 'the next one, on that connection')


@test('while the mail server is down others do not use up their attempts')
def down(world):
    world.exim.stop()
    numbers = [world.mail() for _ in range(20)]
    start = time.monotonic()
    dispatcher = world.start(*via(world, '--jobs', 2))

    # two at once, one after 1 s, one 2 s later
    wait_for('four attempts', lambda: dispatcher.log().count('refused') >= 4)
    ok(time.monotonic() - start >= 3, 'the fourth is not tried at once')

    world.exim.start()
    wait_for('all done', lambda: world.due() or world.one(
        "SELECT count(*) FROM shop.outbox WHERE state = 'done'") == 20)
    arrived(world, 20)
    dispatcher.tell(signal.SIGTERM)
    is_(dispatcher.ended(), 0, 'exit code')
    ok(max(world.row(number).attempt for number in numbers) <= 2, 'attempts')


@test('a slow mail server holds up no longer than the timeout')
def slow(world):
    number = world.mail(to='slow@example.com')
    world.once(*via(world, '--timeout', '1s'))
    is_(world.last(number).note, 'smtp: no end after 1 s', 'a slow answer')
    ok(world.last(number).took.total_seconds() < 10, 'took')

    with socket.create_server(('127.0.0.1', 0)) as silent:
        world.due()
        port = silent.getsockname()[1]
        world.once('--webhooks', 'off', '--timeout', '1s', '--mail',
                   f'smtp://127.0.0.1:{port}?starttls=no')
    has(world.last(number).note, 'smtp: ', 'no greeting')
    is_(len(world.attempts(number)), 2, 'attempts')


@test('a mail server that drips is cut off, too')
def drips(world):
    number = world.mail()

    with socket.create_server(('127.0.0.1', 0)) as server:
        def drip():
            peer, _ = server.accept()
            peer.sendall(b'220 drip\r\n')
            peer.recv(1000)
            try:
                while True:
                    peer.sendall(b'250-X\r\n')
                    gone.wait(0.05)
            except OSError:
                gone.set()

        gone = threading.Event()
        threading.Thread(target=drip, daemon=True).start()
        port = server.getsockname()[1]
        world.once('--webhooks', 'off', '--timeout', '1s', '--mail',
                   f'smtp://127.0.0.1:{port}?starttls=no')
        ok(gone.wait(60), 'the connection is closed')

    is_(world.last(number).note, 'smtp: no end after 1 s', 'the attempt')


@test('names, subjects and addresses cannot add a header or a recipient')
def injection(world):
    names = ['Eve\r\nBcc: eve@example.com', 'Eve\nX-Eve: 1', 'a' * 500,
             'Eve, eve@example.com', '"Eve" <eve@example.com>',
             'Größe, <eve@example.com>, "' + 'ö' * 60, 'ö\r\n\r\nEve',
             'Eve\u2028X-Eve: 1\x00\x85', '=?utf-8?q?=0D=0ABcc:_eve?=',
             '\u202eEve', '', 'Eve\r\n ' * 20 + 'é']
    numbers = {}

    for name in names:
        text = name.replace('\x00', '')
        numbers[world.mail(name=text, subject=text,
                           body=f'.\r\n.\r\nMAIL FROM:<eve@x>\r\n{text}')] \
            = text

    world.once(*via(world))

    for one in arrived(world, len(numbers)):
        number = one['Message-ID'][1:37]
        row = world.row(number)

        is_(sorted(set(one.keys())),
            sorted({'Received', 'From', 'To', 'Subject', 'Date', 'Message-ID',
                    'Auto-Submitted', 'Content-Type', 'MIME-Version',
                    'Content-Transfer-Encoding'}), f'headers of {row.subject}')
        is_([a.addr_spec for a in one['To'].addresses],
            ['buyer@example.com'], f'To of {row.mail_to_name}')
        raw = str(one['To'])
        is_([a for _, a in email.utils.getaddresses([raw])],
            ['buyer@example.com'], f'To of {row.mail_to_name}, read plainly')
        has(one.get_content(), 'MAIL FROM:<eve@x>', 'body')

    bad = ['eve@example.com\r\nRCPT TO:<x@example.com>', 'a b@example.com',
           '-bp', 'a@example.com,b@example.com', '<a@example.com>', 'a@b@c',
           '@example.com', 'a@', 'a@-b', 'größe@example.com', '"a b"@c.d',
           'x' * 65 + '@example.com', 'a@[127.0.0.1]', '|sh@example.com;']
    numbers = [world.mail(to=address) for address in bad]
    world.once(*via(world))

    for number, address in zip(numbers, bad):
        row = world.row(number)
        is_((row.state, world.last(number).note),
            ('failed', 'not an address that mail can be sent to'), address)


@test('killed after the mail was accepted: sent again, the same Message-ID')
def killed(world):
    number = world.mail()

    for ways in via(world), ('--webhooks', 'off', '--mail',
                             f'sendmail:{world.exim.sendmail}'):
        with world.unrecorded():
            dispatcher = world.start(*ways)
            backend = world.recording()
            dispatcher.kill()
            world.one('SELECT pg_terminate_backend(%s, 60000)', backend)

        world.lease_over()

    world.once(*via(world))
    is_(world.row(number).state, 'done', 'the row')
    is_([one['Message-ID'] for one in arrived(world, 3)],
        3 * [f'<{number}@example.com>'], 'Message-IDs')
    ones = {bytes(one.get_payload(decode=True)) for one in world.exim.box()}
    is_(len(ones), 1, 'different bodies')
