"""Reads a store by nothing but what tidings-store(5) says, and compares it with what is in there.

store_format.py PAGE HOME FACTS: the page's source, a store that nobody has open, and a file of JSON
with what was told of it: {"notifications": [...], "counts": {user: {...}}, "attempt": {...}}.
"""
import hashlib
import json
import re
import subprocess
import sys
import uuid

page, home, facts = open(sys.argv[1]).read(), sys.argv[2], json.load(open(sys.argv[3]))


def section(title):
    return re.search(rf'^\.S[hs] {title}\n(.*?)^\.S[hs] ', page, re.M | re.S)[1]


def rows_of(text):
    return [re.split(r' ?Ta ', row) for row in re.findall(r'^\.It (.*)$', text, re.M)]


def layout(title):
    """The fields of a value: offset or None, size, what it is."""
    return [(int(offset) if offset else None, size, what) for offset, size, what in rows_of(section(title))[1:]]


def take(value, at, size):
    """One field from its place; returns it and the place behind it."""
    match = re.fullmatch(r'(\d) \+ n', size)
    if match:
        at, n = at + int(match[1]), int.from_bytes(value[at:at + int(match[1])], 'big')
    else:
        n = int(size)
    assert at + n <= len(value), f'{value.hex()} ends before {at} + {n}'
    return value[at:at + n], at + n


def decode(title, value):
    """By the words that each field begins with. What may be repeated must not be there."""
    fields, at = {}, 0
    for offset, size, what in layout(title):
        assert offset in (None, at), f'{title}: {what} is at {at}, not {offset}'
        field, at = take(value, at, size)
        fields[re.split(r'[:,=]| of the | when | that | so | at which ', what)[0].strip()] = field
        if what.endswith('each:'):
            assert field == b'\0', 'bulk operations are pending'
            break
    assert at == len(value), f'{title}: {len(value)} bytes, not {at}'
    return fields


def number(field):
    return int.from_bytes(field, 'big')


def dump(table):
    text = subprocess.run(['db5.3_dump', f'{home}/data/{table}.db'], check=True, capture_output=True, text=True).stdout
    lines = [bytes.fromhex(line) for line in re.findall(r'^ ([0-9a-f]*)$', text, re.M)]
    return dict(zip(lines[::2], lines[1::2]))


def milliseconds(time):
    seconds = subprocess.run(['date', '-d', time, '+%s%3N'], check=True, capture_output=True, text=True).stdout
    return int(seconds)


def check_notification(key, value, told):
    fields = decode('A notification', value)
    owner = told.get('userId', '').encode()
    assert key == owner + b'\0' + uuid.UUID(told['id']).bytes, key
    assert number(fields['created']) == milliseconds(told['createdAt'])
    assert (number(fields['read']) > 0) == (told['read'] and 'broadcast' not in told)
    assert number(fields['expires']) == (milliseconds(told['expiresAt']) if 'expiresAt' in told else 0)
    assert fields['category'].decode() == told.get('category', '')
    kinds = dict(re.findall(r'(\d) (\w+)', next(what for _, _, what in layout('A notification') if what.startswith('type'))))
    assert kinds[str(number(fields['type']))] == told['type']
    content = json.loads(b'{' + fields['content'] + b'}')
    assert content == {name: told[name] for name in content} and {'title', 'message'} <= content.keys()


tables = {name: dump(name) for name, *_ in rows_of(section('TABLES').split('.El')[0])[1:]}
files = subprocess.run(['ls', f'{home}/data'], check=True, capture_output=True, text=True).stdout.split()
assert sorted(files) == sorted(f'{name}.db' for name in tables), files

own = [one for one in facts['notifications'] if 'userId' in one]
everybodys = [one for one in facts['notifications'] if 'broadcast' in one]
assert own and everybodys
for name, told in ('notifications', own), ('broadcasts', everybodys):
    assert len(tables[name]) == len(told), name
    for (key, value), one in zip(tables[name].items(), sorted(told, key=lambda one: (one.get('userId'), one['id']))):
        check_notification(key, value, one)
unread = [one['userId'].encode() + b'\0' + uuid.UUID(one['id']).bytes for one in own if not one['read']]
assert sorted(tables['unread']) == sorted(unread)

for user, counts in facts['counts'].items():
    fields = decode('A user', tables['users'][user.encode() + b'\0'])
    kept = [number(fields[name]) for name in ('seq', 'total', 'unread')]
    assert kept == [counts[name] for name in ('seq', 'total', 'unreadCount')], f'{user}: {kept}, not {counts}'
    ring = {key: value for key, value in tables['changes'].items() if key.startswith(user.encode() + b'\0')}
    for key, record in ring.items():
        kind, seq, *_, owner, ids = record.decode().split(' ')
        assert key[-1] == int(seq) % 100 and owner == f'{len(user)}:{user}' and kind in section('THE LOG'), record

[(key, value)] = tables['marks'].items()
mark = decode('A mark', value)
assert key[-16:] == uuid.UUID(everybodys[0]['id']).bytes and number(mark['read']) and not number(mark['1'])

[(key, value)] = tables['attempts'].items()
attempt = decode('An attempt', value)
asked = facts['attempt']
assert key == asked['publisher'].encode() + b'\0' + hashlib.sha256(f"{asked['path']}\0{asked['key']}".encode()).digest()
assert attempt['SHA-256'] == hashlib.sha256(asked['body'].encode()).digest()
assert attempt['id'] == uuid.UUID(asked['id']).bytes

kinds = sorted(key[8] for key in tables['due'])
assert kinds == [0, 2], kinds
[(key, value)] = tables['revoked'].items()
assert key == b'revoked\0' and abs(number(value) - facts['now']) < 3600
names = [row[0] for row in rows_of(section('What is in meta'))]
assert {key.decode() for key in tables['meta']} <= set(names)
assert tables['meta'][b'schema'] == re.search(r'Ql (\d)', section('What is in meta'))[1].encode()
print('read')
