"""How dispatchers live and end: the database, signals, others beside."""

import os
import signal
import subprocess
import time

from receiver import Gate
from tap import has, is_, ok, test
from webhook_tests import SECRET
from world import DIR, TOP, wait_for


def gate(world):
    """A receiver that waits, and an endpoint for it."""
    gate = Gate()
    world.receiver.answer('/gate', gate)
    return gate, world.endpoint(world.receiver.url('/gate'), SECRET)


def asked(world, count=1):
    wait_for(f'{count} requests', lambda: len(world.receiver.got) >= count)


def database(what):
    subprocess.run(['bash', '-euc', f'. {TOP}/scripts/common.sh; {what}'],
                   check=True, stdout=subprocess.DEVNULL)


def restart(world):
    database(f'pg_stop {DIR}/db immediate')
    database(f'pg_start {DIR}/db "fsync = off" "full_page_writes = off"')
    world.db = world.connect()


@test('killed after the receiver answered: sent again, the same webhook-id')
def killed(world):
    number = world.webhook(world.endpoint(world.receiver.url('/'), SECRET))

    with world.unrecorded():
        dispatcher = world.start(*world.local())
        backend = world.recording()
        dispatcher.kill()
        world.one('SELECT pg_terminate_backend(%s, 60000)', backend)

    is_(world.row(number).state, 'waiting', 'the row')
    world.once(*world.local())
    is_(len(world.receiver.got), 1, 'requests while the lease holds')

    world.lease_over()
    world.due()
    world.once(*world.local())
    first, second = world.receiver.got
    is_(second.headers['webhook-id'], first.headers['webhook-id'], 'id')
    is_(second.body, first.body, 'body')
    is_(world.row(number).state, 'done', 'the row')
    is_([a.good for a in world.attempts(number)], [False, True], 'attempts')


@test('the connection lost while it records: recorded by the next one')
def lost(world):
    number = world.webhook(world.endpoint(world.receiver.url('/'), SECRET))

    with world.unrecorded():
        dispatcher = world.start(*world.local())
        world.one('SELECT pg_terminate_backend(%s, 60000)', world.recording())
        again = world.recording()
        ok(again, 'another connection')

    world.recorded(number, 'done')
    is_(len(world.receiver.got), 1, 'requests')
    is_([a.good for a in world.attempts(number)], [True], 'attempts')
    dispatcher.says('database: back after')


@test('a database that does not answer is left after the timeout')
def frozen(world):
    number = world.webhook(world.endpoint(world.receiver.url('/'), SECRET))

    with world.unrecorded():
        dispatcher = world.start(*world.local('--timeout', '1s'))
        dispatcher.says('database: no end after 1 s')
        is_(dispatcher.process.poll(), None, 'exit code')

    world.recorded(number, 'done')
    is_(len(world.receiver.got), 1, 'requests')


@test('PostgreSQL restarted between sending and recording')
def restarted(world):
    opened, endpoint = gate(world)
    number = world.webhook(endpoint)
    dispatcher = world.start(*world.local())
    asked(world)
    database(f'pg_stop {DIR}/db immediate')
    dispatcher.says('database: ')
    opened.open()
    dispatcher.says(' done')
    database(f'pg_start {DIR}/db "fsync = off" "full_page_writes = off"')
    world.db = world.connect()

    world.recorded(number, 'done')
    dispatcher.says('database: back after')
    after = world.webhook(endpoint)
    world.recorded(after, 'done')
    is_(len(world.receiver.got), 2, 'requests')
    causes = [line for line in dispatcher.log().splitlines()
              if 'database: ' in line]
    is_(len(causes), len({line.split(' ', 1)[1] for line in causes}),
        'lines about the database, each once')


@test('a dispatcher that starts before its database waits for it')
def early(world):
    dispatcher = world.start('--db', f'host={DIR}/none,{DIR}/none2 dbname=x')
    dispatcher.says('database: ')
    dispatcher.tell(signal.SIGTERM)
    is_(dispatcher.ended(), 0, 'exit code')

    world.once('--db', f'host={DIR}/none dbname=shop', code=1)
    number = world.webhook(world.endpoint(world.receiver.url('/'), SECRET))
    world.once(*world.local('--db', f'host={DIR}/none,{DIR}/db dbname=shop '
                            'user=order_dispatch '
                            'target_session_attrs=read-write'))
    is_(world.row(number).state, 'done', 'by the second of two hosts')

    silent = world.receiver.silent.getsockname()[1]
    number = world.webhook(world.endpoint(world.receiver.url('/'), SECRET))
    world.once(*world.local('--db', f'host=127.0.0.1,{DIR}/db dbname=shop '
                            f'port={silent},5432 user=order_dispatch '
                            'connect_timeout=2'))
    is_(world.row(number).state, 'done', 'the first accepts, and is silent')


@test('two dispatchers at once: 500 rows, each sent once')
def two(world):
    running = [world.start(*world.local('--mail', world.exim.plain))
               for _ in range(2)]
    for dispatcher in running:
        dispatcher.says('started')

    for i in range(4):
        world.webhook(world.endpoint(
            f'http://localhost:{world.receiver.http.port}/{i}', SECRET),
            count=100)
    for i in range(100):
        world.mail(to=f'buyer{i}@example.com')
    world.sql('NOTIFY dispatch')

    wait_for('all done', lambda: world.one(
        "SELECT count(*) FROM shop.outbox WHERE state = 'done'") == 500)
    ids = [request.headers['webhook-id']
           for request in world.receiver.http.got]
    is_((len(ids), len(set(ids))), (400, 400), 'requests')
    wait_for('the mails', lambda: len(world.exim.box()) >= 100)
    mails = [one['Message-ID'] for one in world.exim.box()]
    is_((len(mails), len(set(mails))), (100, 100), 'mails')
    is_(world.one('SELECT max(attempt) FROM shop.outbox'), 1, 'attempts')
    is_([d.process.poll() for d in running], [None, None], 'exit codes')
    print('# rows each:', *(d.log().count(' done') for d in running))


