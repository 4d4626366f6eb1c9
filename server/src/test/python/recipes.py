"""Asks the tables of a server by DuckDB.

Arguments: the server's address, and a file with statements that are divided by lines of one dash.
Prints the rows of each as a line of JSON.
"""

import importlib.util
import json
import pathlib
import sys

import duckdb

EXTENSIONS = ["httpfs", "avro", "iceberg"]


def load(connection, extension):
    spec = importlib.util.find_spec("duckdb_extension_" + extension)
    directory = pathlib.Path(spec.submodule_search_locations[0])
    (file,) = directory.rglob(extension + ".duckdb_extension")
    connection.load_extension(str(file))


def main(address, statements):
    connection = duckdb.connect()
    connection.execute("SET TimeZone = 'UTC'")
    for extension in EXTENSIONS:
        load(connection, extension)
    connection.execute(
        f"ATTACH 'emberscope' AS emberscope"
        f" (TYPE iceberg, ENDPOINT '{address}/iceberg', AUTHORIZATION_TYPE 'none')"
    )
    connection.execute('USE emberscope."default"')
    for statement in pathlib.Path(statements).read_text().split("\n-\n"):
        rows = connection.execute(statement).fetchall()
        print(json.dumps([[str(value) for value in row] for row in rows]))


main(*sys.argv[1:])
