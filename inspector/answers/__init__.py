"""Answer rules: which answer a bin gives to which request, in which turn.

Pure: requests and rules in, answers out. Turns are counted by the database, responses
are written to sockets by the server.
"""
