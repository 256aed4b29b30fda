"""Webhooks: where they may go to, and how they get there."""

import base64
import email.utils
import hashlib
import hmac
import http.client
import ipaddress
import re
import socket
import ssl
import time
import urllib.parse

from common import Deadline, Failure, plain

BODY = 4096         # bytes of an answer that are read

# not for everybody, though ipaddress does not say so everywhere: protocol
# assignments with Teredo, 6to4 and its relays, documentation
SPECIAL = [ipaddress.ip_network(net) for net in (
    '192.0.0.0/24', '192.88.99.0/24', '2001::/23', '2002::/16',
    '3fff::/20')]
UNICAST = ipaddress.ip_network('2000::/3')
NAT64 = ipaddress.ip_network('64:ff9b::/96')


def address_bare(text):
    """The address that is meant: of IPv4 in IPv6, the one inside."""
    address = ipaddress.ip_address(text.partition('%')[0])

    if address.version == 6:
        if address.ipv4_mapped:
            return address.ipv4_mapped
        if address in NAT64:
            return ipaddress.IPv4Address(int(address) & 0xffffffff)

    return address


def address_allowed(text, private):
    address = address_bare(text)

    if any(address in net for net in private):
        return True

    return (address.is_global and not address.is_multicast
            and (address.version == 4 or address in UNICAST)
            and not any(address in net for net in SPECIAL))


def signature(secrets, webhook_id, timestamp, body):
    """Of each secret, the newest first, as Standard Webhooks has it."""
    signed = f'{webhook_id}.{timestamp}.'.encode() + body

    return ' '.join(
        'v1,' + base64.b64encode(hmac.digest(
            base64.b64decode(secret.removeprefix('whsec_')), signed,
            hashlib.sha256)).decode()
        for secret in secrets)


def retry_after(text):
    """Seconds from now, of a number or a date; None if it is neither."""
    if not text:
        return None

    try:
        if re.fullmatch(r'[0-9]{1,9}', text.strip()):
            return int(text)
        when = email.utils.parsedate_to_datetime(text)
        return max(0, int(when.timestamp() - time.time()))
    except (ValueError, OverflowError):
        return None


class Webhooks:
    """Posts to whoever subscribed, whom nobody trusts: addresses are checked
    before they are connected to, redirects are not followed, and neither a
    slow nor a long answer holds us."""

    connected = False

    SCHEMES = {'http': (http.client.HTTPConnection, 80),
               'https': (http.client.HTTPSConnection, 443)}

    def __init__(self, private, timeout):
        self.private = private
        self.timeout = timeout
        self.tls = ssl.create_default_context()

    def send(self, row):
        with Deadline(self.timeout) as deadline:
            try:
                return self.post(row, deadline)
            except (OSError, ValueError, http.client.HTTPException) as error:
                words = deadline.words() if deadline.over else \
                    f'{type(error).__name__}: {error}'
                raise Failure(words)

    def post(self, row, deadline):
        url = urllib.parse.urlsplit(row.url)

        if url.scheme not in self.SCHEMES or not url.hostname \
                or url.username is not None:
            raise Failure('not a URL that webhooks can be sent to')

        connection, port = self.SCHEMES[url.scheme]
        peer = connection(url.hostname, url.port or port)
        body = row.payload.encode()
        now = int(time.time())

        # http.client neither resolves nor connects then
        peer.sock = self.connect(url.scheme, peer.host, peer.port, deadline)

        try:
            peer.request('POST', target(url), body, {
                'Content-Type': row.content_type,
                'User-Agent': 'nginx-order-dispatch',
                'Connection': 'close',
                'webhook-id': str(row.id),
                'webhook-timestamp': str(now),
                'webhook-signature': signature(row.secrets, row.id, now, body),
            })
            response = peer.getresponse()
            deadline.left()
            return self.answer(response)
        finally:
            peer.close()

    def connect(self, scheme, host, port, deadline):
        """To the very address that was checked."""
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        deadline.left()

        for *_, address in found:
            if not address_allowed(address[0], self.private):
                raise Failure(f'{host} is at a private address: refused')

        for family, kind, protocol, _, address in found:
            sock = socket.socket(family, kind, protocol)

            try:
                sock.settimeout(deadline.left() / 2)
                sock.connect(address)
                break
            except OSError as error:
                sock.close()
                failed = error
        else:
            raise failed

        try:
            sock.settimeout(None)
            deadline.watch(sock.fileno())

            if scheme == 'https':
                sock = self.tls.wrap_socket(sock, server_hostname=host)
        except OSError:
            sock.close()
            raise

        return sock

    def answer(self, response):
        """Of a failure also the first of what was said about it."""
        code = response.status
        words = f'{code} {plain(response.reason)}'.strip()

        if 200 <= code <= 299:
            return code, words

        if 300 <= code <= 399:
            raise Failure(f'{words}: redirects are not followed', code)

        try:
            words += f': {plain(response.read1(BODY))}'
        except (OSError, http.client.HTTPException):
            pass

        raise Failure(words, code, retry_after=retry_after(
            response.getheader('Retry-After')))


def host_of(url):
    """What may be logged of a URL."""
    try:
        return urllib.parse.urlsplit(url).hostname
    except ValueError:
        return None


def target(url):
    path = urllib.parse.quote(url.path or '/', safe="/%:@!$&'()*+,;=~")

    if url.query:
        path += '?' + urllib.parse.quote(url.query,
                                         safe="/%:@!$&'()*+,;=~?")
    return path
