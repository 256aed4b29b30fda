"""The options, of the command line and of a file."""

import argparse
import ipaddress
import re
import urllib.parse

import psycopg
from psycopg.conninfo import conninfo_to_dict

from common import plain

def duration(text):
    match = re.fullmatch(r'(\d+(?:\.\d+)?)(ms|s|m|)', text)

    if not match or not float(match[1]):
        raise argparse.ArgumentTypeError(f'{text} is not a time such as 15s')

    return float(match[1]) * {'ms': 0.001, 'm': 60}.get(match[2], 1)


def count(text):
    if not re.fullmatch(r'[1-9][0-9]{0,2}', text):
        raise argparse.ArgumentTypeError(f'{text} is not between 1 and 999')

    return int(text)


def mail_way(text):
    """"off", the path of sendmail, or the URL of a server."""
    if text == 'off':
        return None

    if text.startswith('sendmail:/'):
        return text.removeprefix('sendmail:')

    try:
        url = urllib.parse.urlsplit(text)
        good = (url.scheme in ('smtp', 'smtps') and url.hostname
                and url.port != 0 and url.path in ('', '/')
                and url.query in ('', 'starttls=yes', 'starttls=no')
                and url.password is None)
    except ValueError:
        good = False

    if not good:
        raise argparse.ArgumentTypeError(
            'neither off, sendmail:/PATH, smtp://HOST:PORT nor '
            'smtps://HOST:PORT; a password is in a file')

    return url


def options_read(words):
    parser = argparse.ArgumentParser(
        prog='dispatch', allow_abbrev=False,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        description='Sends the mail and the webhooks that are due in the '
                    'outbox, until it is told to stop.',
        epilog='A line of FILE is NAME = VALUE, NAME being one of the options '
               'above without\nits dashes; what is given here comes first. '
               'SSL_CERT_FILE in the environment\nnames other certificates '
               'to trust than those of the system.')
    add = parser.add_argument

    add('--config', metavar='FILE', help='more options, one a line')
    add('--db', metavar='CONNINFO', default='user=order_dispatch dbname=shop',
        help='the database, with several hosts if there are; %(default)s')
    add('--mail', metavar='WAY', type=mail_way, default=None,
        help='off, sendmail:/usr/sbin/sendmail, smtps://USER@HOST:PORT or '
             'smtp://USER@HOST:PORT with STARTTLS, without it '
             'smtp://HOST:PORT?starttls=no; off')
    add('--mail-password-file', metavar='FILE',
        help='the password of USER is its first line')
    add('--webhooks', choices=('on', 'off'), default='on',
        help='%(default)s')
    add('--allow-private', metavar='CIDR', nargs='+', action='extend',
        type=ipaddress.ip_network, default=[],
        help='private addresses that webhooks may be sent to; none')
    add('--jobs', metavar='N', type=count, default=8,
        help='so many at once of each kind; %(default)s')
    add('--timeout', metavar='TIME', type=duration, default=15.0,
        help='for one attempt, all in all; 15s')
    add('--once', action='store_true',
        help='leave when nothing is due any more')

    options = parser.parse_args(words)

    if options.config:
        try:
            words = config_words(options.config) + words
        except (OSError, ValueError) as error:
            parser.error(f'{options.config}: {error}')
        options = parser.parse_args(words)

    options.password = None

    try:
        conninfo_to_dict(options.db)
    except psycopg.Error:
        parser.error('--db is not a connection string')

    if options.mail_password_file:
        try:
            with open(options.mail_password_file, encoding='ascii') as file:
                options.password = file.readline().rstrip('\r\n')
        except UnicodeError:
            parser.error('--mail-password-file is not ASCII')
        except OSError as error:
            parser.error(plain(error))

    user = getattr(options.mail, 'username', None)

    if bool(user) != bool(options.password):
        parser.error('--mail with a USER and --mail-password-file go together')
    if user and options.mail.query == 'starttls=no':
        parser.error('a password is not sent without TLS')
    if not options.mail and options.webhooks == 'off':
        parser.error('nothing to do: --mail and --webhooks are off')

    return options


def config_words(path):
    """The options that a file gives, as words."""
    words = []

    with open(path) as file:
        for number, line in enumerate(file, 1):
            line = line.strip()

            if not line or line.startswith('#'):
                continue

            name, equals, value = map(str.strip, line.partition('='))

            if not equals or not value or name in ('config', 'once'):
                raise ValueError(f'line {number} is not NAME = VALUE')

            if name == 'allow-private':
                words += [f'--{name}', *value.split()]
            else:
                words.append(f'--{name}={value}')

    return words
