"""The database: models, stores, the writer of captures and search. SQL is here alone.

Gives and takes domain objects, never rows. Bins and readings go through
Flask-SQLAlchemy's session; captures through ``Writer``, which commits many at once.
A capture needs neither Flask nor SQLAlchemy, so nothing is imported here.
"""