@test('SIGTERM: what is in hand is finished and recorded, nothing else begun')
def sigterm(world):
    opened, endpoint = gate(world)
    numbers = world.webhook(endpoint, count=3)
    dispatcher = world.start(*world.local())
    asked(world, 3)
    dispatcher.tell(signal.SIGTERM)
    dispatcher.says('stopping, 3 in hand')
    waiting = world.webhook(endpoint)
    world.sql('NOTIFY dispatch')
    opened.open()
    is_(dispatcher.ended(), 0, 'exit code')
    is_([world.row(number).state for number in numbers], 3 * ['done'],
        'what was in hand')
    is_((world.row(waiting).state, world.row(waiting).attempt),
        ('waiting', 0), 'what came after')
    has(dispatcher.log(), 'stopped', 'log')


@test('SIGTERM while nobody answers: the attempt ends with its timeout')
def sigterm_slow(world):
    opened, endpoint = gate(world)
    number = world.webhook(endpoint)
    dispatcher = world.start(*world.local('--timeout', '2s'))
    asked(world)
    dispatcher.tell(signal.SIGTERM)
    is_(dispatcher.ended(), 0, 'exit code')
    is_((world.row(number).state, world.last(number).note),
        ('waiting', 'no end after 2 s'), 'the row')
    opened.open()


@test('SIGTERM while the database is away: leaves all the same')
def sigterm_away(world):
    opened, endpoint = gate(world)
    world.webhook(endpoint)
    dispatcher = world.start(*world.local('--timeout', '2s'))
    asked(world)
    database(f'pg_stop {DIR}/db immediate')
    opened.open()
    dispatcher.says(' done')
    dispatcher.tell(signal.SIGTERM)
    is_(dispatcher.ended(), 0, 'exit code')
    has(dispatcher.log(), 'what is missing is sent again', 'log')
    restart(world)


@test('an endpoint that hangs does not hold up the others, nor the mail')
def others(world):
    opened, hanging = gate(world)
    world.webhook(hanging, count=40)
    dispatcher = world.start(*world.local(
        '--jobs', 4, '--timeout', '1s', '--mail', world.exim.plain))
    asked(world, 4)
    mail = world.mail()
    number = world.webhook(
        world.endpoint(world.receiver.url('/good'), SECRET))
    world.recorded(mail, 'done')
    world.recorded(number, 'done')
    ok(world.one("""SELECT count(*) FROM shop.outbox
                     WHERE endpoint_id = %s AND attempt = 0""", hanging) > 0,
       'the one that hangs is not through yet')
    opened.open()
    dispatcher.tell(signal.SIGTERM)
    is_(dispatcher.ended(), 0, 'exit code')


@test('options come from a file, too')
def config(world):
    path = f'{DIR}/dispatch.conf'

    with open(path, 'w') as file:
        file.write(f'# options\n\ndb = host={DIR}/db dbname=shop '
                   'user=order_dispatch\nallow-private = 127.0.0.0/8 ::1\n'
                   f'mail = {world.exim.plain}\ntimeout=5s\njobs = 2\n')

    mail = world.mail()
    number = world.webhook(world.endpoint(world.receiver.url('/'), SECRET))
    world.once('--config', path)
    is_((world.row(mail).state, world.row(number).state), ('done', 'done'),
        'rows')

    for line, words in (('once = 1', 'is not NAME = VALUE'),
                        ('jobs', 'is not NAME = VALUE'),
                        ('colour = red', 'unrecognized arguments'),
                        ('timeout = soon', 'not a time')):
        with open(path, 'w') as file:
            file.write(line + '\n')
        dispatcher = world.start('--config', path)
        is_(dispatcher.ended(), 2, f'exit code of {line}')
        has(dispatcher.log(), words, line)

    for words in ('--mail', 'smtp://user:secret@host'), \
                 ('--mail', 'smtp://user@host'), \
                 ('--webhooks', 'off'), ('--allow-private', 'home'), \
                 ('--config', f'{DIR}/none'), ('--db', 'nonsense'):
        dispatcher = world.start(*words)
        is_(dispatcher.ended(), 2, f'exit code of {words}')
        ok('secret' not in dispatcher.log(), 'no password in the log')


@test('who has nothing to do costs next to nothing')
def idle(world):
    dispatcher = world.start(*world.local('--mail', world.exim.plain))
    dispatcher.says('started')
    time.sleep(1)
    before = cpu(dispatcher)
    time.sleep(4)
    used = (cpu(dispatcher) - before) / 4
    print(f'# {1000 * used:.1f} ms of CPU a second')
    ok(used < 0.1, f'{used:.3f} s of CPU a second')


def cpu(dispatcher):
    with open(f'/proc/{dispatcher.process.pid}/stat') as file:
        fields = file.read().rpartition(')')[2].split()

    return (int(fields[11]) + int(fields[12])) / os.sysconf('SC_CLK_TCK')
