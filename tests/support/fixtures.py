"""What tests share: one MariaDB, one MySQL and one PostgreSQL for the whole run (each test takes databases of its own on them), a
folder, and how long to go on."""
import atexit, os, pathlib, shutil, sys

from kafka import Kafka
from postgres import Postgres
from servers import BUILD, Server

FOLDER = BUILD / 'test'
LONG = os.environ.get('MILLRACE_LONG') == '1'
_servers = {}


def scaled(count):
    """The issue's counts hold for --long; otherwise the same code runs a tenth of them."""
    return count if LONG else max(1, count // 10)


def server(kind):
    if kind not in _servers and kind == 'postgres':
        _servers[kind] = Postgres('shared').start()
    if kind not in _servers:
        folder = FOLDER / f'shared-{kind}'
        shutil.rmtree(folder, ignore_errors=True)
        _servers[kind] = Server(kind, folder).start()
    return _servers[kind]


def kafka():
    """One broker for the whole run; tests that hurt theirs start one of their own."""
    if 'kafka' not in _servers:
        _servers['kafka'] = Kafka(FOLDER / 'shared-kafka').start()
    return _servers['kafka']


def stop_all():
    for s in _servers.values():
        s.stop()
    _servers.clear()


atexit.register(stop_all)


def fresh_database(s, name):
    s.sql(f'DROP DATABASE IF EXISTS `{name}`', f'CREATE DATABASE `{name}`')
    return name
